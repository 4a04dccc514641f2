"""/leads/complex: leads created together with contact and company."""

from kommo_sync.sandbox.rules.arrivals import arrive_whole, complex_flaws, metadata_of
from kommo_sync.sandbox.rules.bundles import create_bundle
from kommo_sync.sandbox.rules.cards import Item
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.problems import Problem

MAX_LEADS = 50


def create_complex(call: Call) -> list[Item]:
    """POST /leads/complex: a bare array; one contact and one company a lead."""
    items = call.items()
    if len(items) > MAX_LEADS:
        raise Problem(400, f"Too many leads: {len(items)}, at most {MAX_LEADS}.")
    refuse_flaws(items, [complex_flaws(call, item) for item in items])
    return [
        _create(call, item, request_id)
        for item, request_id in zip(items, request_ids(items), strict=True)
    ]


def _create(call: Call, item: Item, request_id: str) -> Item:
    metadata = metadata_of(item)
    if metadata is None:
        lead, ids = create_bundle(call, item)
    else:
        lead, ids = arrive_whole(call, item, metadata)
    return {
        "id": lead.id,
        "contact_id": ids["contacts"],
        "company_id": ids["companies"],
        "request_id": [request_id],
        "merged": False,
    }


ROUTES = [("POST", "/leads/complex", create_complex)]
