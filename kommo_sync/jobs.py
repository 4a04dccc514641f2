"""The walk of the data, one short function a stage. New here? Read this first.

connect   a person        a token is tried, then saved           `connect_account`
sync      each hour       CRM → store                            `sync_account`

No stage calls the next: each reads what the last one left in the store, so any can be
run alone, again after a crash, or not at all.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Generic, TypeVar

from kommo_sync.errors import (
    Forbidden,
    KommoSyncError,
    RetryLater,
    Unauthorized,
    WrongAddress,
)
from kommo_sync.kommo.claims import token_claims
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import ACCOUNT_DOMAINS
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import page_request
from kommo_sync.model.entities import RECORDS, Account, AccountId, Part
from kommo_sync.runtime import Runtime, is_dead, own_name
from kommo_sync.store.account import AccountStore
from kommo_sync.store.leases import Lease
from kommo_sync.sync.asking import Reading
from kommo_sync.sync.cycle import PartReport, pull
from kommo_sync.sync.recount import count_records, count_won, sum_won
from kommo_sync.sync.walk import Desk, Progress

log = logging.getLogger(__name__)

LEASE_SECONDS = 900.0
"""How long a silent process keeps an account: longer than a page is ever tried for."""
DAY_SECONDS = 86_400
SOON_DAYS = 30
SECOND_DOUBT = 2
DOUBTS_A_SWEEP = 24
"""A count that differs lastingly has a kind read whole again after so many syncs."""
SUMMED_LEADS = 5_000
"""Up to so many won leads are read after each sync for their sum: twenty requests."""

Result = TypeVar("Result")


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


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did.

    Args:
        account_id: whose.
        parts: one a part, in order.
        requests: how many were sent.
        seconds: how long it took.
        deleted: records found gone.
        merged: those of them that were merged into another.
    """

    account_id: AccountId
    parts: tuple[PartReport, ...]
    requests: int
    seconds: float
    deleted: int
    merged: int


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """How a job ended for one account: with a result, or with an error."""

    account_id: AccountId
    result: Result | None
    error: KommoSyncError | None


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
        account = _account(client)
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


def _account(client: KommoClient) -> Account:
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


def sync_account(
    rt: Runtime,
    account_id: AccountId,
    *,
    full: bool = False,
    streams: Collection[str] = (),
    progress: Progress,
) -> SyncReport:
    """Bring an account's records up to date, from wherever the last run left it.

    Raises:
        Busy: another process syncs this account.
        RetryLater: the CRM does not answer; what was kept stays.
        NeedsOperator: the CRM refuses.
    """
    store = rt.store.account(account_id)
    began, ending = rt.clock.now(), _Ending()
    with closing(rt.client(account_id)) as client, _leased(rt, store) as lease:
        run_id = store.begin_run("sync", int(began))
        try:
            breathe = partial(_breathe, rt, store, lease)
            desk = Desk(client, store, lease, reading_of(rt), progress, breathe)
            done = pull(desk, full=full, streams=streams)
            _recount_at_leisure(rt, account_id, client)
            ending = _Ending("done", sum(part.rows for part in done.parts))
            return SyncReport(
                account_id,
                done.parts,
                client.requests,
                rt.clock.now() - began,
                done.deleted,
                done.merged,
            )
        except KommoSyncError as error:
            ending = _Ending("failed", 0, str(error))
            if isinstance(error, Unauthorized) and _is_refused(client):
                store.set_state("reconnect")
            raise
        finally:
            ended, sent = rt.now(), client.requests
            store.end_run(run_id, ending.outcome, ended, sent, ending.rows, ending.why)


@contextmanager
def _leased(rt: Runtime, store: AccountStore) -> Iterator[Lease]:
    """Hold an account while the block runs, however it ends.

    Raises:
        Busy: another process holds it.
    """
    lease = store.take_lease(
        "sync", own_name(), rt.clock.now(), seconds=LEASE_SECONDS, is_dead=is_dead
    )
    try:
        yield lease
    finally:
        store.release(lease)
        rt.store.checkpoint()


def _is_refused(client: KommoClient) -> bool:
    """Ask once more: a token that is refused twice is not tried again by anybody."""
    try:
        _account(client)
    except Unauthorized:
        return True
    except KommoSyncError:
        return False
    return False


def reading_of(rt: Runtime) -> Reading:
    """Return how accounts are read, as configured."""
    kommo, sync = rt.config.kommo, rt.config.sync
    return Reading(
        overlap_seconds=sync.overlap_seconds,
        history_days=sync.history_days,
        sweep_days=sync.sweep_days,
        in_flight=kommo.in_flight,
        page_size=kommo.page_size,
        pace=kommo.requests_per_second,
    )


def _breathe(rt: Runtime, store: AccountStore, lease: Lease) -> None:
    store.renew(lease, rt.clock.now())
    rt.store.checkpoint()


@dataclass(frozen=True, slots=True)
class _Ending:
    outcome: str = "interrupted"
    rows: int = 0
    why: str = ""


def _recount_at_leisure(
    rt: Runtime, account_id: AccountId, client: KommoClient
) -> None:
    """Count, if the CRM answers: what was read is good without it."""
    try:
        recount(rt, account_id, client)
    except RetryLater as error:
        log.warning("not counted", extra={"account": account_id, "why": str(error)})


def recount(rt: Runtime, account_id: AccountId, client: KommoClient) -> None:
    """Ask the CRM how much it holds, and keep that beside what we hold."""
    store = rt.store.account(account_id)
    counts = store.counts()
    for part in RECORDS:
        held = counts.get(part, 0)
        told = count_records(client, part, held, Priority.RECONCILIATION)
        store.save_count(part, told, client.server_time)
        _weigh(store, part, agrees=told == held)
    if pipelines := store.facts().pipeline_ids():
        _recount_won(store, pipelines, client)


def _recount_won(
    store: AccountStore, pipelines: tuple[int, ...], client: KommoClient
) -> None:
    """Ask for the number of won leads, and for their sum where they are not many."""
    held, total = store.won().count, None
    if held <= SUMMED_LEADS:
        count, total = sum_won(client, pipelines, Priority.RECONCILIATION)
    else:
        count = count_won(client, pipelines, held, Priority.RECONCILIATION)
    store.save_crm_won(count, total, client.server_time)


def _weigh(store: AccountStore, part: Part, *, agrees: bool) -> None:
    """Have a kind of which the CRM counts otherwise, time and again, read whole.

    Once may be a record that came or went during the sync. What makes the difference
    is read whole the second time, and then once in a while: it may be lasting.
    """
    cursor = store.cursor(part)
    doubts = 0 if agrees else cursor.doubts + 1
    if doubts == cursor.doubts:
        return
    is_due = doubts == SECOND_DOUBT or (doubts > 0 and doubts % DOUBTS_A_SWEEP == 0)
    full_at = None if is_due else cursor.full_at
    store.save_cursor(part, replace(cursor, doubts=doubts, full_at=full_at))


def run(
    account_ids: Iterable[AccountId], work: Callable[[AccountId], Result]
) -> tuple[Outcome[Result], ...]:
    """Do a job for each account; one account's failure never stops another's."""
    return tuple(_run_one(account_id, work) for account_id in account_ids)


def _run_one(
    account_id: AccountId, work: Callable[[AccountId], Result]
) -> Outcome[Result]:
    try:
        return Outcome(account_id, work(account_id), None)
    except KommoSyncError as error:
        log.warning("job failed", extra={"account": account_id, "why": str(error)})
        return Outcome(account_id, None, error)
    except Exception as error:  # the one place where anything is caught
        log.exception("job broke", extra={"account": account_id})
        return Outcome(account_id, None, _unforeseen(error))


def _unforeseen(error: Exception) -> KommoSyncError:
    return KommoSyncError(
        "Something went wrong that this program did not foresee ({kind}): the log "
        "says where; please report it.",
        kind=type(error).__name__,
    )
