"""Shares and waiting times are told with what their few cases allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kommo_sync.model.estimates import kaplan_meier, weighted_share, wilson


def test_ten_of_a_hundred_have_the_range_of_the_textbook():
    """Newcombe (1998), Statistics in Medicine 17: 81 of 263, score method."""
    found = wilson(np.array([81]), np.array([263]))
    assert found.share[0] == pytest.approx(81 / 263)
    assert found.low[0] == pytest.approx(0.2553, abs=5e-5)
    assert found.high[0] == pytest.approx(0.3662, abs=5e-5)


def test_none_of_few_can_still_be_some():
    """Newcombe (1998): 0 of 20, score method."""
    found = wilson(np.array([0]), np.array([20]))
    assert (found.share[0], found.low[0]) == (0, 0)
    assert found.high[0] == pytest.approx(0.1611, abs=5e-5)


def test_all_of_few_can_still_be_fewer():
    found = wilson(np.array([20]), np.array([20]))
    assert (found.share[0], found.high[0]) == (1, 1)
    assert found.low[0] == pytest.approx(1 - 0.1611, abs=5e-5)


def test_without_a_trial_the_share_may_be_anything():
    found = wilson(np.array([0]), np.array([0]))
    assert (found.share[0], found.low[0], found.high[0]) == (0, 0, 1)


@pytest.mark.parametrize(("cases", "trials"), [(-1, 2), (3, 2)])
def test_cases_that_are_no_part_of_the_trials_are_refused(cases, trials):
    with pytest.raises(ValueError, match="cases: from 0 up to the trials"):
        wilson(np.array([cases]), np.array([trials]))


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_share_lies_within_its_range(cases, others):
    found = wilson(np.array([cases]), np.array([cases + others]))
    assert 0 <= found.low[0] <= found.share[0] or cases + others == 0
    assert found.share[0] <= found.high[0] <= 1


def test_equal_weights_count_as_trials_do():
    found = weighted_share(np.full(263, 7), np.arange(263) < 81)
    plain = wilson(np.array([81]), np.array([263]))
    assert (found.cases[0], found.trials[0]) == (81, 263)
    assert found.share == pytest.approx(plain.share)
    assert found.low == pytest.approx(plain.low)
    assert found.high == pytest.approx(plain.high)


def test_a_share_of_weight_goes_by_weight():
    did = np.array([True, False, False])
    assert weighted_share(np.array([8, 1, 1]), did).share[0] == 0.8


def test_many_trials_of_which_one_has_all_weight_are_worth_one():
    """One trial that did: from 0.2065, Wilson's lower end, n / (n + z^2), up to 1."""
    weight = np.array([500, *[0] * 99])
    found = weighted_share(weight, np.ones(100, bool))
    assert found.low[0] == pytest.approx(0.2065, abs=5e-5)
    assert found.high[0] == 1


@pytest.mark.parametrize("clients", [0, 3])
def test_without_any_weight_the_share_may_be_anything(clients):
    found = weighted_share(np.zeros(clients, np.int64), np.ones(clients, bool))
    assert (found.share[0], found.low[0], found.high[0]) == (0, 0, 1)


REMISSION = [
    6,
    6,
    6,
    6,
    7,
    9,
    10,
    10,
    11,
    13,
    16,
    17,
    19,
    20,
    22,
    23,
    25,
    32,
    32,
    34,
    35,
]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_the_curve_is_that_of_the_textbook():
    """Freireich et al. (1963), 6-MP group, as in Kalbfleisch & Prentice, chapter 1."""
    found = kaplan_meier(np.array(REMISSION), np.array(RELAPSED, bool))
    assert found.days.tolist() == [6, 7, 10, 13, 16, 22, 23]
    expected = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert found.waiting == pytest.approx(expected, abs=5e-4)
    assert found.cases == 21


def test_the_range_of_the_curve_is_that_of_the_textbook():
    """R survival: survfit(conf.type = "log-log") on the 6-MP group."""
    found = kaplan_meier(np.array(REMISSION), np.array(RELAPSED, bool))
    assert found.low[[0, -1]] == pytest.approx([0.620, 0.188], abs=5e-4)
    assert found.high[[0, -1]] == pytest.approx([0.952, 0.680], abs=5e-4)


def test_by_hand_a_wait_that_is_not_over_counts_until_its_day():
    found = kaplan_meier(np.array([2, 2, 5, 5]), np.array([True, False, True, False]))
    assert found.waiting.tolist() == [0.75, 0.375]


def test_the_median_is_the_first_day_by_which_half_have_stopped():
    found = kaplan_meier(np.array([1, 2, 3, 4]), np.ones(4, bool))
    assert [found.quantile(q) for q in (0.2, 0.5, 0.75, 0.8)] == [1, 2, 3, 4]


def test_a_median_that_is_not_reached_is_not_known_yet():
    found = kaplan_meier(np.array([1, 9, 9]), np.array([True, False, False]))
    assert found.quantile(0.5) is None
    assert found.quantile(0.3) == 1


def test_the_share_that_has_stopped_by_a_day_includes_that_day():
    found = kaplan_meier(np.array([1, 2, 3, 4]), np.ones(4, bool))
    assert [found.stopped_by(day) for day in (0, 1, 3, 99)] == [0, 0.25, 0.75, 1]


def test_when_all_have_stopped_none_waits_and_the_range_is_that_before():
    found = kaplan_meier(np.array([1, 2]), np.ones(2, bool))
    assert (found.waiting[-1], found.low[-1]) == (0, 0)
    assert found.high[-1] == found.high[0]


def test_nobody_waits_and_nothing_is_known():
    found = kaplan_meier(np.zeros(0, np.int64), np.zeros(0, bool))
    assert (found.cases, len(found.days), found.quantile(0.5)) == (0, 0, None)
    assert found.stopped_by(100) == 0


def test_a_negative_wait_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        kaplan_meier(np.array([-1]), np.array([True]))


@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_a_quantile_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        kaplan_meier(np.array([1]), np.array([True])).quantile(share)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40))
def test_a_curve_falls_within_its_range(waits):
    days = np.array([wait for wait, _ in waits], np.int64)
    found = kaplan_meier(days, np.array([stopped for _, stopped in waits], bool))
    assert (np.diff(found.waiting) < 0).all()
    assert (found.low <= found.waiting + 1e-12).all()
    assert (found.waiting <= found.high + 1e-12).all()
