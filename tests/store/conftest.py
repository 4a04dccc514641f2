from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from kommo_sync.model.entities import AccountId
from kommo_sync.store import schema
from kommo_sync.store.account import AccountStore
from kommo_sync.store.store import Store
from tests.store.databases import new_postgres, postgres_server
from tests.store.rows import ACCOUNT, KEY

_account_ids = count(41_000_001)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A Postgres server of this test process."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
    else:
        with new_postgres(request.getfixturevalue("postgres"), migrated=False) as url:
            yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/kept.db"
    schema.migrate(url)
    return url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    with new_postgres(postgres, migrated=True) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database; a test that takes it runs on both kinds."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url, key=KEY) as opened:
        yield opened


@pytest.fixture
def account(store: Store) -> AccountStore:
    return store.account(ACCOUNT)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def lasting_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store for all tests of a module, each with an account of its own."""
    with ExitStack() as stack:
        if request.param == "postgres":
            main = request.getfixturevalue("postgres")
            url = stack.enter_context(new_postgres(main, migrated=True))
        else:
            url = f"sqlite:///{tmp_path_factory.mktemp('lasting')}/kept.db"
            schema.migrate(url)
        yield stack.enter_context(Store.open(url, key=KEY))


@pytest.fixture
def new_account(lasting_store: Store) -> AccountStore:
    """An account that no other test has; made in no time."""
    return lasting_store.account(AccountId(next(_account_ids)))


@pytest.fixture
def file_store(sqlite_url: str) -> Iterator[Store]:
    """A store that is a SQLite file, for what concerns files only."""
    with Store.open(sqlite_url, key=KEY) as opened:
        yield opened
