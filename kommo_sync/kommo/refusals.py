"""What a refusal by Kommo means for the caller: status and body become an error."""

from typing import Any

from msgspec import DecodeError, json

from kommo_sync.errors import (
    BadAnswer,
    CrmUnavailable,
    Forbidden,
    Gone,
    KommoSyncError,
    Rejected,
    Throttled,
    TooMuchAsked,
    Unauthorized,
    Unpaid,
    WrongAddress,
)

_AGAIN = ("повторите попытку", "try again", "retry")
"""How a passing fault that calls itself a bad request speaks (kommo-rest-api 5.4)."""
_LONGEST_PAUSE = 86_400.0


def refusal(status: int, body: bytes, host: str, path: str) -> KommoSyncError | None:
    """Return the error that an answer stands for; None if it is no refusal.

    Args:
        status: of HTTP.
        body: as it came; it may be HTML or cut.
        host: of the account, for the message.
        path: what was asked, without its query.
    """
    if 200 <= status < 300:
        return None
    said = _object(body)
    named = {"host": host, "path": path, "status": status}
    if 300 <= status < 400:
        return WrongAddress(
            "{host} sends {path} elsewhere (status {status}): "
            "check the account's address.",
            **named,
        )
    if status in _BY_STATUS:
        kind, message = _BY_STATUS[status]
        return kind(message, **named)
    if status >= 500:
        return CrmUnavailable(
            "{host} cannot answer {path} now (status {status}): try later.", **named
        )
    return _client_error(status, said, named)


_BY_STATUS: dict[int, tuple[type[KommoSyncError], str]] = {
    401: (
        Unauthorized,
        "The CRM at {host} refuses the token: connect again with a new one.",
    ),
    402: (
        Unpaid,
        "The CRM at {host} wants to be paid before it answers {path}: "
        "renew the subscription or check the plan.",
    ),
    429: (Throttled, "The CRM at {host} wants fewer requests: try later."),
    504: (
        TooMuchAsked,
        "The CRM at {host} ran out of time on {path}: ask for less at once.",
    ),
}


def _client_error(
    status: int, said: dict[str, Any] | None, named: dict[str, Any]
) -> KommoSyncError:
    if status == 403:
        return _forbidden(said, named)
    if status == 404 and said is not None:
        return Gone("There is no {path} at {host} (status {status}).", **named)
    # An HTML 404 comes from a router in trouble; 405 never has a body
    # (kommo-rest-api 1.4).
    if said is None and status in (400, 404):
        return BadAnswer(
            "{host} answered {path} with status {status} and no JSON.", **named
        )
    if status == 400 and said and _is_passing(said):
        return CrmUnavailable(
            "{host} reports a passing fault on {path} (status {status}): try later.",
            **named,
        )
    return Rejected("{host} refuses {path} as it was asked (status {status}).", **named)


def _forbidden(said: dict[str, Any] | None, named: dict[str, Any]) -> Forbidden:
    if said is None:
        return Forbidden(
            "{host} has blocked this address or account for too many requests "
            "(status {status}): wait, and ask Kommo's support if it lasts.",
            **named,
        )
    return Forbidden(
        "The token may not ask {host} for {path}: an administrator must grant it "
        "the scope crm, then connect again.",
        **named,
    )


def is_block(status: int, body: bytes) -> bool:
    """Tell a block after floods, which comes as HTML, from a right that is missing."""
    return status == 403 and _object(body) is None


def _is_passing(said: dict[str, Any]) -> bool:
    if said.get("validation-errors") or said.get("errors"):
        return False
    detail = str(said.get("detail", "")).lower()
    return any(words in detail for words in _AGAIN)


def pause_asked(header: str | None, body: bytes) -> float | None:
    """Return for how many seconds a 429 asks to wait; None if it does not say.

    Neither is documented: both the header Retry-After and `retry_after` in JSON were
    seen (kommo-rest-api 3.1). A day at most.
    """
    said = _object(body) or {}
    for told in (header, said.get("retry_after")):
        text = str(told).strip()
        if text.isascii() and text.isdecimal():
            return min(float(text), _LONGEST_PAUSE)
    return None


def is_json(body: bytes) -> bool:
    """Tell whether a body is JSON from end to end."""
    try:
        json.decode(body)
    except (DecodeError, RecursionError):
        return False
    return True


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.decode(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
