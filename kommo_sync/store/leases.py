"""One process a job and account: leases with an owner, an end and an epoch.

The epoch rises with each taking. A holder that was thought dead is stopped by it: its
next write finds another epoch, and nothing is written.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    select,
    update,
)

from kommo_sync.errors import Busy
from kommo_sync.store.tables import leases


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a job of an account, until somebody takes it over."""

    account_id: int
    job: str
    owner: str
    epoch: int
    seconds: float
    """How long it holds after each renewal."""


_OURS = and_(
    leases.c.account_id == bindparam("account"),
    leases.c.job == bindparam("its_job"),
    leases.c.owner == bindparam("its_owner"),
    leases.c.epoch == bindparam("its_epoch"),
)
# Made once: a page is kept in less time than it takes to write a statement anew.
_HELD = select(leases.c.epoch).where(_OURS)
_RENEWED = update(leases).where(_OURS).values(until=bindparam("end"))


def take(
    connection: Connection,
    wanted: Lease,
    now: float,
    is_dead: Callable[[str], bool],
) -> Lease:
    """Return the lease with its epoch, if nobody alive holds it.

    Args:
        connection: in a writing transaction.
        wanted: the lease; its epoch does not matter.
        now: Unix seconds by the clock that all owners share.
        is_dead: whether an owner is known to have ended.

    Raises:
        Busy: another owner holds it.
    """
    kept = connection.execute(select(leases).where(*_named(wanted))).first()
    if kept is not None and _is_held(kept, wanted.owner, now, is_dead):
        raise Busy(
            "The job {job} of account {account_id} is being done by {owner} since "
            "{since}: wait until it ends, or stop it.",
            job=wanted.job,
            account_id=wanted.account_id,
            owner=kept.owner,
            since=datetime.fromtimestamp(kept.since, UTC).isoformat(" ", "seconds"),
        )
    epoch = 1 if kept is None else kept.epoch + 1
    values = {
        "owner": wanted.owner,
        "since": now,
        "until": now + wanted.seconds,
        "epoch": epoch,
    }
    if kept is None:
        key = {"account_id": wanted.account_id, "job": wanted.job}
        connection.execute(leases.insert().values(**key, **values))
    else:
        connection.execute(update(leases).where(*_named(wanted)).values(**values))
    return replace(wanted, epoch=epoch)


def hold(connection: Connection, lease: Lease, now: float | None) -> None:
    """Make sure that the lease is still ours, and renew it if `now` is given.

    Raises:
        Busy: another owner has taken it over.
    """
    ours: dict[str, object] = {
        "account": lease.account_id,
        "its_job": lease.job,
        "its_owner": lease.owner,
        "its_epoch": lease.epoch,
    }
    if now is None:
        # Whoever takes it over writes to the same account, and so waits for this one.
        is_held = connection.execute(_HELD, ours).first() is not None
    else:
        renewed = connection.execute(_RENEWED, ours | {"end": now + lease.seconds})
        is_held = renewed.rowcount > 0
    if not is_held:
        raise Busy(
            "The job {job} of account {account_id} was taken over from {owner}, which "
            "was silent for longer than {seconds} s: it stops here, nothing is lost.",
            job=lease.job,
            account_id=lease.account_id,
            owner=lease.owner,
            seconds=lease.seconds,
        )


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease up; nothing happens if another owner has it."""
    connection.execute(
        update(leases)
        .where(*_named(lease), *_ours(lease))
        .values(owner="", until=0, epoch=lease.epoch + 1)
    )


def _is_held(
    kept: Row[tuple[object, ...]],
    owner: str,
    now: float,
    is_dead: Callable[[str], bool],
) -> bool:
    return (
        kept.owner not in ("", owner) and kept.until > now and not is_dead(kept.owner)
    )


def _named(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return leases.c.account_id == lease.account_id, leases.c.job == lease.job


def _ours(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return leases.c.owner == lease.owner, leases.c.epoch == lease.epoch
