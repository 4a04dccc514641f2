"""Sync an account: CRM → store, and a count of what each of them holds."""

import logging
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from kommo_sync.errors import KommoSyncError, RetryLater, Unauthorized
from kommo_sync.jobs.connecting import read_account
from kommo_sync.jobs.running import Ending, leased
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.ports import Priority
from kommo_sync.model.entities import RECORDS, AccountId, Part
from kommo_sync.runtime import Runtime
from kommo_sync.store.account import AccountStore
from kommo_sync.store.leases import Lease
from kommo_sync.sync.asking import Reading
from kommo_sync.sync.cycle import PartReport, pull
from kommo_sync.sync.recount import count_records, count_won, sum_won
from kommo_sync.sync.walk import Desk, Progress

log = logging.getLogger(__name__)

SECOND_DOUBT = 2
DOUBTS_A_SWEEP = 24
"""A count that differs lastingly has a kind read whole again after so many syncs."""
SUMMED_LEADS = 5_000
"""Up to so many won leads are read after each sync for their sum: twenty requests."""


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
    began, ending = rt.clock.now(), Ending()
    with closing(rt.client(account_id)) as client, leased(rt, store, "sync") as lease:
        run_id = store.begin_run("sync", int(began))
        try:
            breathe = partial(_breathe, rt, store, lease)
            desk = Desk(client, store, lease, reading_of(rt), progress, breathe)
            done = pull(desk, full=full, streams=streams)
            _recount_at_leisure(rt, account_id, client)
            ending = Ending("done", sum(part.rows for part in done.parts))
            return SyncReport(
                account_id,
                done.parts,
                client.requests,
                rt.clock.now() - began,
                done.deleted,
                done.merged,
            )
        except KommoSyncError as error:
            ending = Ending("failed", 0, str(error))
            if isinstance(error, Unauthorized) and _is_refused(client):
                store.set_state("reconnect")
            raise
        finally:
            ended, sent = rt.now(), client.requests
            store.end_run(run_id, ending.outcome, ended, sent, ending.rows, ending.why)


def _is_refused(client: KommoClient) -> bool:
    """Ask once more: a token that is refused twice is not tried again by anybody."""
    try:
        read_account(client)
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
