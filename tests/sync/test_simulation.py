"""P3: no change in the CRM is missed for longer than one cycle, whatever people do."""

import random
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kommo_sync.errors import RetryLater
from kommo_sync.kommo import protocol
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store.store import Store
from kommo_sync.sync.asking import Reading
from tests.sync.world import (
    Meddling,
    People,
    careless,
    cycle,
    desk_of,
    differences,
    new_store,
    refill,
)

RECORDS = 400
RUNS = 2_000
SHARES = 10
"""The runs are cut into so many tests, for as many hands as there are."""
STREAMS = ("leads", "contacts")
LAGS = (0.0, 0.0, 5.0, 20.0)
"""Seconds for which lists, that of events too, do not show what is new."""


@dataclass
class Bench:
    """One account and one database, used again for each run."""

    store: Store
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox.empty(clock=self.clock)

    def simulate(self, seed: int) -> list[str]:
        """Read while people work, a first time or again; then once more in peace.

        By the seed, one to three requests are on their way at once, and lists lag.
        Returns what then differs.
        """
        chance, clock, sandbox = random.Random(seed), self.clock, self.sandbox
        clear(self.store)
        sandbox.state.lag_seconds = 0.0
        refill(sandbox, RECORDS, chance)
        sandbox.state.lag_seconds = chance.choice(LAGS)
        people = People(sandbox, chance, deeds=0.0)

        def meanwhile(_request: object) -> None:
            people.work()
            clock.advance(chance.choice((0.0, 0.15, 0.4, 2.0)))

        desk = desk_of(
            sandbox,
            self.store,
            clock,
            reading=Reading(page_size=50, in_flight=1 + seed % 3, sweep_days=10_000),
            transport=Meddling(sandbox.transport(), meanwhile),
        )
        if seed % 2:
            cycle(desk, streams=STREAMS)
            clock.advance(3_600)
            for _ in range(150):
                people.one_deed()
        people.deeds = chance.choice((0.1, 0.4))
        # Where records go away faster than pages are read again, a cycle says so.
        with suppress(RetryLater):
            cycle(desk, streams=STREAMS)
        clock.advance(3_600)
        people.deeds = 0.0
        cycle(desk, streams=STREAMS)
        desk.crm.close()
        return differences(sandbox, self.store)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(careless(new_store(tmp_path)))


def clear(store: Store) -> None:
    """Forget everything, between runs."""
    with store.database.writer.begin() as connection:
        for table in store_tables(store):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
    store.checkpoint()  # or the log would grow, and with it each look into it


def store_tables(store: Store) -> list[str]:
    with store.database.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite%' AND name <> 'alembic_version'"
        )
        return [row[0] for row in rows]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_people_do_while_pages_are_read_the_next_cycle_shows_it(
    share: int, bench: Bench
) -> None:
    for seed in range(share, RUNS, SHARES):
        assert (seed, bench.simulate(seed)) == (seed, [])


def test_pages_ordered_by_change_would_lose_records(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: it shows that the simulation can fail."""
    monkeypatch.setattr(protocol, "_BY_ID", ("order[updated_at]", "asc"))
    monkeypatch.setattr(protocol, "_check_order", lambda *_: None)
    assert any(bench.simulate(seed) for seed in range(40))


def test_a_deletion_that_hides_nothing_would_lose_records(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: deletions are followed, but moved pages are not read again."""
    monkeypatch.setattr("kommo_sync.sync.rounds.suspects", lambda *_: frozenset[int]())
    assert any(bench.simulate(seed) for seed in range(40))
