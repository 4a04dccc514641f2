"""Migrations go up and down, and leave the old state or the new one."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text

from kommo_sync.errors import NewerSchema, OlderSchema
from kommo_sync.store import schema
from kommo_sync.store.engines import open_database
from kommo_sync.store.store import Store

DIES_AT = """
import os, signal, sys
from sqlalchemy import Engine, event
from kommo_sync.store import schema
left = int(sys.argv[2])
@event.listens_for(Engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    global left
    left -= statement.lstrip().startswith(("CREATE", "INSERT", "UPDATE"))
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
schema.migrate(sys.argv[1])
"""
JUDGED = {
    "backtests",
    "client_members",
    "contact_points",
    "counted_deals",
    "judgement_log",
    "judgements",
    "scorings",
    "scorings_state",
    "summaries",
    "terms",
    "touched_clients",
}


def tables(url: str) -> list[str]:
    database = open_database(url)
    with database.reading() as connection:
        names = inspect(connection).get_table_names()
    database.close()
    return [name for name in names if name != "alembic_version"]


def test_up_then_down_then_up_again_leaves_what_the_code_says(empty_url: str):
    assert schema.migrate(empty_url) == schema.head() == schema.current(empty_url)
    assert schema.check(empty_url) == ()
    assert schema.downgrade(empty_url, "base") is None
    assert tables(empty_url) == []
    assert schema.migrate(empty_url) == schema.head()
    assert schema.check(empty_url) == ()


def test_what_was_kept_before_there_were_judgements_stays(empty_url: str):
    assert schema.migrate(empty_url, "0001") == "0001"
    before = tables(empty_url)
    database = open_database(empty_url)
    with database.writing() as connection:
        connection.execute(text("INSERT INTO merges VALUES (1, 'leads', 2, 3, 4)"))
    assert schema.migrate(empty_url) == schema.head()
    assert set(tables(empty_url)) - set(before) == JUDGED
    assert schema.downgrade(empty_url, "0001") == "0001"
    assert tables(empty_url) == before
    with database.reading() as connection:
        kept = connection.execute(text("SELECT * FROM merges")).all()
        indexes = inspect(connection).get_indexes("leads")
    database.close()
    assert [tuple(row) for row in kept] == [(1, "leads", 2, 3, 4)]
    assert not [index for index in indexes if "seen_at" in index["column_names"]]


@pytest.mark.parametrize("dies_at", [1, 9, 15])
def test_a_kill_amid_the_judgements_leaves_the_state_before(
    empty_url: str, dies_at: int
):
    schema.migrate(empty_url, "0001")
    before = tables(empty_url)
    ended = subprocess.run(
        [sys.executable, "-c", DIES_AT, empty_url, str(dies_at)], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert (tables(empty_url), schema.current(empty_url)) == (before, "0001")
    assert schema.migrate(empty_url) == schema.head()


def test_a_table_that_the_migrations_forgot_is_found(url: str):
    database = open_database(url)
    with database.writing() as connection:
        connection.execute(text("DROP TABLE merges"))
    database.close()
    assert [change[0] for change in schema.check(url)] == ["add_table"]


def test_a_new_database_asks_for_migrate(empty_url: str):
    with pytest.raises(OlderSchema, match=r"empty.*run `kommo-sync migrate`"):
        Store.open(empty_url)
    assert schema.current(empty_url) is None


def test_a_database_of_a_later_version_is_refused(url: str):
    database = open_database(url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(NewerSchema, match=r"9999.*install the version"):
        Store.open(url)
    with pytest.raises(NewerSchema, match="9999"):
        schema.migrate(url)


def test_two_migrations_at_once_wait_for_each_other(empty_url: str):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(schema.migrate, [empty_url] * 4))
    assert found == [schema.head()] * 4


@pytest.mark.parametrize("dies_at", [1, 7, 28])
def test_a_kill_amid_a_migration_leaves_the_old_state(empty_url: str, dies_at: int):
    ended = subprocess.run(
        [sys.executable, "-c", DIES_AT, empty_url, str(dies_at)], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert tables(empty_url) == []
    assert schema.migrate(empty_url) == schema.head()
