"""Actions of the control route: people in the interface, and the account itself."""

from collections.abc import Callable
from typing import Any

import httpx

from kommo_sync.sandbox.account.grants import Grant
from kommo_sync.sandbox.account.records import MAIN_KINDS
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.engine import Engine
from kommo_sync.sandbox.oauth.tokens import administrator, ours, uninstall_signature
from kommo_sync.sandbox.rules.cards import flaws_of, patch_card
from kommo_sync.sandbox.rules.deals import LEADS
from kommo_sync.sandbox.rules.humans import (
    chat,
    delete_task,
    record_call,
    restore_card,
    trash_card,
)
from kommo_sync.sandbox.rules.merging import merge_cards
from kommo_sync.sandbox.rules.people import COMPANIES, CONTACTS
from kommo_sync.sandbox.rules.todos import change_task
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Problem

Sent = dict[str, Any]
SHOPS = {"leads": LEADS, "contacts": CONTACTS, "companies": COMPANIES}


class BadAction(ValueError):
    """An action that cannot be done as asked."""


def _whole(sent: Sent, name: str) -> int:
    value = sent.get(name)
    if not isinstance(value, int):
        raise BadAction(f"{name}={value!r} must be a whole number.")
    return value


def _kind(sent: Sent) -> str:
    kind = sent.get("entity")
    if kind not in MAIN_KINDS:
        raise BadAction(f"entity={kind!r} must be one of: {', '.join(MAIN_KINDS)}.")
    return str(kind)


def _writer(engine: Engine, sent: Sent) -> Writer:
    """Return a writer in the name of `user_id`, the administrator if absent."""
    user_id = _whole({"user_id": administrator(engine.state).id, **sent}, "user_id")
    if user_id not in engine.state.data.users:
        raise BadAction(f"There is no user {user_id} in the account.")
    return engine.writer(engine.human(user_id))


def _trash(engine: Engine, sent: Sent) -> None:
    writer = _writer(engine, sent)
    trash_card(writer, _kind(sent), _whole(sent, "id"))
    engine.finish(writer)


def _restore(engine: Engine, sent: Sent) -> None:
    writer = _writer(engine, sent)
    restore_card(writer, _kind(sent), _whole(sent, "id"))
    engine.finish(writer)


def _merge(engine: Engine, sent: Sent) -> None:
    writer = _writer(engine, sent)
    merge_cards(writer, _kind(sent), _whole(sent, "id"), _whole(sent, "loser_id"))
    engine.finish(writer)


def _edit(engine: Engine, sent: Sent) -> None:
    """Change a card as a person would; `set` is a PATCH item."""
    kind, card_id = _kind(sent), _whole(sent, "id")
    writer, state = _writer(engine, sent), engine.state
    card = state.card(kind, card_id)
    if card is None:
        raise BadAction(f"There is no card {card_id} among {kind}.")
    user = state.data.users[writer.user_id]
    grant = Grant(client_id="", user_id=user.id, scopes=["crm"], expires_at=0)
    call = Call(state, writer, user, grant, origin="", path="")
    item = sent.get("set")
    if not isinstance(item, dict):
        raise BadAction(f"set={item!r} must be an object, as PATCH takes it.")
    try:
        flaws = flaws_of(call, SHOPS[kind], item, card)
    except Problem as problem:
        broken = problem.more.get("errors", {}).values()
        raise BadAction(next(iter(broken), problem.detail)) from problem
    if flaws:
        raise BadAction(f"{flaws[0]['path']}: {flaws[0]['detail']}")
    patch_card(writer, SHOPS[kind], card, item)
    engine.finish(writer)


def _finish_task(engine: Engine, sent: Sent) -> None:
    """Complete a task with the words that a manager typed."""
    writer, task_id = _writer(engine, sent), _whole(sent, "id")
    task = engine.state.data.tasks.get(task_id)
    if task is None:
        raise BadAction(f"There is no task {task_id} in the account.")
    result = {"text": str(sent.get("result", ""))}
    change_task(writer, task, {"is_completed": True, "result": result})
    engine.finish(writer)


def _delete_task(engine: Engine, sent: Sent) -> None:
    writer = _writer(engine, sent)
    delete_task(writer, _whole(sent, "id"))
    engine.finish(writer)


def _call(engine: Engine, sent: Sent) -> None:
    writer = _writer(engine, sent)
    record_call(
        writer,
        _whole(sent, "contact_id"),
        incoming=bool(sent.get("incoming", True)),
        seconds=_whole({"seconds": 60, **sent}, "seconds"),
        phone=str(sent.get("phone", "")),
    )
    engine.finish(writer)


def _chat(engine: Engine, sent: Sent) -> None:
    writer = _writer(engine, sent)
    incoming = bool(sent.get("incoming", True))
    text = str(sent.get("text", "Hello"))
    chat(writer, _whole(sent, "contact_id"), incoming=incoming, text=text)
    engine.finish(writer)


def _deactivate(engine: Engine, sent: Sent) -> None:
    user = engine.state.data.users.get(_whole(sent, "id"))
    if user is None:
        raise BadAction(f"There is no user {sent['id']} in the account.")
    _writer(engine, sent).assign("users", user, "is_active", False)


def _witness(engine: Engine, sent: Sent, slot: str, before: Any, after: Any) -> None:
    """Write what befell the account or our integration into the history."""
    account_id = engine.state.data.account.id
    if before != after:
        _writer(engine, sent).log("account", account_id, slot, before, after)


def _revoke(engine: Engine, sent: Sent) -> None:
    """Revoke every token of our integration."""
    _witness(engine, sent, "tokens", "valid", "revoked")
    data, client_id = engine.state.data, ours(engine.state).client_id
    for grant in data.grants.values():
        grant.is_revoked |= grant.client_id == client_id
    for refresh in data.refreshes.values():
        refresh.is_spent |= refresh.client_id == client_id


def _install(engine: Engine, sent: Sent) -> None:
    """Enable our integration, with the address, hook and scopes that are given."""
    integration = ours(engine.state)
    given: Sent = {"is_enabled": True}
    for name in ("redirect_uri", "uninstall_hook"):
        if sent.get(name):
            given[name] = str(sent[name])
    if isinstance(sent.get("scopes"), list):
        given["scopes"] = [str(scope) for scope in sent["scopes"]]
    for name, value in given.items():
        before = getattr(integration, name)
        _witness(engine, sent, f"integration.{name}", before, value)
        setattr(integration, name, value)


def _uninstall(engine: Engine, sent: Sent) -> Callable[[], Sent]:
    """Disable our integration: its tokens die, its uninstall hook is called once.

    The call itself is left to the caller, who must not hold the account's lock then.
    """
    integration = ours(engine.state)
    slot = "integration.is_enabled"
    _witness(engine, sent, slot, integration.is_enabled, False)
    integration.is_enabled = False
    account_id = engine.state.data.account.id
    query = {
        "account_id": str(account_id),
        "client_uuid": integration.client_id,
        "signature": uninstall_signature(integration, account_id),
    }
    return lambda: {"status": _get(integration.uninstall_hook, query)}


def _get(url: str | None, query: dict[str, str]) -> int | None:
    """Return the status of a GET; 0 without an answer, None without an address."""
    if url is None:
        return None
    try:
        return httpx.get(url, params=query, timeout=2.0, trust_env=False).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0


def _enable_webhook(engine: Engine, sent: Sent) -> None:
    """Switch a subscription on again, as an administrator does in the settings."""
    hook = engine.state.data.webhooks.get(_whole(sent, "id"))
    if hook is None:
        raise BadAction(f"There is no webhook {sent['id']} in the account.")
    _writer(engine, sent).assign("webhooks", hook, "disabled", False)


def _rename(engine: Engine, sent: Sent) -> None:
    """Give the account another subdomain; hosts of the old name know it no more."""
    account, name = engine.state.data.account, str(sent.get("subdomain", ""))
    if not name.replace("-", "").isalnum():
        raise BadAction(f"subdomain={name!r} must be letters, digits and hyphens.")
    account.former_subdomains.append(account.subdomain)
    _witness(engine, sent, "subdomain", account.subdomain, name)
    account.subdomain = name


Done = Sent | Callable[[], Sent] | None
"""What an action says, or a call that is to be made without the lock."""

ACTIONS: dict[str, Callable[[Engine, Sent], Done]] = {
    "trash": _trash,
    "restore": _restore,
    "merge": _merge,
    "edit": _edit,
    "finish_task": _finish_task,
    "delete_task": _delete_task,
    "call": _call,
    "chat": _chat,
    "deactivate_user": _deactivate,
    "revoke_tokens": _revoke,
    "install": _install,
    "uninstall": _uninstall,
    "rename_account": _rename,
    "enable_webhook": _enable_webhook,
}
