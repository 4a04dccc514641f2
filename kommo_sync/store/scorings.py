"""What judgements were made with: scorings, and the terms of past quarters."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from kommo_sync.model.judged import BacktestRow, ScoringRow
from kommo_sync.store import upserts
from kommo_sync.store.tables import backtests, scorings, terms

_WANTED = select(*(scorings.c[name] for name in ScoringRow._fields))


def add(connection: Connection, account_id: int, scoring: ScoringRow) -> ScoringRow:
    """Keep a scoring under the next id, whatever its own; return it with that id."""
    last = select(func.coalesce(func.max(scorings.c.id), 0)).where(
        scorings.c.account_id == account_id
    )
    added = scoring._replace(id=connection.execute(last).scalar_one() + 1)
    upserts.write(connection, scorings, [(account_id, *added)])
    return added


def newest(connection: Connection, account_id: int) -> ScoringRow | None:
    """Return the scoring that was added last."""
    wanted = _WANTED.where(scorings.c.account_id == account_id)
    found = connection.execute(wanted.order_by(scorings.c.id.desc()).limit(1)).first()
    return ScoringRow(*found) if found else None


def by_id(connection: Connection, account_id: int, scoring_id: int) -> ScoringRow:
    """Return a scoring.

    Raises:
        ValueError: there is none of that id.
    """
    wanted = _WANTED.where(
        scorings.c.account_id == account_id, scorings.c.id == scoring_id
    )
    found = connection.execute(wanted).first()
    if found is None:
        raise ValueError(f"scoring {scoring_id} of account {account_id}: there is none")
    return ScoringRow(*found)


def add_backtest(connection: Connection, account_id: int, row: BacktestRow) -> None:
    """Keep a back-test under the next id, whatever its own."""
    last = select(func.coalesce(func.max(backtests.c.id), 0)).where(
        backtests.c.account_id == account_id
    )
    added = row._replace(id=connection.execute(last).scalar_one() + 1)
    upserts.write(connection, backtests, [(account_id, *added)])


def newest_backtest(connection: Connection, account_id: int) -> BacktestRow | None:
    """Return the back-test that was kept last."""
    wanted = select(*(backtests.c[name] for name in BacktestRow._fields)).where(
        backtests.c.account_id == account_id
    )
    found = connection.execute(wanted.order_by(backtests.c.id.desc()).limit(1)).first()
    return BacktestRow(*found) if found else None


def put_terms(
    connection: Connection, account_id: int, given: Mapping[int, str], force: bool
) -> dict[int, str]:
    """Keep the terms of days that have none, of all if forced; return what is kept."""
    kept = all_terms(connection, account_id)
    new = given if force else {day: given[day] for day in given.keys() - kept.keys()}
    rows = [(account_id, day, parameters) for day, parameters in new.items()]
    upserts.write(connection, terms, rows)
    return dict(sorted({**kept, **new}.items()))


def all_terms(connection: Connection, account_id: int) -> dict[int, str]:
    """Return the kept terms by the first day of the quarter, ascending."""
    wanted = select(terms.c.day, terms.c.parameters)
    ours = wanted.where(terms.c.account_id == account_id).order_by(terms.c.day)
    return {row.day: row.parameters for row in connection.execute(ours)}
