"""Tokens: issued, looked up, refreshed, revoked."""

import hashlib
import hmac
import secrets
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kommo_sync.sandbox.account.grants import Code, Grant, Integration, Refresh
from kommo_sync.sandbox.account.history import Author
from kommo_sync.sandbox.account.records import User
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.wire.problems import OAuthProblem, Problem

OPAQUE = "def502"
ACCESS_SECONDS = 86_400
REFRESH_SECONDS = 90 * 86_400
CODE_SECONDS = 20 * 60
LONG_LIVED_SECONDS = 5 * 365 * 86_400
WIDGET_SECONDS = 30 * 60


@cache
def _fresh_key() -> str:
    """Return a private key, one a process: making one takes a good part of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@cache
def _loaded(text: str) -> rsa.RSAPrivateKey:
    """Return the key that a PEM holds; reading one takes far longer than signing."""
    key = serialization.load_pem_private_key(text.encode(), password=None)
    return cast(rsa.RSAPrivateKey, key)


def _sign(state: State, claims: dict[str, Any]) -> str:
    data = state.data
    data.signing_key = data.signing_key or _fresh_key()
    return jwt.encode(claims, _loaded(data.signing_key), algorithm="RS256")


def issue_access(
    state: State,
    integration: Integration,
    user: User,
    host: str = "",
    *,
    seconds: int = ACCESS_SECONDS,
    long_lived: bool = False,
) -> str:
    """Return a fresh access token: an RS256 JWT, known to this account.

    Args:
        host: as the client asked for it; names the shard in `api_domain`.
        seconds: its life; negative for one that has expired already.
    """
    expires_at = state.now() + seconds
    claims = _claims(state, integration, host)
    token = _sign(state, {**claims, "sub": str(user.id), "exp": expires_at})
    state.data.grants[token] = Grant(
        client_id=integration.client_id,
        user_id=user.id,
        scopes=list(integration.scopes),
        expires_at=expires_at,
        is_long_lived=long_lived,
    )
    return token


def _claims(state: State, integration: Integration, host: str) -> dict[str, Any]:
    now, account = state.now(), state.data.account
    return {
        "aud": integration.client_id,
        "jti": secrets.token_hex(16),
        "iat": now,
        "nbf": now,
        "grant_type": "",
        "account_id": account.id,
        "base_domain": account.domain,
        "version": 2,
        "scopes": integration.scopes,
        "hash_uuid": secrets.token_hex(16),
        "api_domain": api_domain(state, host),
    }


def api_domain(state: State, host: str) -> str:
    """Return the shard that a token names: ours, or the sandbox's own address."""
    domain = state.data.account.domain
    return host if host and not host.endswith(domain) else f"api-c.{domain}"


def issue_refresh(
    state: State, integration: Integration, user: User, access: str
) -> str:
    """Return a fresh refresh token that belongs to an access token."""
    token = f"{OPAQUE}{secrets.token_hex(100)}"
    state.data.refreshes[token] = Refresh(
        client_id=integration.client_id,
        user_id=user.id,
        expires_at=state.now() + REFRESH_SECONDS,
        access_token=access,
    )
    return token


def issue_code(state: State, integration: Integration, user: User) -> str:
    """Return an authorization code: 20 minutes, single use."""
    code = f"{OPAQUE}{secrets.token_hex(120)}"
    state.data.codes[code] = Code(
        client_id=integration.client_id,
        user_id=user.id,
        expires_at=state.now() + CODE_SECONDS,
    )
    return code


def ours(state: State) -> Integration:
    """Return the integration whose credentials the sandbox prints."""
    return next(i for i in state.data.integrations.values() if i.is_ours)


def administrator(state: State) -> User:
    """Return the first active administrator: tokens act in that user's name."""
    users = state.data.users.values()
    return next(user for user in users if user.is_admin and user.is_active)


def long_lived_token(state: State, host: str = "") -> str:
    """Return the long-lived token of our integration, made at the first call."""
    client_id = ours(state).client_id
    for token, grant in state.data.grants.items():
        if (
            grant.is_long_lived
            and grant.client_id == client_id
            and not grant.is_revoked
        ):
            return token
    user = administrator(state)
    seconds = LONG_LIVED_SECONDS
    return issue_access(
        state, ours(state), user, host, seconds=seconds, long_lived=True
    )


def unauthorized() -> Problem:
    """Return the 401 of the API."""
    return Problem(401, "Invalid user name or password")


def identify(state: State, header: str, acting_for: str) -> tuple[Grant, User]:
    """Return the grant of a bearer token and the user in whose name it acts.

    Args:
        header: the Authorization header.
        acting_for: X-Context-User-ID, heeded for tokens of administrators.

    Raises:
        Problem: 401, the token is unknown, expired, revoked or its user has gone.
    """
    scheme, _, token = header.partition(" ")
    grant = state.data.grants.get(token.strip()) if scheme.lower() == "bearer" else None
    if grant is None or grant.is_revoked or grant.expires_at <= state.clock.now():
        raise unauthorized()
    integration = state.data.integrations.get(grant.client_id)
    user = state.data.users.get(grant.user_id)
    if integration is None or not integration.is_enabled:
        raise unauthorized()
    if user is None or not user.is_active or _lost_rights(state, user):
        raise unauthorized()
    if grant.supersedes is not None:
        _retire(state, grant)
    other = state.data.users.get(int(acting_for)) if acting_for.isdecimal() else None
    return grant, other if other is not None and user.is_admin else user


def _lost_rights(state: State, user: User) -> bool:
    return state.choices.tokens_need_admin and not user.is_admin


def _retire(state: State, grant: Grant) -> None:
    """The new pair is in use: the refresh token it came from is dead now."""
    former = state.data.refreshes.get(grant.supersedes or "")
    if former is not None:
        former.is_spent = True
    grant.supersedes = None


def author_of(state: State, grant: Grant, user: User) -> Author:
    """Return in whose name a token writes."""
    integration = state.data.integrations[grant.client_id]
    by_user = state.choices.api_author == "user"
    return Author(
        kind="integration",
        name=integration.name,
        user_id=user.id if by_user else 0,
        client_id=integration.client_id,
        is_ours=integration.is_ours,
    )


def exchange(state: State, form: dict[str, str], host: str) -> dict[str, Any]:
    """Return the answer of the token endpoint.

    Raises:
        OAuthProblem: 400 or 401 with the hint that real answers carry.
    """
    integration = state.data.integrations.get(form.get("client_id", ""))
    if integration is None:
        raise OAuthProblem(400, "Check the `client_id` parameter")
    secret = form.get("client_secret", "")
    if not hmac.compare_digest(integration.client_secret.encode(), secret.encode()):
        raise OAuthProblem(400, "Check the `client_secret` parameter")
    if form.get("redirect_uri", integration.redirect_uri) != integration.redirect_uri:
        raise OAuthProblem(400, "Redirect URI is not associated with client")
    if not integration.is_enabled:
        raise OAuthProblem(401, "Token has been revoked")
    kind = form.get("grant_type")
    if kind == "authorization_code":
        user = _spend_code(state, integration, form.get("code", ""))
        return _pair(state, integration, user, host, None)
    if kind == "refresh_token":
        return _refresh(state, integration, form.get("refresh_token", ""), host)
    raise OAuthProblem(400, "Check the `grant_type` parameter")


def _spend_code(state: State, integration: Integration, text: str) -> User:
    code = state.data.codes.get(text)
    if code is None or code.client_id != integration.client_id:
        raise OAuthProblem(400, "Cannot decrypt the authorization code")
    if code.is_used:
        raise OAuthProblem(400, "Authorization code has been revoked")
    if code.expires_at <= state.clock.now():
        raise OAuthProblem(400, "Authorization code has expired")
    code.is_used = True
    return state.data.users[code.user_id]


def _refresh(
    state: State, integration: Integration, text: str, host: str
) -> dict[str, Any]:
    if not text.startswith(OPAQUE):
        # The OAuth server library behind the documented hints answers so.
        raise OAuthProblem(401, "Cannot decrypt the refresh token")
    known = state.data.refreshes.get(text)
    if known is None or known.client_id != integration.client_id:
        raise OAuthProblem(400, "Invalid refresh token")
    if known.is_spent or known.expires_at <= state.clock.now():
        raise OAuthProblem(401, "Token has been revoked")
    user = state.data.users[known.user_id]
    strict = state.choices.refresh_rotation == "strict"
    known.is_spent = strict
    if state.choices.refresh_revokes_access and known.access_token in state.data.grants:
        state.data.grants[known.access_token].is_revoked = True
    return _pair(state, integration, user, host, None if strict else text)


def _pair(
    state: State,
    integration: Integration,
    user: User,
    host: str,
    supersedes: str | None,
) -> dict[str, Any]:
    access = issue_access(state, integration, user, host)
    state.data.grants[access].supersedes = supersedes
    return {
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "access_token": access,
        "refresh_token": issue_refresh(state, integration, user, access),
        "server_time": state.now(),
    }


def uninstall_signature(integration: Integration, account_id: int) -> str:
    """Return the hex HMAC-SHA256 that the access-revoked hook carries."""
    text = f"{integration.client_id}|{account_id}"
    key = integration.client_secret.encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def widget_token(state: State, integration: Integration, user: User) -> str:
    """Return a one-time token as a widget would send it: HS256, 30 minutes."""
    account, now = state.data.account, state.now()
    parts = urlsplit(integration.redirect_uri)
    claims = {
        "iss": f"https://{account.subdomain}.{account.domain}",
        "aud": f"{parts.scheme}://{parts.hostname}",
        "jti": secrets.token_hex(16),
        "iat": now,
        "nbf": now,
        "exp": now + WIDGET_SECONDS,
        "account_id": account.id,
        "subdomain": account.subdomain,
        "client_uuid": integration.client_id,
        "user_id": user.id,
        "is_admin": user.is_admin,
    }
    return jwt.encode(claims, integration.client_secret, algorithm="HS256")
