"""The Flask application: API v4, OAuth, pages and control routes on one origin."""

import secrets
from collections.abc import Callable
from typing import Any

import flask
import msgspec
from werkzeug.exceptions import HTTPException

from kommo_sync.sandbox import pages
from kommo_sync.sandbox.account.history import Request
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.api import (
    account,
    calls,
    complex_leads,
    customers,
    events,
    field_groups,
    fields,
    leads,
    links,
    loss_reasons,
    notes,
    people,
    pipelines,
    tags,
    talks,
    tasks,
    unsorted,
    users,
    webhooks,
)
from kommo_sync.sandbox.control import routes as control
from kommo_sync.sandbox.engine import Engine
from kommo_sync.sandbox.front import KEPT_BODY
from kommo_sync.sandbox.hooks.outbox import Hooks
from kommo_sync.sandbox.oauth import routes as oauth
from kommo_sync.sandbox.oauth.tokens import author_of, identify, unauthorized
from kommo_sync.sandbox.wire.brackets import pairs_of
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import EmptyAnswer, Problem, forbidden, not_found

HAL = "application/hal+json"
PROBLEM = "application/problem+json"
PREFIX = "/api/v4"
PASSWORDS = f"{PREFIX}/users"
"""Where bodies hold passwords: the witness leaves them out."""
RESOURCES = (
    account,
    users,
    pipelines,
    loss_reasons,
    unsorted,
    field_groups,
    fields,
    tags,
    links,
    notes,
    complex_leads,
    leads,
    people,
    calls,
    tasks,
    events,
    talks,
    webhooks,
    customers,
)

Handler = Callable[..., Any]


def create_app(engine: Engine) -> flask.Flask:
    """Return the application of one account."""
    state, hooks = engine.state, engine.hooks
    app = flask.Flask(__name__, static_folder=None, template_folder=None)
    api = flask.Blueprint("api", __name__, url_prefix=PREFIX)
    for resource in RESOURCES:
        for method, rule, handler in resource.ROUTES:
            api.add_url_rule(
                rule,
                endpoint=f"{method} {rule}".replace(".", "_"),
                view_func=_endpoint(state, hooks, handler),
                methods=[method],
                provide_automatic_options=False,
            )
    app.register_blueprint(api)
    app.register_blueprint(oauth.blueprint(state))
    app.register_blueprint(control.blueprint(engine))
    app.register_blueprint(pages.blueprint(state))
    app.register_error_handler(HTTPException, _refused)
    app.url_map.merge_slashes = False
    return app


def _endpoint(state: State, hooks: Hooks, handler: Handler) -> Handler:
    def answer(**ids: Any) -> flask.Response:
        try:
            with state.lock:
                body, status = _handled(_call(state), hooks, handler, ids)
        except Problem as error:
            return _respond(msgspec.json.encode(error.body()), error.status, PROBLEM)
        return _respond(body, status, HAL)

    return answer


def _handled(
    call: Call, hooks: Hooks, handler: Handler, ids: dict[str, Any]
) -> tuple[bytes, int]:
    """Return (body, status) of what the handler says, its signals sent on."""
    status = 200
    try:
        body = handler(call, **ids)
    except EmptyAnswer as empty:
        body, status = None, empty.status
    hooks.enqueue(call.writer)
    if isinstance(body, tuple):
        body, status = body
    return (b"" if body is None else msgspec.json.encode(body)), status


def _respond(body: bytes, status: int, content_type: str) -> flask.Response:
    response = flask.Response(body, status, content_type=content_type)
    if not body:
        response.headers.pop("Content-Type", None)
    response.headers["X-Request-Id"] = secrets.token_hex(16)
    return response


def origin_of(request: flask.Request) -> str:
    """Return the scheme and host that the client asked: Host and X-Forwarded-Proto."""
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
    return f"{scheme}://{request.host}"


def _call(state: State) -> Call:
    """Return the call of the current request, its token checked.

    Raises:
        Problem: 401 or 403.
    """
    request = flask.request
    row: Request = request.environ["sandbox.request"]
    if request.host.split(".", 1)[0] in state.data.account.former_subdomains:
        raise unauthorized()
    if state.choices.empty_user_agent == "refuse" and not request.user_agent.string:
        raise forbidden("A User-Agent is required")
    grant, user = identify(
        state,
        request.headers.get("Authorization", ""),
        request.headers.get("X-Context-User-ID", ""),
    )
    row.client_id, row.user_id = grant.client_id, user.id
    body = request.get_data()
    if body and request.method != "GET" and not request.path.startswith(PASSWORDS):
        row.body = body[:KEPT_BODY].decode("utf-8", "replace")
    call = Call(
        state=state,
        writer=Writer(state, author_of(state, grant, user), row.seq),
        user=user,
        grant=grant,
        origin=origin_of(request),
        path=request.path,
        pairs=pairs_of(request.query_string.decode("ascii", "replace")),
        raw_body=body,
        modified_since=_modified_since(state),
    )
    call.need_scope("crm")
    return call


def _modified_since(state: State) -> int | None:
    moment = flask.request.if_modified_since
    heeded = state.choices.if_modified_since == "obey"
    return int(moment.timestamp()) if heeded and moment is not None else None


def _refused(error: HTTPException) -> flask.typing.ResponseReturnValue:
    """Answer for what no route took: JSON under the API, HTML elsewhere."""
    request, status = flask.request, error.code or 500
    if not request.path.startswith("/api/"):
        return pages.refusal(error)
    if status == 405:
        return _respond(b"", 405, HAL)
    if status != 404:
        return error
    path = request.path.removeprefix(PREFIX)
    detail = f"Cannot {request.method} {origin_of(request)}{path}!"
    return _respond(msgspec.json.encode(not_found(detail).body()), 404, PROBLEM)
