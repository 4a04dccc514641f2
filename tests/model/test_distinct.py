"""Distinct rows: found by a table, by sorting, or by codes of the columns."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.distinct import counted_rows, distinct_rows

value = st.sampled_from([0.0, 1.0, 2.5, 3.0, 70_000.0, 3e9, 1e300])
rows = st.lists(st.tuples(value, value, value), max_size=30)


def columns(table: Sequence[tuple[float, ...]]) -> list[FloatArray]:
    return [np.array([row[i] for row in table], np.float64) for i in range(3)]


@given(rows)
def test_each_distinct_row_is_found_once_and_ascends(table):
    first, row = distinct_rows(*columns(table))
    assert [table[i] for i in first] == sorted(set(table))
    assert [table[first[i]] for i in row] == table


@given(rows)
def test_each_distinct_row_is_counted(table):
    first, count = counted_rows(*columns(table))
    assert [table[i] for i in first] == sorted(set(table))
    assert count.tolist() == [table.count(table[i]) for i in first]


@pytest.mark.parametrize("largest", [3, 1000, 2_000_000_000])
def test_the_first_of_equal_rows_is_taken(largest):
    column = np.array([largest, 1, largest, 1], np.float64)
    first, row = distinct_rows(column, column, column)
    assert first.tolist() == [1, 0]
    assert row.tolist() == [1, 0, 1, 0]


def test_parts_of_a_day_are_distinct():
    first, _ = distinct_rows(np.array([2.5, 2.0, 2.5]))
    assert first.tolist() == [1, 0]


def test_rows_of_very_large_numbers_do_not_meet():
    largest = 2.0**31 - 1
    table = [(0.0, 0.0, 0.0), (4.0, 0.0, 0.0), (largest, largest, largest)]
    first, _ = distinct_rows(*columns(table))
    assert first.tolist() == [0, 1, 2]
