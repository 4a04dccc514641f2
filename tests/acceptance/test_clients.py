"""What the runner reads out of a script's output."""

import pytest

from acceptance.clients import Outcome, never_run, read_outcome

OUTPUT = """\
  skip 429: CLIENTS_RATE=0
  FAIL tags: AssertionError: 1 != 2
amochka: 13 passed, 1 failed, 1 skipped
"""


def test_the_last_line_counts_the_checks():
    outcome = read_outcome(OUTPUT, 1)
    assert (outcome.passed, outcome.failed) == (13, 1)
    assert outcome.skipped == {"429"}
    assert outcome.complaint() == "  FAIL tags: AssertionError: 1 != 2"


def test_a_script_that_ends_without_its_last_line_has_failed():
    assert read_outcome("Traceback …\nKeyError: 'hint'\n", 1).failed == 1


@pytest.mark.parametrize(
    ("last", "status", "good"),
    [
        ("c: 3 passed, 0 failed", 0, True),
        ("c: 3 passed, 0 failed", 1, False),
        ("c: 0 passed, 0 failed", 0, False),
        ("c: 3 passed, 1 failed", 0, False),
    ],
)
def test_a_good_run_ends_well_and_has_checked_something(last, status, good):
    assert read_outcome(last, status).is_good is good


def run(*skipped: str) -> Outcome:
    return Outcome(1, 0, frozenset(skipped), 0, "")


def test_a_check_that_ran_once_is_not_missed():
    assert never_run([run("429"), run()]) == []


def test_a_check_that_never_ran_is_named():
    assert never_run([run("429", "refresh"), run("refresh")]) == ["refresh"]
