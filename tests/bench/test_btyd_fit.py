"""The benchmark of parameters measures something, also on few clients."""

import pytest

from bench import btyd_fit
from bench.figures import NotMeasured


def test_fits_and_scores_are_measured():
    figures = btyd_fit.measure(clients=20_000)
    assert tuple(figure.bench for figure in figures) == btyd_fit.BENCHMARK.figures
    assert all(figure.value > 0 for figure in figures)


def test_parameters_that_differ_are_not_measured():
    with pytest.raises(NotMeasured, match="is far from"):
        btyd_fit.measure(clients=40)
