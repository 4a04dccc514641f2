"""Rules of a lead's life: price, stage, closing, loss reason."""

from typing import Any

from kommo_sync.sandbox.account.records import LOST, WON, Lead, Pipeline
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.cards import COMMON_RULES, Item, Shop, put
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    number_or_null,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Flaw, not_supported, rule_broken

MAX_PRICE = 10**13
"""Major units; beyond, hundredths are not exact in a JSON number."""


def _amount(value: Any, path: str) -> list[Flaw]:
    flaws = number_or_null(value, path)
    return flaws or ([not_supported(path)] if abs(value or 0) > MAX_PRICE else [])


RULES: dict[str, Check] = {
    **COMMON_RULES,
    "price": _amount,
    "status_id": whole_or_null,
    "pipeline_id": whole_or_null,
    "loss_reason_id": whole_or_null,
    "closed_at": whole_or_null,
    "visitor_uid": anything,
}


def _build(call: Call, lead_id: int) -> Lead:
    pipeline = call.state.main_pipeline()
    return Lead(
        id=lead_id,
        name=f"Lead #{lead_id}" if call.state.choices.lead_gets_a_name else "",
        pipeline_id=pipeline.id,
        status_id=pipeline.ordinary()[0].id,
    )


def _check(call: Call, item: Item, lead: Lead | None) -> list[Flaw]:
    flaws: list[Flaw] = []
    target = _target(call.state, item, lead)
    if target is None:
        return [not_supported("pipeline_id")]
    pipeline, status_id = target
    status = pipeline.status(status_id)
    allowed = call.state.choices.incoming_stage_can_be_set or lead is None
    if status is None or (status.type == 1 and "status_id" in item and not allowed):
        flaws.append(not_supported("status_id"))
    if item.get("loss_reason_id"):
        flaws += _check_loss_reason(call, item, lead, status_id)
    return flaws


def _check_loss_reason(
    call: Call, item: Item, lead: Lead | None, status_id: int
) -> list[Flaw]:
    if status_id != LOST:
        key = str(lead.id) if lead else str(item.get("request_id", 0))
        raise rule_broken({key: "Loss reason can be specified only for lost lead"})
    known = item["loss_reason_id"] in call.state.data.loss_reasons
    return [] if known else [not_supported("loss_reason_id")]


def _target(state: State, item: Item, lead: Lead | None) -> tuple[Pipeline, int] | None:
    """Return (pipeline, stage id) in which the item would leave the lead."""
    pipeline_id = item.get("pipeline_id") or (lead.pipeline_id if lead else None)
    if pipeline_id is None:
        pipeline = _pipeline_of_stage(state, item.get("status_id"))
    else:
        found = state.data.pipelines.get(pipeline_id)
        if found is None:
            return None
        pipeline = found
    status_id = item.get("status_id")
    if status_id is not None:
        return pipeline, status_id
    if lead is not None and lead.pipeline_id == pipeline.id:
        return pipeline, lead.status_id
    if lead is not None and not state.choices.pipeline_alone_moves_to_first_stage:
        return None
    return pipeline, pipeline.ordinary()[0].id


def _pipeline_of_stage(state: State, status_id: int | None) -> Pipeline:
    main = state.main_pipeline()
    if status_id in (None, WON, LOST) or main.status(status_id or 0):
        return main
    pipelines = state.data.pipelines.values()
    return next((p for p in pipelines if p.status(status_id or 0)), main)


def hundredths(price: Any) -> int:
    """Return an amount of major units as whole hundredths; null is 0."""
    return round(float(price or 0) * 100)


def whole_price(state: State, price: int) -> int:
    """Return the `price` of an amount in hundredths."""
    if state.choices.price_fraction == "round":
        return (abs(price) + 50) // 100 * (1 if price >= 0 else -1)
    return int(price / 100)


def _write(writer: Writer, lead: Lead, item: Item, new: bool) -> bool:
    changed = False
    if "price" in item:
        changed |= _write_price(writer, lead, hundredths(item["price"]), new=new)
    target = _target(writer.state, item, lead if not new else None)
    if target is not None:
        pipeline, status_id = target
        changed |= move(writer, lead, pipeline.id, status_id, new=new)
    if "loss_reason_id" in item and lead.status_id == LOST:
        reason = item["loss_reason_id"] or None
        changed |= put(writer, lead, "loss_reason_id", reason, new=new)
    if "closed_at" in item:
        changed |= put(writer, lead, "closed_at", item["closed_at"], new=new)
    return changed


def _write_price(writer: Writer, lead: Lead, price: int, *, new: bool) -> bool:
    before = lead.price
    changed = put(writer, lead, "price", price, new=new)
    if changed:
        old, now = (whole_price(writer.state, amount) for amount in (before, price))
        sides = ("sale_field_value", old), ("sale_field_value", now)
        writer.event("sale_field_changed", "leads", lead.id, *sides)
    return changed


def move(
    writer: Writer, lead: Lead, pipeline_id: int, status_id: int, *, new: bool = False
) -> bool:
    """Put the lead into a stage; closing and reopening follow. Tells if it moved."""
    old = (lead.pipeline_id, lead.status_id)
    if old == (pipeline_id, status_id) and not new:
        return False
    put(writer, lead, "pipeline_id", pipeline_id, new=new)
    put(writer, lead, "status_id", status_id, new=new)
    _close_or_reopen(writer, lead, new=new)
    if not new:
        before = ("lead_status", old[1], old[0])
        after = ("lead_status", status_id, pipeline_id)
        writer.event("lead_status_changed", "leads", lead.id, before, after)
        writer.signal(
            "status_lead",
            "leads",
            lead.id,
            old_status_id=old[1],
            old_pipeline_id=old[0],
        )
    return True


def _close_or_reopen(writer: Writer, lead: Lead, *, new: bool) -> None:
    if lead.status_id in (WON, LOST):
        put(writer, lead, "closed_at", writer.now, new=new)
    elif writer.state.choices.reopening_clears_closed_at:
        put(writer, lead, "closed_at", None, new=new)
    if lead.status_id != LOST:
        put(writer, lead, "loss_reason_id", None, new=new)


LEADS = Shop(
    kind="leads",
    rules=RULES,
    check=_check,
    build=_build,
    write=_write,
    linkable=("contacts", "companies"),
)
