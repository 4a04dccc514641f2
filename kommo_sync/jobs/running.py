"""How jobs are run: one at a time for an account, and each account by itself."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from kommo_sync.errors import KommoSyncError
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime, is_dead, own_name
from kommo_sync.store.account import AccountStore
from kommo_sync.store.leases import Lease

log = logging.getLogger(__name__)

LEASE_SECONDS = 900.0
"""How long a silent process keeps an account: longer than a page is ever tried for."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """How a job ended for one account: with a result, or with an error."""

    account_id: AccountId
    result: Result | None
    error: KommoSyncError | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, as the run log has it."""

    outcome: str = "interrupted"
    rows: int = 0
    why: str = ""


@contextmanager
def leased(rt: Runtime, store: AccountStore, job: str) -> Iterator[Lease]:
    """Hold a job of an account while the block runs, however it ends.

    Raises:
        Busy: another process holds it.
    """
    lease = store.take_lease(
        job, own_name(), rt.clock.now(), seconds=LEASE_SECONDS, is_dead=is_dead
    )
    try:
        yield lease
    finally:
        store.release(lease)
        rt.store.checkpoint()


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
