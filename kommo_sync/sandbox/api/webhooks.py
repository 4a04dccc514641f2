"""/webhooks: who is told what. For administrators only."""

from typing import Any
from urllib.parse import urlsplit

from kommo_sync.sandbox.account.records import Webhook
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.hooks.body import CODES
from kommo_sync.sandbox.hooks.outbox import drop_deliveries
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    array,
    check_item,
    required,
    string,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.listing import Collection, answer_page, by_id, text_of
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    flaw,
    missing,
    not_found,
    not_supported,
    validation_failed,
    wrong_type,
)

MOST_WEBHOOKS = 100
RULES: dict[str, Check] = {
    "destination": string,
    "settings": array,
    "sort": whole_or_null,
    "request_id": anything,
}
COLLECTION = Collection(
    name="webhooks",
    rows=lambda state: state.data.webhooks.values(),
    filters={"destination": text_of("destination")},
    default=(by_id, False),
    totals=True,
)


def render_webhook(call: Call, hook: Webhook) -> Item:
    """Return a subscription as lists and answers to writes show it."""
    return {
        "id": hook.id,
        "destination": hook.destination,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "account_id": call.state.data.account.id,
        "created_by": hook.created_by,
        "sort": hook.sort,
        "disabled": hook.disabled,
        "settings": hook.settings,
        "_links": call.self_link("webhooks"),
    }


def list_webhooks(call: Call) -> Item:
    """GET /webhooks."""
    call.need_admin()
    return answer_page(call, COLLECTION, render_webhook)


def subscribe(call: Call) -> tuple[Item, int]:
    """POST /webhooks: the same destination again changes what it is told."""
    call.need_admin()
    if not call.state.data.account.webhooks_in_plan:
        # No source tells the answer; 402 is what a lacking feature gives elsewhere.
        raise Problem(402, "Webhooks are not included in the account's plan")
    item = call.item()
    flaws = _flaws(call, item)
    if flaws:
        raise validation_failed([(None, flaws)])
    hook = _find(call, item["destination"])
    hook = _subscribed(call, item) if hook is None else _changed(call, hook, item)
    body = render_webhook(call, hook)
    if call.state.choices.webhook_settings_shape == "object":
        body["settings"] = dict.fromkeys(hook.settings, 1)
    return body, call.state.choices.created_status_webhooks


def unsubscribe(call: Call) -> None:
    """DELETE /webhooks: 204, the subscription is gone for good."""
    call.need_admin()
    item = call.item()
    flaws = required(item, ("destination",))
    if flaws:
        raise validation_failed([(None, flaws)])
    hook = _find(call, item["destination"])
    if hook is None:
        raise not_found("Webhook not found")
    del call.state.data.webhooks[hook.id]
    call.writer.log("webhooks", hook.id, "deleted", hook.destination, None)
    drop_deliveries(call.state, hook.id)
    raise EmptyAnswer


def _find(call: Call, destination: Any) -> Webhook | None:
    hooks = call.state.data.webhooks.values()
    return next((hook for hook in hooks if hook.destination == destination), None)


def _flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = required(item, ("destination", "settings"))
    flaws = flaws or check_item(item, RULES, call.state)
    if flaws:
        return flaws
    needs_path = call.state.choices.webhook_needs_path
    if not _is_address(item["destination"], needs_path=needs_path):
        flaws.append(flaw("InvalidUrl", "destination", "Invalid URL"))
    if not item["settings"]:
        flaws.append(missing("settings"))
    strict = call.state.choices.webhook_unknown_code == "refuse"
    for index, code in enumerate(item["settings"]):
        path = f"settings.{index}"
        if not isinstance(code, str):
            flaws.append(wrong_type(path, "string"))
        elif strict and code not in CODES:
            flaws.append(not_supported(path))
    return flaws


def _is_address(text: str, *, needs_path: bool) -> bool:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return False
    blank = any(character.isspace() for character in text)
    if not known or not parts.hostname or blank:
        return False
    return parts.path.startswith("/") or not needs_path


def _subscribed(call: Call, item: Item) -> Webhook:
    state, now = call.state, call.writer.now
    if len(state.data.webhooks) >= MOST_WEBHOOKS:
        raise Problem(400, f"Too many webhooks: at most {MOST_WEBHOOKS} per account.")
    hook = Webhook(
        id=state.next_id("webhooks"),
        destination=item["destination"],
        settings=list(dict.fromkeys(item["settings"])),
        created_by=call.user.id,
        created_at=now,
        updated_at=now,
        integration=call.grant.client_id,
    )
    hook.sort = hook.sort if item.get("sort") is None else item["sort"]
    state.data.webhooks[hook.id] = hook
    call.writer.created("webhooks", hook)
    return hook


def _changed(call: Call, hook: Webhook, item: Item) -> Webhook:
    """Take the new settings over; a webhook that was disabled stays so."""
    merge = call.state.choices.webhook_settings_on_repost == "merge"
    codes = [*(hook.settings if merge else ()), *item["settings"]]
    call.writer.assign("webhooks", hook, "settings", list(dict.fromkeys(codes)))
    if item.get("sort") is not None:
        call.writer.assign("webhooks", hook, "sort", item["sort"])
    hook.updated_at = call.writer.now
    return hook


ROUTES = [
    ("GET", "/webhooks", list_webhooks),
    ("POST", "/webhooks", subscribe),
    ("DELETE", "/webhooks", unsubscribe),
]
