"""The runner's own reading of a log, and that it sees when an account differs."""

from pathlib import Path

import pytest

from acceptance.accounts import compare
from acceptance.checks import Checks
from acceptance.logs import Classes, read_log

HEADER = "client,date,amount\n"


def log(folder: Path, *rows: str) -> Classes:
    path = folder / "transactions.csv"
    path.write_text(HEADER + "\n".join(rows), "utf-8")
    return read_log(path)


def test_a_row_that_takes_back_an_order_moves_it_out_of_won(tmp_path):
    seen = log(tmp_path, "a,2024-01-01,10.50", "a,2024-01-02,-10.50")
    assert seen.counts == {"won": 0, "cancelled": 1}
    assert seen.cents == {"won": 0, "cancelled": 1050}


def test_only_an_earlier_order_of_that_client_can_be_taken_back(tmp_path):
    seen = log(tmp_path, "a,2024-01-02,10", "a,2024-01-01,-10", "b,2024-01-03,-10")
    assert seen.counts == {"won": 1, "refund": 2}


def test_one_order_is_taken_back_once(tmp_path):
    seen = log(tmp_path, "a,2024-01-01,10", "a,2024-01-02,-10", "a,2024-01-03,-10")
    assert seen.counts == {"won": 0, "cancelled": 1, "refund": 1}


def test_a_zero_row_is_a_class_of_its_own(tmp_path):
    assert log(tmp_path, "a,2024-01-01,0.0").counts == {"zero": 1}


def test_amounts_are_rounded_to_the_nearest_cent(tmp_path):
    seen = log(
        tmp_path, "a,2024-01-01,14.309999999999999", "b,2024-01-01,61.230000000004"
    )
    assert seen.cents["won"] == 1431 + 6123


def account(day: str = "2024-01-01", client: str = "a", cents: int = 100) -> Classes:
    classes = Classes(clients={client})
    classes.add("won", cents)
    classes.days[day] += cents
    return classes


def test_an_account_like_its_log_passes():
    checks = Checks()
    compare("log", account(), account(client="7"), checks)
    assert (checks.passed, checks.failed) == (7, 0)


@pytest.mark.parametrize(
    "shown",
    [account(cents=99), account(day="2024-01-02"), Classes()],
    ids=["a cent less", "a day later", "nothing"],
)
def test_an_account_unlike_its_log_fails(shown: Classes):
    checks = Checks()
    compare("log", account(), shown, checks)
    assert checks.failed > 0
