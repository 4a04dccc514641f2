"""/leads/loss_reasons."""

from kommo_sync.sandbox.account.records import LossReason
from kommo_sync.sandbox.api.answers import Item, written
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    string,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws
from kommo_sync.sandbox.wire.listing import Collection, answer_page, by_id
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    missing,
    not_found,
)

RULES: dict[str, Check] = {
    "name": string,
    "sort": whole_or_null,
    "request_id": anything,
}

COLLECTION = Collection(
    name="loss_reasons",
    rows=lambda state: state.data.loss_reasons.values(),
    default=(by_id, False),
    totals=True,
)


def _render(call: Call, reason: LossReason) -> Item:
    return {
        "id": reason.id,
        "name": reason.name,
        "sort": reason.sort,
        "created_at": reason.created_at,
        "updated_at": reason.updated_at,
        "_links": call.self_link(f"leads/loss_reasons/{reason.id}"),
    }


def list_reasons(call: Call) -> Item:
    """GET /leads/loss_reasons."""
    _need_enabled(call)
    return answer_page(call, COLLECTION, _render)


def _need_enabled(call: Call) -> None:
    if not call.state.data.account.is_loss_reason_enabled:
        raise Problem(422, "Loss reasons are disabled in this account")


def get_reason(call: Call, reason_id: int) -> Item:
    """GET /leads/loss_reasons/{id}."""
    reason = call.state.data.loss_reasons.get(reason_id)
    if reason is None:
        raise EmptyAnswer
    return _render(call, reason)


def create_reasons(call: Call) -> Item:
    """POST /leads/loss_reasons."""
    call.need_admin()
    _need_enabled(call)
    items = call.items()
    refuse_flaws(items, [_flaws(call, item) for item in items])
    made = []
    for item in items:
        number = call.state.next_id("loss_reasons")
        reason = LossReason(
            id=number,
            name=item["name"],
            sort=item.get("sort") or number,
            created_at=call.writer.now,
            updated_at=call.writer.now,
        )
        call.state.data.loss_reasons[number] = reason
        call.writer.created("loss_reasons", reason)
        made.append(_render(call, reason))
    return written(call, "loss_reasons", items, made, "leads/loss_reasons")


def _flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = [] if item.get("name") else [missing("name")]
    return flaws or check_item(item, RULES, call.state)


def patch_reason(call: Call, reason_id: int) -> Item:
    """PATCH /leads/loss_reasons/{id}: only the official SDK shows that there is one."""
    call.need_admin()
    reason, item = call.state.data.loss_reasons.get(reason_id), call.item()
    if reason is None:
        raise not_found(f"Loss reason {reason_id} not found")
    refuse_flaws([item], [check_item(item, RULES, call.state)])
    for name in ("name", "sort"):
        if item.get(name):
            call.writer.assign("loss_reasons", reason, name, item[name])
    reason.updated_at = call.writer.now
    return _render(call, reason)


def delete_reason(call: Call, reason_id: int) -> None:
    """DELETE /leads/loss_reasons/{id}: 204."""
    call.need_admin()
    reason = call.state.data.loss_reasons.pop(reason_id, None)
    if reason is None:
        raise not_found(f"Loss reason {reason_id} not found")
    call.writer.log("loss_reasons", reason_id, "deleted", reason.name, None)
    raise EmptyAnswer


ROUTES = [
    ("GET", "/leads/loss_reasons", list_reasons),
    ("POST", "/leads/loss_reasons", create_reasons),
    ("GET", "/leads/loss_reasons/<int:reason_id>", get_reason),
    ("PATCH", "/leads/loss_reasons/<int:reason_id>", patch_reason),
    ("DELETE", "/leads/loss_reasons/<int:reason_id>", delete_reason),
]
