"""Each benchmark of the sync measures something, also a small account."""

import pytest

from bench import backfill, full_sync, keep
from bench.figures import Figure, NotMeasured

CLIENTS = 60
"""They have a few hundred leads: one full page and more."""


def names(figures: list[Figure]) -> tuple[str, ...]:
    assert all(figure.value > 0 for figure in figures)
    return tuple(figure.bench for figure in figures)


def test_keeping_is_measured_on_sqlite():
    figures = keep.measure_sqlite(CLIENTS, rounds=1)
    assert names(figures) == keep.ON_SQLITE.figures


def test_keeping_is_measured_on_postgres():
    figures = keep.measure_postgres(CLIENTS, rounds=1)
    assert names(figures) == keep.ON_POSTGRES.figures


def test_an_account_without_a_full_page_is_not_measured():
    with pytest.raises(NotMeasured, match="1 clients"):
        keep.pages(1)


def test_a_full_sync_is_measured():
    figures = full_sync.measure(leads=400, contacts=200)
    assert names(figures) == full_sync.BENCHMARK.figures


def test_the_fewest_requests_are_a_page_each_and_one_for_an_empty_list():
    assert full_sync.fewest([0, 1, 250, 251]) == 1 + 1 + 1 + 2


def test_a_back_fill_is_measured():
    figures = backfill.measure(leads=600)
    assert names(figures) == backfill.BENCHMARK.figures
