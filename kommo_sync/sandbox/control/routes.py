"""The witness's routes under /_sandbox: history, faults, time, and what people do."""

from collections.abc import Callable
from copy import copy
from typing import Any

import flask
import msgspec

from kommo_sync.sandbox.account.choices import set_choice
from kommo_sync.sandbox.control.acting import ACTIONS, BadAction
from kommo_sync.sandbox.engine import Engine
from kommo_sync.sandbox.oauth.tokens import (
    administrator,
    issue_access,
    issue_refresh,
    ours,
    widget_token,
)
from kommo_sync.sandbox.rules.humans import NoSuchCard
from kommo_sync.sandbox.traffic.faults import parse_faults, spell_faults

PAGE = 1000
EXPIRED_SECONDS = -3600
MOST_SECONDS = 100 * 365 * 86_400
"""A century: beyond it dates cannot be told any more."""


class Controls:
    """The handlers of the control routes of one account."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def requests(self) -> Any:
        """GET /_sandbox/requests?after=N: every request and how it was answered."""
        return _page("requests", self.engine.state.data.requests)

    def changes(self) -> Any:
        """GET /_sandbox/changes?after=N: every change, its author, before and after."""
        data = self.engine.state.data
        page = _page("changes", data.changes)
        for row in page["changes"]:
            row["author"] = msgspec.to_builtins(data.authors[row["author"]])
        return page

    def attempts(self) -> Any:
        """GET /_sandbox/webhook-attempts: every delivery that was tried."""
        return {"attempts": msgspec.to_builtins(self.engine.hooks.attempts)}

    def truth(self) -> Any:
        """GET /_sandbox/truth: what the generator drew."""
        return self.engine.state.data.truth

    def faults(self) -> Any:
        """GET /_sandbox/faults: the rules in force."""
        plan = self.engine.plan
        return {"rules": spell_faults(plan), "latency": plan.latency}

    def set_faults(self) -> Any:
        """PUT /_sandbox/faults {"rules": "…"}: instead of the rules in force."""
        sent = _object()
        plan = parse_faults(str(sent.get("rules", "")))
        plan.latency = _seconds(
            {"latency": self.engine.plan.latency, **sent}, "latency"
        )
        self.engine.break_with(plan)
        return self.faults()

    def choices(self) -> Any:
        """GET /_sandbox/choices: the switches for what no source confirms."""
        return msgspec.to_builtins(self.engine.state.choices)

    def set_choices(self) -> Any:
        """PATCH /_sandbox/choices {"name": value}: all of them or none."""
        sent, choices = _object(), self.engine.state.choices
        for target in (copy(choices), choices):
            for name, value in sent.items():
                set_choice(target, name, _spelled(value))
        self.engine.state.listings.clear()
        return self.choices()

    def clock(self) -> Any:
        """GET /_sandbox/clock: what time it is in the sandbox."""
        return {"now": self.engine.state.clock.now()}

    def advance(self) -> Any:
        """POST /_sandbox/clock {"advance": seconds}: time passes at once."""
        clock = self.engine.state.clock
        seconds = _seconds(_object(), "advance")
        move = getattr(clock, "advance", None)
        if move is None:
            raise ValueError("This sandbox runs on a clock that cannot be moved.")
        move(seconds)
        return self.clock()

    def act(self) -> Any:
        """POST /_sandbox/actions {"do": name, …}: what people do in the interface."""
        sent = _object()
        name = sent.pop("do", None)
        action = ACTIONS.get(str(name))
        if action is None:
            known = ", ".join(ACTIONS)
            raise BadAction(f"No action is called {name!r}; there are: {known}.")
        return action(self.engine, sent) or {"done": name}

    def tokens(self) -> Any:
        """POST /_sandbox/tokens: a fresh refresh token and an expired access token."""
        state = self.engine.state
        integration, user = ours(state), administrator(state)
        host = flask.request.host
        access = issue_access(state, integration, user, host)
        return {
            "access_token": access,
            "refresh_token": issue_refresh(state, integration, user, access),
            "expired": issue_access(
                state, integration, user, host, seconds=EXPIRED_SECONDS
            ),
        }

    def widget(self) -> Any:
        """POST /_sandbox/widget-tokens {"user_id": N}: a one-time token."""
        state = self.engine.state
        user_id = _object().get("user_id", administrator(state).id)
        user = state.data.users.get(user_id) if isinstance(user_id, int) else None
        if user is None:
            raise BadAction(f"There is no user {user_id} in the account.")
        return {"token": widget_token(state, ours(state), user)}


def blueprint(engine: Engine) -> flask.Blueprint:
    """Return the routes under /_sandbox."""
    controls = Controls(engine)
    pages = flask.Blueprint("control", __name__, url_prefix="/_sandbox")
    routes: list[tuple[str, str, Callable[[], Any]]] = [
        ("GET", "/requests", controls.requests),
        ("GET", "/changes", controls.changes),
        ("GET", "/webhook-attempts", controls.attempts),
        ("GET", "/truth", controls.truth),
        ("GET", "/faults", controls.faults),
        ("PUT", "/faults", controls.set_faults),
        ("GET", "/choices", controls.choices),
        ("PATCH", "/choices", controls.set_choices),
        ("GET", "/clock", controls.clock),
        ("POST", "/clock", controls.advance),
        ("POST", "/actions", controls.act),
        ("POST", "/tokens", controls.tokens),
        ("POST", "/widget-tokens", controls.widget),
    ]
    for method, rule, handler in routes:
        pages.add_url_rule(
            rule,
            endpoint=f"{method} {rule}",
            view_func=_guarded(controls, handler),
            methods=[method],
        )
    return pages


def _guarded(controls: Controls, handler: Callable[[], Any]) -> Callable[[], Any]:
    def answer() -> flask.Response:
        status = 200
        try:
            with controls.engine.state.lock:
                body = handler()
            if callable(body):
                body = body()
        except (ValueError, NoSuchCard) as error:
            body, status = {"error": str(error)}, 400
        encoded = msgspec.json.encode(body)
        return flask.Response(encoded, status, content_type="application/json")

    return answer


def _object() -> dict[str, Any]:
    body = flask.request.get_data()
    if not body:
        return {}
    try:
        sent = msgspec.json.decode(body)
    except RecursionError as error:
        raise BadAction("The body is nested too deeply.") from error
    if not isinstance(sent, dict):
        raise BadAction("The body must be a JSON object.")
    return sent


def _seconds(sent: dict[str, Any], name: str) -> float:
    value = sent.get(name)
    if not isinstance(value, int | float) or not 0 <= value <= MOST_SECONDS:
        raise BadAction(
            f"{name}={value!r} must be a number of seconds from 0 to {MOST_SECONDS}."
        )
    return value


def _spelled(value: Any) -> str:
    """Return a JSON value as it is written on the command line."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _page(name: str, rows: list[Any]) -> dict[str, Any]:
    """Return rows after `after=N`, a thousand at most; `next` tells where to go on."""
    args = flask.request.args
    after = max(args.get("after", 0, int), 0)
    limit = min(max(args.get("limit", PAGE, int), 1), PAGE)
    shown = rows[after : after + limit]
    more = after + len(shown) < len(rows)
    return {
        name: msgspec.to_builtins(shown),
        "total": len(rows),
        "next": after + len(shown) if more else None,
    }
