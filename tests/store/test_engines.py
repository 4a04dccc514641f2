"""How the two databases are opened, written and read."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from kommo_sync.errors import ConfigError, StoreUnusable
from kommo_sync.model.entities import Part
from kommo_sync.store import schema
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.engines import create_file
from kommo_sync.store.store import Store
from tests.store.rows import ACCOUNT, kept, lead


def pragma(store: Store, name: str) -> object:
    with store.database.writing() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


def test_a_commit_on_sqlite_is_on_the_disk_before_it_returns(file_store: Store):
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    wanted |= {"wal_autocheckpoint": 0, "mmap_size": 0, "trusted_schema": 0}
    assert {name: pragma(file_store, name) for name in wanted} == wanted


def test_a_sqlite_file_and_its_companions_are_for_their_owner_alone(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/new.db"
    schema.migrate(url)
    with Store.open(url) as store:
        store.slots(ACCOUNT, egress="").reserve(0, 100.0)
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()
        }
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_writers_that_read_first_do_not_trip_over_each_other(account: AccountStore):
    def add_one(_turn: int) -> None:
        with account.database.writing(ACCOUNT) as connection:
            found = connection.execute(text("SELECT count(*) FROM runs")).scalar_one()
            connection.execute(
                text(
                    "INSERT INTO runs VALUES (1, :id, 'x', 1, NULL, NULL, 0, 0, NULL)"
                ),
                {"id": found},
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))
    with account.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar() == 40


def test_a_reader_sees_one_moment_and_cannot_write(account: AccountStore):
    account.keep_rows(Part.LEADS, [lead(1)], seen_at=100)
    with account.database.reading() as connection:
        count = text("SELECT count(*) FROM leads")
        before = connection.execute(count).scalar()
        account.keep_rows(Part.LEADS, [lead(2)], seen_at=100)
        assert (before, connection.execute(count).scalar()) == (1, 1)
    with (
        pytest.raises(StoreUnusable, match="read-only"),
        account.database.reading() as connection,
    ):
        connection.execute(text("DELETE FROM leads"))
    assert set(kept(account, Part.LEADS)) == {1, 2}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///kept.db",
        "sqlite:////tmp/kept.db?mode=memory",
        "mysql://u:hunter2@h/d",
        "hunter2",
        "",
    ],
)
def test_a_url_that_cannot_last_is_refused_without_its_password(url: str):
    with pytest.raises(ConfigError, match="sqlite:////") as caught:
        Store.open(url)
    assert "hunter2" not in str(caught.value)


def test_a_checkpoint_empties_what_was_written_ahead(file_store: Store):
    account = file_store.account(ACCOUNT)
    path = file_store.database.path
    assert path is not None
    before = path.stat().st_size
    for page in range(1, 5):
        rows = [lead(page * 250 + one) for one in range(250)]
        account.keep_page(Part.LEADS, rows, Cursor(page=page), seen_at=100)
    assert path.stat().st_size == before
    file_store.checkpoint()
    assert path.stat().st_size > before
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as alone:
        [(found,)] = alone.execute("SELECT count(*) FROM leads")
    alone.close()
    assert found == 1000


def test_the_doctor_hears_how_a_file_is(file_store: Store):
    found = file_store.health()
    assert found["quick_check"] == "ok"
    assert (found["journal_mode"], found["mode"]) == ("wal", "600")
    assert found["revision"] == schema.head()
    assert found["is_network_file_system"] is False
    assert isinstance(found["free_bytes"], int)


def test_the_doctor_hears_which_database_it_is(store: Store):
    found = store.health()
    assert found["kind"] in ("sqlite", "postgresql")
    assert str(found["version"])[0].isdigit()


def test_a_new_file_appears_with_its_journal_mode_set(tmp_path: Path):
    path = tmp_path / "new.db"
    create_file(path)
    # https://www.sqlite.org/fileformat.html: bytes 18 and 19, 2 is WAL.
    assert path.read_bytes()[18:20] == b"\x02\x02"
    assert [one.name for one in tmp_path.iterdir()] == ["new.db"]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path):
    path = tmp_path / "kept.db"
    path.write_text("mine")
    create_file(path)
    assert path.read_text() == "mine"
