"""The run log: what each job did, and how it ended."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from kommo_sync.store.tables import runs


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job; times are ours, not the CRM's."""

    id: int
    job: str
    started_at: int
    ended_at: int | None
    """None while it runs, or if it was killed."""
    outcome: str | None
    requests: int
    rows: int
    message: str | None


def begin(connection: Connection, account_id: int, job: str, now: int) -> int:
    """Note the start of a run; return its id."""
    last = select(func.max(runs.c.id)).where(runs.c.account_id == account_id)
    run_id = (connection.execute(last).scalar() or 0) + 1
    connection.execute(
        runs.insert().values(
            account_id=account_id,
            id=run_id,
            job=job,
            started_at=now,
            requests=0,
            rows=0,
        )
    )
    return run_id


def end(connection: Connection, account_id: int, run: Run) -> None:
    """Note how a run ended."""
    connection.execute(
        update(runs)
        .where(runs.c.account_id == account_id, runs.c.id == run.id)
        .values(
            ended_at=run.ended_at,
            outcome=run.outcome,
            requests=run.requests,
            rows=run.rows,
            message=run.message,
        )
    )


def newest(connection: Connection, account_id: int, limit: int) -> tuple[Run, ...]:
    """Return the last runs, the newest first."""
    wanted = [runs.c[name] for name in Run.__slots__]
    found = connection.execute(
        select(*wanted)
        .where(runs.c.account_id == account_id)
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return tuple(Run(*row) for row in found)
