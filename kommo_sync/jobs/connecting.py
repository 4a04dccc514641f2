"""Connect an account: a token is tried, then saved."""

from dataclasses import dataclass
from datetime import UTC, datetime

from kommo_sync.errors import Forbidden, Unauthorized, WrongAddress
from kommo_sync.kommo.claims import token_claims
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import ACCOUNT_DOMAINS
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import page_request
from kommo_sync.model.entities import RECORDS, Account, AccountId, Part
from kommo_sync.runtime import Runtime

DAY_SECONDS = 86_400
SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Connected:
    """What connecting found.

    Args:
        account: the account that the token opens.
        token_expires_at: when the token ends, if it says so; Unix seconds.
        is_new: whether the account was not connected before.
        warnings: keys of what the operator should know.
    """

    account: Account
    token_expires_at: int | None
    is_new: bool
    warnings: tuple[str, ...]


def connect_account(rt: Runtime, base_url: str, token: str) -> Connected:
    """Try a token, and save it if it opens the account that the address names.

    Raises:
        WrongAddress: no address of Kommo's, or another account answers there.
        Unauthorized: the token is refused, has ended, or belongs to another account.
        Forbidden: it may not read leads or contacts.
        Unpaid: the account's subscription has ended.
        RetryLater: the CRM does not answer.
    """
    claims = token_claims(token)
    if claims and claims.exp is not None and claims.exp <= rt.now():
        raise Unauthorized(
            "The token ended on {day}: make a new one in the integration's settings "
            "and connect again.",
            day=datetime.fromtimestamp(claims.exp, UTC).date(),
        )
    client = rt.visitor(base_url, token)
    try:
        account = read_account(client)
        _check_address(client.origin, account)
        if claims and claims.account_id not in (None, account.id):
            raise Unauthorized(
                "The token belongs to account {other}, but {host} is account {id}: "
                "give the token and the address of the same account.",
                other=claims.account_id,
                host=client.origin,
                id=account.id,
            )
        warnings = _probe(client)
    finally:
        client.close()
    expires_at = claims.exp if claims else None
    if expires_at is not None and expires_at - rt.now() < SOON_DAYS * DAY_SECONDS:
        warnings = (*warnings, "connect.token_ends_soon")
    known = {connection.account_id for connection in rt.store.connections()}
    store = rt.store.account(AccountId(account.id))
    store.connect(
        client.origin, account.name, account.subdomain, token, expires_at, rt.now()
    )
    return Connected(account, expires_at, account.id not in known, warnings)


def read_account(client: KommoClient) -> Account:
    """Ask the CRM which account this is."""
    rows = client.page(Part.ACCOUNT, 1, priority=Priority.CLICKS).rows
    (account,) = (row for row in rows if isinstance(row, Account))
    return account


def _check_address(origin: str, account: Account) -> None:
    host = origin.partition("://")[2]
    named, _, domain = host.partition(".")
    if domain in ACCOUNT_DOMAINS and named != account.subdomain:
        raise WrongAddress(
            "{origin} answers as the account {subdomain}: connect with the address "
            "that the browser shows when you work in that account.",
            origin=origin,
            subdomain=account.subdomain,
        )


def _probe(client: KommoClient) -> tuple[str, ...]:
    """Read one of each kind that cannot be done without; tell what is hidden."""
    for part in RECORDS:
        client.get(page_request(part, 1, limit=1), Priority.CLICKS)
    try:
        client.get(page_request(Part.USERS, 1), Priority.CLICKS)
    except Forbidden:
        return ("connect.users_hidden",)
    return ()
