"""Our own commands fill a database that the runner reads, and doubts."""

import io
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from acceptance.accounts import Filled, check_stores, fill, judge
from acceptance.checks import Checks
from acceptance.keeping import (
    CommandFailed,
    Kept,
    contradictions,
    keep_account,
    read_store,
)
from acceptance.logs import Classes
from acceptance.reading import Unreadable
from acceptance.spawning import PROGRAM, Spawned

ROWS = """\
client,date,amount
a,2024-01-01,10.50
a,2024-01-02,-10.50
a,2024-01-03,0.1
b,2024-01-03,0
b,2024-01-04,-7.77
"""


def store(folder: Path, *leads: tuple[object, ...]) -> Path:
    """Return a database with those leads: pipeline, stage, cents, contacts, closed."""
    path = folder / "kept.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE accounts (time_zone);"
            "INSERT INTO accounts VALUES ('America/New_York');"
            "CREATE TABLE pipelines (id, is_main);"
            "INSERT INTO pipelines VALUES (1, 1), (2, 0);"
            "CREATE TABLE stages (pipeline_id, id, name);"
            "INSERT INTO stages VALUES (1, 7, 'Refund'), (2, 7, 'Refund');"
            "CREATE TABLE leads (id INTEGER PRIMARY KEY, "
            "pipeline_id, status_id, price, contact_ids, closed_at);"
        )
        database.executemany("INSERT INTO leads VALUES (NULL, ?, ?, ?, ?, ?)", leads)
        database.commit()
    return path


def test_leads_are_told_apart_by_stage_and_amount(tmp_path):
    seen = read_store(
        store(
            tmp_path,
            (1, 142, 1050, "[5]", 1_704_085_200),
            (1, 142, 0, "[5]", 1_704_085_199),
            (1, 143, 20, "[6]", None),
            (2, 7, 3, "[6]", None),
            (1, 7, 4, "[6]", None),
        )
    )
    assert set(seen.counts.values()) == {1}
    assert seen.cents == {
        "won": 1050,
        "zero": 0,
        "cancelled": 20,
        "refund": 3,
        "other": 4,
    }
    assert seen.clients == {"5", "6"}
    assert seen.days == {"2024-01-01": 1050, "2023-12-31": 0}


@pytest.mark.parametrize("contacts", ["[]", "[5, 6]"])
def test_a_lead_of_nobody_or_of_two_is_no_order_of_a_log(tmp_path, contacts):
    with pytest.raises(Unreadable, match=r"Lead 1 has . contacts, not one"):
        read_store(store(tmp_path, (1, 142, 1, contacts, 0)))


def kept(won: int = 1, total: int = 100, crm: int = 2, contacts: int = 1) -> Kept:
    classes = Classes(clients={"5"})
    classes.add("won", 100)
    classes.add("zero", 0)
    status = {
        "won": {"count": won + 1, "total": total},
        "crm_won": {"count": crm},
        "parts": [
            {"part": "leads", "rows": 2, "crm_rows": 2},
            {"part": "contacts", "rows": contacts, "crm_rows": 1},
        ],
    }
    report = {"requests": 30, "parts": [{"part": "leads", "rows": 2}]}
    return Kept(classes, report, status)


def test_figures_that_agree_contradict_nothing():
    assert contradictions(kept()) == []


@pytest.mark.parametrize(
    "wrong", [kept(won=2), kept(total=99), kept(crm=1), kept(contacts=2)]
)
def test_each_figure_that_differs_is_told(wrong):
    assert contradictions(wrong)


def test_a_command_that_fails_is_a_failed_check(tmp_path):
    checks = Checks()
    judge(tmp_path / "transactions.csv", Filled(None, 1.0, "sync answered 75"), checks)
    assert (checks.passed, checks.failed) == (0, 1)


def test_a_command_that_refuses_is_told_in_its_words(tmp_path):
    (tmp_path / "config.toml").touch()
    names = {"KOMMO_BASE_URL": "http://127.0.0.1:1", "KOMMO_TOKEN": "t"}
    nobody = Spawned(cast("subprocess.Popen[str]", None), names, io.StringIO())
    with pytest.raises(CommandFailed, match=r"init answered 2: .* exists already"):
        keep_account(nobody, tmp_path)


def test_a_log_that_is_none_is_told_in_the_programs_words(tmp_path):
    path = tmp_path / "transactions.csv"
    path.write_text("nonsense\n")
    assert "no column client" in fill(PROGRAM, path).why


def test_a_small_log_goes_all_the_way_into_a_database(tmp_path, capsys):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "transactions.csv").write_text(ROWS)
    checks = Checks()
    check_stores(tmp_path, checks)
    told = capsys.readouterr().out
    assert (checks.passed, checks.failed) == (8, 0), told
    assert "small in the database, won: 1 leads, 0.10" in told
    assert "small in the database, refund: 1 leads, 7.77" in told
