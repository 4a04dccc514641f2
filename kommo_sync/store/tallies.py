"""Where all clients stand, counted by the database."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, func, select

from kommo_sync.store.tables import judgements


@dataclass(frozen=True, slots=True)
class Tally:
    """Some clients: how many, and what is at stake with them.

    Args:
        clients: how many.
        loss: hundredths, the sum of expected losses.
        flagged: how many of them are flagged.
        flagged_loss: the sum of theirs.
    """

    clients: int
    loss: int
    flagged: int
    flagged_loss: int


@dataclass(frozen=True, slots=True)
class Picture:
    """All judged clients, by stage and by segment."""

    stages: dict[str, Tally]
    segments: dict[str, Tally]


def picture(connection: Connection, account_id: int) -> Picture:
    """Return the judgements that are in force, counted."""
    return Picture(
        _by(connection, account_id, judgements.c.stage),
        _by(connection, account_id, judgements.c.segment),
    )


def _by(
    connection: Connection, account_id: int, column: Column[str]
) -> dict[str, Tally]:
    loss, flagged = judgements.c.expected_loss, judgements.c.flagged
    wanted = (
        select(
            column,
            func.count(),
            func.sum(loss),
            func.sum(flagged),
            func.sum(loss * flagged),
        )
        .where(judgements.c.account_id == account_id)
        .group_by(column)
    )
    return {name: Tally(*map(int, sums)) for name, *sums in connection.execute(wanted)}
