"""The runner's own look at the figures: what is promised, and that it sees a miss."""

import pytest

from acceptance.checks import Checks
from acceptance.judging import Figures, check_figures

GOOD = {
    "auc": 0.81,
    "revenue10": 0.45,
    "f1": 0.52,
    "early_precision": 0.44,
    "early_base_rate": 0.2,
    "base_rate": 0.25,
}
RULE = GOOD | {"revenue10": 0.3, "f1": 0.5, "early_precision": 0.3}


def failed(*, small: bool = True, **worse: float) -> int:
    ours = GOOD | worse
    rows = [
        {"log": log, "method": method} | figures
        for log in ("a", "b")
        for method, figures in (
            ("ours", ours),
            ("ours_x_value", ours),
            ("recency", RULE),
            ("recency_x_value", RULE | {"revenue10": 0.35}),
        )
    ]
    checks = Checks()
    check_figures(Figures(rows), small=small, checks=checks)
    return checks.failed


def test_good_figures_hold():
    assert failed() == failed(small=False) == 0


@pytest.mark.parametrize(
    ("worse", "misses"),
    [
        ({"auc": 0.79}, 1),
        ({"revenue10": 0.41}, 1),
        ({"revenue10": 0.39}, 2),
        ({"f1": 0.49}, 1),
        ({"early_precision": 0.42}, 1),
        ({"early_base_rate": 0.3}, 2),
        ({"early_precision": 0.29}, 3),
    ],
)
def test_a_missed_promise_is_seen(worse, misses):
    assert failed(**worse) == misses


def test_ranking_is_promised_of_small_accounts_only():
    assert failed(small=False, auc=0.7) == 0
