"""The consent page, the token endpoint, and the look-up of a renamed account."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import flask
import msgspec

from kommo_sync.sandbox.account.grants import Integration
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.oauth.tokens import (
    administrator,
    exchange,
    identify,
    issue_code,
    unauthorized,
)
from kommo_sync.sandbox.wire.problems import OAuthProblem, Problem

PROBLEM = "application/problem+json"
# No form-action: Chromium applies it to the redirect that follows the form, too.
CONSENT_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def blueprint(state: State) -> flask.Blueprint:
    """Return the routes under /oauth, /oauth2 and /v3."""
    pages = flask.Blueprint("oauth", __name__)
    routes: list[tuple[str, str, Callable[[State], Any]]] = [
        ("GET", "/oauth", _consent_page),
        # The official OAuth client asks with a slash at the end.
        ("GET", "/oauth/", _consent_page),
        ("POST", "/oauth", _consent),
        ("POST", "/oauth2/access_token", _token),
        ("GET", "/oauth2/account/current/subdomain", _subdomain_by_refresh),
        ("GET", "/oauth2/account/subdomain", _subdomain_by_access),
        ("GET", "/v3/user", _owner),
    ]
    for method, rule, view in routes:
        pages.add_url_rule(
            rule,
            endpoint=f"{method} {rule}",
            view_func=_guarded(state, view),
            methods=[method],
            provide_automatic_options=False,
        )
    return pages


def _guarded(state: State, view: Callable[[State], Any]) -> Callable[[], Any]:
    def answer() -> Any:
        try:
            with state.lock:
                return view(state)
        except Problem as error:
            body = msgspec.json.encode(error.body())
            return flask.Response(body, error.status, content_type=PROBLEM)

    return answer


def _json(body: dict[str, Any]) -> flask.Response:
    return flask.Response(msgspec.json.encode(body), content_type="application/json")


def _client(state: State, client_id: str) -> Integration:
    integration = state.data.integrations.get(client_id)
    if integration is None:
        raise OAuthProblem(400, "Check the `client_id` parameter")
    return integration


def _consent_page(state: State) -> flask.Response:
    """Show which account would be opened to whom; other parameters are tolerated."""
    args = flask.request.args
    integration = _client(state, args.get("client_id", ""))
    page = flask.render_template(
        "consent.html",
        account=state.data.account.name,
        clock=datetime.fromtimestamp(state.now(), UTC).strftime("%Y-%m-%d %H:%M UTC"),
        user=administrator(state),
        integration=integration,
        state_value=args.get("state", ""),
    )
    return flask.Response(page, headers=CONSENT_HEADERS)


def _consent(state: State) -> Any:
    form = flask.request.form
    integration = _client(state, form.get("client_id", ""))
    given = {"state": form.get("state", ""), "client_id": integration.client_id}
    if form.get("answer") != "allow":
        return _back(integration, {"error": "access_denied", **given})
    account = state.data.account
    code = issue_code(state, integration, administrator(state))
    more = {"from_widget": "1"} if form.get("from_widget") == "1" else {}
    if state.choices.redirect_platform:
        more["platform"] = "2"
    referer = f"{account.subdomain}.{account.domain}"
    return _back(integration, {"code": code, "referer": referer, **given, **more})


def _back(integration: Integration, query: dict[str, str]) -> Any:
    joint = "&" if "?" in integration.redirect_uri else "?"
    return flask.redirect(f"{integration.redirect_uri}{joint}{urlencode(query)}")


def _token(state: State) -> flask.Response:
    """POST /oauth2/access_token: JSON or form; HTTP Basic is ignored."""
    request = flask.request
    if _left_host(state):
        raise Problem(404, "Account not found")
    form = _fields(request.get_data())
    body = exchange(state, form, request.host)
    request.environ["sandbox.request"].client_id = form["client_id"]
    return _json(body)


def _fields(body: bytes) -> dict[str, str]:
    try:
        sent = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
        return {key: values[-1] for key, values in parse_qs(text).items()}
    if not isinstance(sent, dict):
        raise OAuthProblem(400, "Check the `client_id` parameter")
    return {key: str(value) for key, value in sent.items() if value is not None}


def _left_host(state: State) -> bool:
    """Tell whether the host asked bears a name that the account has given up."""
    label = flask.request.host.split(".", 1)[0]
    return label in state.data.account.former_subdomains


def _place(state: State) -> dict[str, Any]:
    account = state.data.account
    return {
        "id": account.id,
        "subdomain": account.subdomain,
        "domain": f"{account.subdomain}.{account.domain}",
        "top_level_domain": account.domain.rpartition(".")[2],
    }


def _subdomain_by_refresh(state: State) -> flask.Response:
    """Tell the account's present address to the holder of a refresh token."""
    known = state.data.refreshes.get(flask.request.headers.get("X-Refresh-Token", ""))
    if known is None or known.is_spent or known.expires_at <= state.clock.now():
        raise unauthorized()
    return _json(_place(state))


def _subdomain_by_access(state: State) -> flask.Response:
    identify(state, flask.request.headers.get("Authorization", ""), "")
    return _json(_place(state))


def _owner(state: State) -> flask.Response:
    _, user = identify(state, flask.request.headers.get("Authorization", ""), "")
    return _json({"id": user.id, "name": user.name, "email": user.email})
