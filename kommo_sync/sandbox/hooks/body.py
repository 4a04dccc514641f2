"""Webhook bodies: which events there are, and how one is spelled in PHP brackets."""

from typing import Any

from kommo_sync.sandbox.account.records import ELEMENT_TYPES
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.wire.brackets import encode, pairs_of, parse

Item = dict[str, Any]

# https://developers.kommo.com/docs/webhook-events; codes for incoming leads are told
# nowhere, though the interface offers these three events.
ACTIONS = {
    "lead": "add update delete restore status responsible note",
    "contact": "add update delete restore responsible note",
    "company": "add update delete restore responsible note",
    "customer": "add update delete responsible note",
    "task": "add update delete responsible",
    "talk": "add update",
    "message": "add",
    "chat_template_review": "add",
    "unsorted": "add update delete",
}
CODES = frozenset(
    f"{action}_{entity}" for entity, text in ACTIONS.items() for action in text.split()
)
"""What a subscription may ask for."""
# Companies come under `contacts`, and only `type` tells them apart.
TOP_KEYS = {
    "lead": "leads",
    "contact": "contacts",
    "company": "contacts",
    "customer": "customers",
}
COMPANY = str(ELEMENT_TYPES["companies"])


def split_code(code: str) -> tuple[str, str]:
    """Return (action, entity) of an event code: ("add", "lead") of "add_lead"."""
    action, _, entity = code.partition("_")
    return action, entity


def write_body(state: State, code: str, items: list[Item]) -> str:
    """Return the form body that tells these items of one event."""
    action, entity = split_code(code)
    account = state.data.account
    tail = {
        "id": account.id,
        "subdomain": account.subdomain,
        "_links": {"self": f"https://{account.subdomain}.{account.domain}"},
    }
    top = TOP_KEYS.get(entity, entity)
    return encode({top: {action: items}, "account": tail})


def codes_in(body: str) -> list[str]:
    """Return the event codes that a form body tells of, read back from the body."""
    entities = {top: entity for entity, top in TOP_KEYS.items() if entity != "company"}
    codes = []
    for top, actions in parse(pairs_of(body)).items():
        if top == "account" or not isinstance(actions, dict):
            continue
        for action, items in actions.items():
            company = top == "contacts" and _tells_of_company(items)
            entity = "company" if company else entities.get(top, top)
            codes.append(f"{action}_{entity}")
    return codes


def _tells_of_company(items: Any) -> bool:
    first = items["0"]
    if "note" in first:
        return bool(first["note"].get("element_type") == COMPANY)
    return bool(first.get("type") == "company")
