"""Codes, pairs of tokens, and what is said when they are refused."""

from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.oauth.tokens import (
    issue_code,
    issue_refresh,
    ours,
    uninstall_signature,
    widget_token,
)
from tests.sandbox.kit import Api

TOKEN = "/oauth2/access_token"


def admin(api: Api):
    return next(u for u in api.sandbox.state.data.users.values() if u.is_admin)


def base(api: Api, **more: str) -> dict[str, str]:
    app = ours(api.sandbox.state)
    return {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect_uri,
        **more,
    }


def by_code(api: Api, code: str | None = None) -> dict[str, str]:
    state = api.sandbox.state
    code = code or issue_code(state, ours(state), admin(api))
    return base(api, grant_type="authorization_code", code=code)


def by_refresh(api: Api, token: str | None = None) -> dict[str, str]:
    state = api.sandbox.state
    token = token or issue_refresh(state, ours(state), admin(api), "")
    return base(api, grant_type="refresh_token", refresh_token=token)


def refused(api: Api, sent: dict[str, str], status: int = 400) -> str:
    answer = api.call("POST", TOKEN, sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"title", "type", "status", "detail", "hint"} == set(body)
    assert body["type"] == "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"
    return str(body["hint"])


def test_a_code_buys_a_pair_of_tokens(api: Api):
    pair = api.post(TOKEN, by_code(api))
    assert pair["token_type"] == "Bearer"
    assert pair["expires_in"] == 86400
    assert pair["refresh_token"].startswith("def502")
    api.token = pair["access_token"]
    assert api.get("account")["id"] == 31000001


def test_the_token_endpoint_reads_forms_like_json_and_ignores_basic_auth(api: Api):
    answer = api.call(
        "POST", TOKEN, data=by_code(api), headers={"Authorization": "Basic eDp5"}
    )
    assert answer.status_code == 200


def test_an_access_token_is_an_rs256_jwt_with_the_claims_that_clients_read(api: Api):
    token = api.post(TOKEN, by_code(api))["access_token"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["account_id"] == 31000001
    assert claims["api_domain"] == "api-c.kommo.com"
    assert claims["aud"] == ours(api.sandbox.state).client_id
    assert claims["exp"] - claims["iat"] == 86400


def test_a_token_asked_for_at_the_sandbox_s_own_address_names_that_address(api: Api):
    api.origin = "http://127.0.0.1:8380"
    token = api.post(TOKEN, by_code(api))["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["api_domain"] == "127.0.0.1:8380"


def test_a_code_works_once(api: Api):
    sent = by_code(api)
    api.post(TOKEN, sent)
    assert refused(api, sent) == "Authorization code has been revoked"


def test_a_code_lives_twenty_minutes(api: Api, clock: ManualClock):
    sent = by_code(api)
    clock.advance(20 * 60)
    assert refused(api, sent) == "Authorization code has expired"


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("client_id", "nobody", "Check the `client_id` parameter"),
        ("client_secret", "guess", "Check the `client_secret` parameter"),
        (
            "redirect_uri",
            "https://evil.example",
            "Redirect URI is not associated with client",
        ),
        ("code", "def502aa", "Cannot decrypt the authorization code"),
    ],
)
def test_a_wrong_parameter_is_named_by_the_hint(api: Api, key, value, hint):
    assert refused(api, {**by_code(api), key: value}) == hint


def test_the_redirect_uri_is_compared_on_refresh_too(api: Api):
    sent = {**by_refresh(api), "redirect_uri": "https://other.example"}
    assert refused(api, sent) == "Redirect URI is not associated with client"


def test_an_unknown_refresh_token_is_invalid(api: Api):
    assert refused(api, by_refresh(api, "def502ff")) == "Invalid refresh token"


@pytest.mark.parametrize("garbage", ["", "x", "eyJhbGciOi"])
def test_what_is_no_refresh_token_at_all_cannot_be_decrypted(api: Api, garbage):
    sent = {**by_refresh(api), "refresh_token": garbage}
    assert refused(api, sent, 401) == "Cannot decrypt the refresh token"


def test_a_strict_refresh_token_dies_at_its_first_use(api: Api):
    sent = by_refresh(api)
    pair = api.post(TOKEN, sent)
    assert pair["refresh_token"] != sent["refresh_token"]
    assert refused(api, sent, 401) == "Token has been revoked"


def test_a_lenient_refresh_token_lives_until_the_new_pair_is_used(api: Api):
    api.sandbox.state.choices.refresh_rotation = "lenient"
    sent = by_refresh(api)
    api.post(TOKEN, sent)
    again = api.post(TOKEN, sent)
    api.token = again["access_token"]
    api.get("account")
    assert refused(api, sent, 401) == "Token has been revoked"


def test_a_refresh_token_dies_after_three_months(api: Api, clock: ManualClock):
    sent = by_refresh(api)
    clock.advance(90 * 86400)
    assert refused(api, sent, 401) == "Token has been revoked"


@pytest.mark.parametrize(("switch", "status"), [(False, 200), (True, 401)])
def test_whether_a_refresh_kills_the_old_access_token_is_a_switch(
    api: Api, switch, status
):
    api.sandbox.state.choices.refresh_revokes_access = switch
    first = api.post(TOKEN, by_code(api))
    api.post(TOKEN, by_refresh(api, first["refresh_token"]))
    api.token = first["access_token"]
    assert api.call("GET", "account").status_code == status


def test_an_access_token_lives_a_day(api: Api, clock: ManualClock):
    api.token = api.post(TOKEN, by_code(api))["access_token"]
    clock.advance(86399)
    assert api.call("GET", "account").status_code == 200
    clock.advance(1)
    assert api.call("GET", "account").status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer not.a.token", "Basic abc"])
def test_a_bad_token_is_answered_401_with_the_documented_body(api: Api, header):
    answer = api.call("GET", "account", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "https://httpstatus.es/401",
        "status": 401,
        "detail": "Invalid user name or password",
    }


def test_a_long_lived_token_is_a_jwt_that_outlives_the_day(
    api: Api, clock: ManualClock
):
    token = api.sandbox.token
    assert token.count(".") == 2
    clock.advance(365 * 86400)
    assert api.call("GET", "account").status_code == 200


def test_consent_sends_code_referer_state_and_client_back(api: Api):
    client_id = ours(api.sandbox.state).client_id
    form = {"client_id": client_id, "state": "xyz", "answer": "allow"}
    answer = api.call("POST", "/oauth", data=form)
    target = urlsplit(answer.headers["location"])
    query = {key: values[0] for key, values in parse_qs(target.query).items()}
    assert answer.status_code == 302
    assert target.netloc == "example.com"
    assert query["referer"] == "demo.kommo.com"
    assert (query["state"], query["client_id"]) == ("xyz", client_id)
    assert api.post(TOKEN, by_code(api, query["code"]))["access_token"]


def test_refused_consent_sends_access_denied_and_no_code(api: Api):
    form = {"client_id": ours(api.sandbox.state).client_id, "answer": "deny"}
    location = api.call("POST", "/oauth", data=form).headers["location"]
    query = parse_qs(urlsplit(location).query)
    assert query["error"] == ["access_denied"]
    assert "code" not in query


def test_the_consent_page_tolerates_what_the_official_sdk_sends(api: Api):
    query = {
        "client_id": ours(api.sandbox.state).client_id,
        "state": "s",
        "mode": "popup",
        "scope": "",
        "response_type": "code",
        "approval_prompt": "auto",
        "redirect_uri": "https://example.com/callback",
    }
    answer = api.call("GET", "/oauth", params=query)
    assert answer.status_code == 200
    assert "Your integration" in answer.text


def test_the_present_subdomain_is_told_to_the_holder_of_a_refresh_token(api: Api):
    token = by_refresh(api)["refresh_token"]
    path = "/oauth2/account/current/subdomain"
    answer = api.call("GET", path, headers={"X-Refresh-Token": token})
    assert answer.json() == {
        "id": 31000001,
        "subdomain": "demo",
        "domain": "demo.kommo.com",
        "top_level_domain": "com",
    }
    assert api.call("GET", path, headers={"X-Refresh-Token": "no"}).status_code == 401


def test_a_renamed_account_is_found_by_look_up_and_not_at_its_old_host(api: Api):
    api.origin = "https://demo.kommo.com"
    sent = by_refresh(api)
    api.act("rename_account", subdomain="renamed")
    assert api.call("GET", "account").status_code == 401
    assert api.call("POST", TOKEN, sent).status_code == 404
    api.origin = "https://renamed.kommo.com"
    assert api.post(TOKEN, sent)["token_type"] == "Bearer"


def test_the_resource_owner_is_told_at_v3_user(api: Api):
    assert set(api.get("/v3/user")) == {"id", "name", "email"}


def test_a_token_without_the_crm_scope_is_refused(api: Api):
    api.act("install", scopes=["notifications"])
    api.token = api.post(TOKEN, by_refresh(api))["access_token"]
    answer = api.call("POST", "leads", [{}])
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Client doesn't have the required scope"
    assert api.sandbox.state.data.leads == {}


def test_revoked_tokens_are_answered_401(api: Api):
    sent, api.token = by_refresh(api), api.sandbox.token
    api.act("revoke_tokens")
    assert api.call("GET", "account").status_code == 401
    assert refused(api, sent, 401) == "Token has been revoked"


def test_an_uninstalled_integration_can_neither_call_nor_refresh(api: Api):
    sent, api.token = by_refresh(api), api.sandbox.token
    assert api.act("uninstall") == {"status": None}
    assert api.call("GET", "account").status_code == 401
    assert refused(api, sent, 401) == "Token has been revoked"


def test_the_uninstall_signature_is_the_hmac_of_client_and_account(api: Api):
    app = ours(api.sandbox.state)
    app.client_id, app.client_secret = "uuid", "secret"
    # printf 'uuid|31000001' | openssl dgst -sha256 -hmac secret
    expected = "826a027e4be1468ea535ad99b4e532315bb9e508b9806c644922b5b63fecf076"
    assert uninstall_signature(app, 31000001) == expected


def test_a_widget_token_is_hs256_for_half_an_hour(api: Api):
    state = api.sandbox.state
    app = ours(state)
    token = widget_token(state, app, admin(api))
    claims = jwt.decode(
        token,
        app.client_secret,
        algorithms=["HS256"],
        audience="https://example.com",
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert claims["exp"] - claims["iat"] == 1800
    assert claims["iss"] == "https://demo.kommo.com"
    assert claims["client_uuid"] == app.client_id
    assert {"jti", "nbf", "account_id", "subdomain", "user_id", "is_admin"} <= set(
        claims
    )


def test_the_control_route_hands_out_a_fresh_pair_for_refresh_tests(api: Api):
    given = api.call("POST", "/_sandbox/tokens").json()
    assert api.post(TOKEN, by_refresh(api, given["refresh_token"]))["access_token"]
    api.token = given["expired"]
    assert api.call("GET", "account").status_code == 401


def test_a_call_can_act_with_the_rights_of_another_user(api: Api):
    users = api.sandbox.state.data.users.values()
    manager = next(user for user in users if not user.is_admin)
    headers = {"X-Context-User-ID": str(manager.id)}
    assert api.get("account", headers=headers)["current_user_id"] == manager.id
    assert api.call("GET", "users", headers=headers).status_code == 403


def test_tokens_of_a_deactivated_user_die(api: Api):
    api.act("deactivate_user", id=admin(api).id)
    assert api.call("GET", "account").status_code == 401
