"""Rescoring is measured on both databases, and only if it did what it should."""

import pytest

from bench import rescore
from bench.figures import NotMeasured

SIZES = (60, 120, 240)


def test_rescoring_is_measured_on_sqlite():
    figures = rescore.measure_sqlite(SIZES)
    assert tuple(figure.bench for figure in figures) == rescore.ON_SQLITE.figures
    assert all(figure.value > 0 for figure in figures)


def test_rescoring_is_measured_on_postgres():
    figures = rescore.measure_postgres(SIZES)
    assert tuple(figure.bench for figure in figures) == rescore.ON_POSTGRES.figures
    assert all(figure.value > 0 for figure in figures)


def test_an_account_that_was_judged_already_is_not_measured(tmp_path):
    url = f"sqlite:///{tmp_path}/kept.db"
    rescore.build(url, 60)
    assert rescore.in_a_process(url, 60).clients == 60
    with pytest.raises(NotMeasured, match="0 of 60"):
        rescore.in_a_process(url, 60)
