"""A logistic regression that begins from what is believed."""

import numpy as np
import pytest
from scipy.special import expit

from kommo_sync.model.logistic import most_likely

BELIEVED = np.array([0.5, -1.0])


def test_without_rows_the_belief_stands():
    none = np.zeros((0, 2))
    found = most_likely(none, none[:, 0] > 0, none[:, 0], BELIEVED, np.ones(2))
    assert found.tolist() == BELIEVED.tolist()


def test_a_single_column_of_ones_finds_the_share():
    """With next to no prior: log-odds of 3 in 4."""
    happened = np.array([True, True, True, False])
    ones = np.ones((4, 1))
    found = most_likely(ones, happened, np.ones(4), np.zeros(1), np.full(1, 1e-9))
    assert found[0] == pytest.approx(np.log(3))


def test_the_slope_is_nought_at_what_is_found():
    chance = np.random.default_rng(1)
    columns, weight = chance.normal(size=(50, 2)), chance.uniform(size=50)
    happened, precision = chance.random(50) < 0.4, np.array([2.0, 0.3])
    found = most_likely(columns, happened, weight, BELIEVED, precision)
    slope = columns.T @ (weight * (expit(columns @ found) - happened))
    assert slope + precision * (found - BELIEVED) == pytest.approx(0, abs=1e-9)


def test_rows_that_leave_no_doubt_have_a_finite_answer():
    columns = np.array([[-3.0], [3.0]]).repeat(500, axis=0)
    found = most_likely(
        columns, columns[:, 0] > 0, np.ones(1000), np.full(1, -9.0), np.ones(1)
    )
    assert 1 < found[0] < 10


def test_a_strong_belief_outweighs_the_rows():
    happened = np.array([True, False])
    columns = np.array([[1.0, 2.0], [2.0, 1.0]])
    found = most_likely(columns, happened, np.ones(2), BELIEVED, np.full(2, 1e9))
    assert found == pytest.approx(BELIEVED, abs=1e-6)
