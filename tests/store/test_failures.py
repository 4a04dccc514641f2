"""A database that fails says so in one sentence, and nothing is half-written."""

import os
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import event, text

from kommo_sync.errors import Busy, StoreUnusable
from kommo_sync.model.entities import Part
from kommo_sync.store import schema
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.store import Store
from tests.store.rows import ACCOUNT, kept, lead, task

NOBODY = 65534
CLIENT = "Ana Souza"


@pytest.fixture
def impatient(sqlite_url: str) -> Iterator[Store]:
    """A store that does not wait for locks."""
    store = Store.open(sqlite_url)
    store.database.close()
    event.listen(
        store.database.writer,
        "connect",
        lambda made, _: made.execute("PRAGMA busy_timeout=0"),
    )
    yield store
    store.database.close()


def logged(error: BaseException) -> str:
    """Return what a log shows of an error, but for the lines of code."""
    shown = traceback.TracebackException.from_exception(error)
    return "".join(line for line in shown.format() if not line.startswith('  File "'))


def small_disk(store: Store) -> None:
    """Let SQLite believe that the disk ends where the file ends now."""
    event.listen(
        store.database.writer,
        "begin",
        lambda made: made.exec_driver_sql("PRAGMA max_page_count=1"),
    )


def test_a_full_disk_is_told_and_what_was_kept_is_whole(file_store: Store):
    account = file_store.account(ACCOUNT)
    account.keep_page(Part.LEADS, [lead(1)], Cursor(page=2), seen_at=100)
    small_disk(file_store)
    long = [lead(one, name="x" * 4000) for one in range(2, 200)]
    with pytest.raises(StoreUnusable, match=r"disk is full.*free space and start"):
        account.keep_page(Part.LEADS, long, Cursor(page=3), seen_at=100)
    assert set(kept(account, Part.LEADS)) == {1}
    assert account.cursor(Part.LEADS).page == 2


def test_a_failure_between_rows_and_cursor_leaves_neither(account: AccountStore):
    with account.database.writing() as connection:
        connection.execute(text("DROP TABLE cursors"))
    with pytest.raises(StoreUnusable, match=r"refused.*cursors.*kommo-sync doctor"):
        account.keep_page(Part.LEADS, [lead(1)], Cursor(page=2), seen_at=100)
    assert kept(account, Part.LEADS) == {}


def test_an_error_never_tells_what_was_to_be_written(account: AccountStore):
    with account.database.writing() as connection:
        connection.execute(text("DROP TABLE leads"))
    with pytest.raises(StoreUnusable, match="leads") as caught:
        account.keep_rows(Part.LEADS, [lead(1, name=CLIENT)], seen_at=100)
    assert CLIENT not in logged(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": None},
        {"price": 2**63},
        {"name": {CLIENT: 1}},
        {"name": f"{CLIENT}\ud83d"},
    ],
    ids=["empty", "too large", "of another kind", "half an emoji"],
)
def test_a_value_that_is_refused_stays_unsaid(
    account: AccountStore, changes: dict[str, Any]
):
    rows = [lead(1, name=CLIENT)._replace(**changes)]
    with pytest.raises(StoreUnusable, match=r"refused.*nothing of it was") as caught:
        account.keep_rows(Part.LEADS, rows, seen_at=100)
    told = logged(caught.value)
    assert not any(secret in told for secret in (CLIENT, str(2**63), r"\ud83d"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO merges SELECT account_id, text, 1, 2, 3 FROM tasks",
        "UPDATE tasks SET text = NULL",
        "CREATE UNIQUE INDEX twice ON tasks (text)",
    ],
)
def test_a_row_that_is_in_the_way_stays_unsaid(account: AccountStore, statement: str):
    rows = [task(one, "leads", 5, text=CLIENT) for one in (1, 2)]
    account.keep_rows(Part.TASKS, rows, seen_at=100)
    with (
        pytest.raises(StoreUnusable, match="refused") as caught,
        account.database.writing() as connection,
    ):
        connection.execute(text(statement))
    assert CLIENT not in logged(caught.value)


def test_a_text_that_is_none_stays_unsaid(file_store: Store):
    account = file_store.account(ACCOUNT)
    with account.database.writing() as connection:
        connection.execute(text("CREATE VIEW torn AS SELECT CAST(x'416e61ff' AS TEXT)"))
    with (
        pytest.raises(StoreUnusable, match=r"refused.*OperationalError\)") as caught,
        account.database.reading() as connection,
    ):
        connection.execute(text("SELECT * FROM torn")).all()
    assert "Ana" not in logged(caught.value)


def test_a_lock_that_lasts_is_busy_not_broken(impatient: Store):
    other = sqlite3.connect(str(impatient.database.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match=r"stayed locked.*another process"):
        impatient.account(ACCOUNT).keep_rows(Part.LEADS, [lead(1)], seen_at=100)
    other.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(StoreUnusable, match=r"letter\.db is not a SQLite database"):
        Store.open(f"sqlite:///{path}")


def test_a_damaged_file_is_told(sqlite_url: str):
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
    with pytest.raises(StoreUnusable, match="damaged"):
        Store.open(sqlite_url)


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Act without root's right to write everywhere, if we have it."""
    was = os.geteuid()
    os.seteuid(NOBODY if was == 0 else was)
    try:
        yield
    finally:
        os.seteuid(was)


def open_and_write(url: str) -> None:
    store = Store.open(url)
    try:
        store.account(ACCOUNT).keep_rows(Part.LEADS, [lead(1)], seen_at=100)
    finally:
        store.database.close()


@pytest.mark.parametrize("read_only", ["kept.db", ""])
def test_without_the_right_to_write_it_says_so(read_only: str):
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/kept.db"
        schema.migrate(url)
        Path(folder).chmod(0o777)
        Path(folder, "kept.db").chmod(0o666)
        Path(folder, read_only).chmod(0o555)
        with an_ordinary_user(), pytest.raises(StoreUnusable) as caught:
            open_and_write(url)
    assert "kept.db" in str(caught.value)
    assert "write" in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StoreUnusable, match=r"absent for the database is not there"):
        schema.migrate(f"sqlite:///{tmp_path}/absent/kept.db")


def test_a_postgres_that_is_out_of_reach_is_told_without_the_password(tmp_path: Path):
    with pytest.raises(StoreUnusable, match="cannot be reached") as caught:
        Store.open(f"postgresql://ana:hunter2@/kept?host={tmp_path}")
    assert "hunter2" not in str(caught.value)


def test_a_postgres_that_is_locked_is_busy(postgres_url: str):
    store = Store.open(postgres_url)
    event.listen(
        store.database.writer,
        "begin",
        lambda made: made.exec_driver_sql("SET LOCAL lock_timeout = 1"),
    )
    with store.database.writing(ACCOUNT), pytest.raises(Busy, match="stayed locked"):
        store.account(ACCOUNT).keep_rows(Part.LEADS, [lead(1)], seen_at=100)
    store.close()
