from collections.abc import Iterator
from pathlib import Path

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store.store import Store
from kommo_sync.sync.walk import Desk
from tests.store.databases import new_postgres, postgres_server
from tests.sync.world import READING, Meddling, careless, desk_of, new_store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A Postgres server of this test process."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A migrated database; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        with careless(new_store(tmp_path)) as opened:
            yield opened
        return
    main = request.getfixturevalue("postgres")
    with new_postgres(main, migrated=True) as url, Store.open(url, key=bytes(32)) as s:
        yield s


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    made = Sandbox.generated(clients=40, seed=4, clock=clock)
    made.state.choices.incoming_leads_are_listed = True
    return made


@pytest.fixture
def desk(sandbox: Sandbox, store: Store, clock: ManualClock) -> Desk:
    """Reads the account; each request takes some time."""
    taking_time = Meddling(sandbox.transport(), lambda _request: clock.advance(0.2))
    return desk_of(sandbox, store, clock, reading=READING, transport=taking_time)
