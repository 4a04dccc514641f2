"""Who may use the API: integrations, tokens and codes."""

import msgspec


class Integration(msgspec.Struct, kw_only=True):
    """An application that may be granted access."""

    client_id: str
    client_secret: str
    name: str
    redirect_uri: str
    scopes: list[str] = msgspec.field(default_factory=lambda: ["crm", "notifications"])
    uninstall_hook: str | None = None
    is_enabled: bool = True
    is_ours: bool = False
    """True for the integration whose credentials the sandbox prints."""


class Grant(msgspec.Struct, kw_only=True):
    """An access token that was issued."""

    client_id: str
    user_id: int
    scopes: list[str]
    expires_at: int
    is_long_lived: bool = False
    is_revoked: bool = False
    supersedes: str | None = None
    """Lenient rotation: the refresh token that dies when this grant is first used."""


class Refresh(msgspec.Struct, kw_only=True):
    """A refresh token that was issued."""

    client_id: str
    user_id: int
    expires_at: int
    access_token: str
    is_spent: bool = False


class Code(msgspec.Struct, kw_only=True):
    """An authorization code: 20 minutes, once."""

    client_id: str
    user_id: int
    expires_at: int
    is_used: bool = False
