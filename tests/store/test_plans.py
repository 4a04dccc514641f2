"""What is asked of a large database is found by an index, never by reading it all."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from kommo_sync.model.entities import Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.store import Store
from tests.store.rows import ACCOUNT, lead


@pytest.fixture
def account(file_store: Store) -> AccountStore:
    """On SQLite, which knows nothing of how much there is of what."""
    return file_store.account(ACCOUNT)


def plans(account: AccountStore, table: str, ask: Callable[[], object]) -> list[str]:
    """Return how SQLite finds rows of a table while it is asked something."""
    asked: list[tuple[str, Any]] = []

    def note(
        _made: Any, _cursor: Any, statement: str, values: Any, *_more: Any
    ) -> None:
        one = values[0] if isinstance(values, list) else values
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, one))

    engines = (account.database.writer, account.database.reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    ask()
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    steps: list[str] = []
    with account.database.reading() as connection:
        for statement, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps += [row.detail for row in plan]
    return [step for step in steps if f" {table} " in step]


@pytest.mark.parametrize("count", [1, 20])
def test_events_are_found_by_type_and_time(account: AccountStore, count: int):
    types = [f"type_{one}" for one in range(count)]
    found = plans(account, "events", lambda: account.facts().events(types, 5))
    assert len(found) == count
    assert all("type=? AND created_at>?" in step for step in found)


@pytest.mark.parametrize("table", ["leads", "lead_contacts"])
def test_a_merge_finds_the_leads_of_a_contact(account: AccountStore, table: str):
    rows = [
        lead(1, main_contact_id=4, contact_ids="[4]"),
        lead(2, main_contact_id=9, contact_ids="[9,4]"),
    ]
    account.keep_rows(Part.LEADS, rows, seen_at=90)
    merge = plans(account, table, lambda: account.merge(Part.CONTACTS, 4, 5, at=100))
    assert len(merge) >= 2
    assert not [step for step in merge if "id=? AND" not in step]


@pytest.mark.parametrize("part", [Part.CONTACTS, Part.COMPANIES])
def test_who_points_at_a_card_is_found(account: AccountStore, part: Part):
    facts = account.facts()
    found = plans(account, "leads", lambda: facts.pointing_at(part, range(600)))
    assert len(found) == 2
    assert all("_id=?)" in step for step in found)
