"""Incoming leads: what may be sent, how one enters, and whether it still waits."""

import hashlib
from typing import Any

from kommo_sync.sandbox.account.records import Lead, Pipeline, Unsorted
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.rules.bundles import (
    bundle_flaws,
    create_bundle,
    crowded,
    only_entry,
    part_flaws,
    under,
)
from kommo_sync.sandbox.rules.cards import Item, flaws_of
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    mapping,
    string_or_null,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.rules.deals import LEADS
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Flaw, missing, not_supported, wrong_type

BY_API = ("forms", "sip")
UID_LENGTH = 60
RULES: dict[str, Check] = {
    "source_name": string_or_null,
    "source_uid": string_or_null,
    "pipeline_id": whole_or_null,
    "created_at": whole,
    "metadata": mapping,
    "_embedded": mapping,
    "request_id": anything,
}


def arrival_flaws(call: Call, item: Item) -> list[Flaw]:
    """Return everything that speaks against an item of POST /leads/unsorted/…."""
    flaws = check_item(item, RULES, call.state)
    if flaws:
        return flaws
    if not item.get("metadata"):
        flaws.append(missing("metadata"))
    if _pipeline(call.state, item) is None:
        flaws.append(not_supported("pipeline_id"))
    embedded = item.get("_embedded") or {}
    lead = only_entry(embedded, "leads")
    if isinstance(lead, dict):
        own = flaws_of(call, LEADS, _lead_item(lead), None) + crowded(lead)
        flaws += under("_embedded.leads.0", own)
    else:
        flaws += lead
    return flaws + part_flaws(call, embedded)


def _lead_item(sent: Item) -> Item:
    """Return the lead without its stage, which is not the sender's to choose."""
    stage = ("status_id", "pipeline_id", "loss_reason_id")
    return {key: value for key, value in sent.items() if key not in stage}


def _pipeline(state: State, item: Item) -> Pipeline | None:
    pipeline_id = item.get("pipeline_id")
    if pipeline_id is None:
        return state.main_pipeline()
    return state.data.pipelines.get(pipeline_id)


def arrive(call: Call, category: str, item: Item) -> Unsorted:
    """Let an incoming lead enter; the item was found without flaws."""
    embedded = item.get("_embedded") or {}
    sent: Item = next(iter(embedded.get("leads") or []), {})
    own = sent.get("_embedded") or {}
    parts = {kind: embedded.get(kind) for kind in ("contacts", "companies")}
    lead = {**_lead_item(sent), "_embedded": {**own, **parts}}
    if "created_at" in item:
        lead = {"created_at": item["created_at"], **lead}
    entry, _ = _enter(call, category, {**item, "lead": lead})
    return entry


def complex_flaws(call: Call, item: Item) -> list[Flaw]:
    """Return everything that speaks against an item of POST /leads/complex."""
    flaws = bundle_flaws(call, item)
    metadata = metadata_of(item)
    if metadata is None:
        return flaws
    path = "_embedded.metadata"
    if not isinstance(metadata, dict):
        return [*flaws, wrong_type(path, "array")]
    if metadata.get("category") not in BY_API:
        flaws.append(not_supported(f"{path}.category"))
    return flaws


def metadata_of(item: Item) -> Any:
    """Return `_embedded.metadata` of a complex item: it makes the lead incoming."""
    embedded = item.get("_embedded")
    return embedded.get("metadata") if isinstance(embedded, dict) else None


def arrive_whole(
    call: Call, item: Item, metadata: dict[str, Any]
) -> tuple[Lead, dict[str, int | None]]:
    """Let a complex item enter as an incoming lead; returns what create_bundle does."""
    about = {key: value for key, value in metadata.items() if key != "category"}
    facts = {
        "source_name": about.get("source_name"),
        "source_uid": about.get("source_uid"),
        "pipeline_id": item.get("pipeline_id"),
        "created_at": item.get("created_at", call.writer.now),
        "metadata": about,
        "lead": _lead_item(item),
    }
    entry, ids = _enter(call, metadata["category"], facts)
    return call.state.data.leads[entry.lead_id], ids


def _enter(
    call: Call, category: str, facts: Item
) -> tuple[Unsorted, dict[str, int | None]]:
    state, writer = call.state, call.writer
    pipeline = _pipeline(state, facts) or state.main_pipeline()
    stage = {"pipeline_id": pipeline.id, "status_id": pipeline.incoming().id}
    lead, ids = create_bundle(call, {**facts["lead"], **stage}, unsorted=True)
    source_uid = facts.get("source_uid")
    entry = Unsorted(
        uid=_uid(state),
        source_uid=None if source_uid is None else str(source_uid),
        source_name=str(facts.get("source_name") or ""),
        category=category,
        pipeline_id=pipeline.id,
        created_at=facts.get("created_at", writer.now),
        metadata=dict(facts["metadata"]),
        lead_id=lead.id,
        contact_ids=[i for i in (ids["contacts"],) if i],
        company_ids=[i for i in (ids["companies"],) if i],
    )
    state.data.unsorted[entry.uid] = entry
    writer.log("unsorted", entry.uid, "created", None, lead.id)
    writer.signal("add_unsorted", "unsorted", entry.uid)
    return entry, ids


def _uid(state: State) -> str:
    """Return a fresh uid; measured: an equal `source_uid` does not make two one."""
    number = state.next_id("unsorted")
    text = f"{state.data.account.id}:{number}"
    return hashlib.sha256(text.encode()).hexdigest()[:UID_LENGTH]


def standing(state: State, entry: Unsorted) -> str:
    """Return `open`, `accepted` or `declined`.

    People may also drag the lead into another stage, or throw it away.
    """
    if entry.state != "open":
        return entry.state
    lead = state.data.leads.get(entry.lead_id)
    if lead is None:
        return "declined"
    pipeline = state.data.pipelines[lead.pipeline_id]
    return "open" if lead.status_id == pipeline.incoming().id else "accepted"
