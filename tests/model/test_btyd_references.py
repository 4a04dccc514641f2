"""Published numbers, and an independent implementation."""

import warnings
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.btyd import (
    MbgCnbd,
    expected_purchases,
    expected_total,
    p_alive,
    p_no_purchase,
)
from kommo_sync.model.btyd_fit import fit
from kommo_sync.model.btyd_likelihood import Rows, log_likelihood
from kommo_sync.model.value import (
    GammaGamma,
    expected_spend,
    fit_gamma_gamma,
    gamma_gamma_likelihood,
)
from tests.model.btyd_cases import CASES, ages_of, cdnow

AGES, COUNT, MEAN = cdnow()
BG = MbgCnbd(0.243, 4.414, 0.793, 2.426, modified=False)
MBG = MbgCnbd(0.525, 6.183, 0.891, 1.614)
MBG3 = MbgCnbd(0.85, 1.45, 0.79, 2.42, k=3)
TEN = ages_of([1, 3, 5, 7, 9] * 2, [20, 30] * 5, [25, 35] * 5)


def of_cdnow(modified: bool) -> list[float]:
    found = fit(AGES, unit=1, k=1, log_gaps=0, modified=modified, penalised=False)
    model = found.model
    return [model.r, model.alpha, model.a, model.b, found.log_likelihood]


def of_spend() -> list[float]:
    model = fit_gamma_gamma(COUNT, MEAN, penalised=False)
    return [model.p, model.q, model.v, gamma_gamma_likelihood(COUNT, MEAN, model)]


def spend_of_ten() -> FloatArray:
    count = np.array([2, 1, 0, 0, 0, 7, 1, 0, 2, 0], np.float64)
    mean = np.array([22.35, 11.77, 0, 0, 0, 73.74, 11.77, 0, 25.55, 0])
    return expected_spend(count, mean, GammaGamma(6.25, 3.74, 15.44))


def totals() -> FloatArray:
    r, alpha, a, b, _ = of_cdnow(modified=False)
    model = MbgCnbd(r, alpha, a, b, modified=False)
    return expected_total(model, np.array([0.1429, 1, 3, 31.8571, 32, 78]))


def likelihoods() -> list[float]:
    theta = np.log([0.25, 4, 0.8, 2.5])
    ages = ages_of([0, 200], [0, 38], 40)
    rows = [Rows.of(ages.take(np.array([row])), unit=1) for row in (0, 1)]
    return [log_likelihood(theta, row, 1, modified=True)[0] for row in rows]


def band(repeats: int, low: int, high: int) -> list[float]:
    ages = ages_of(repeats, np.linspace(low, high, 41), 52)
    return [
        p_alive(ages, MBG3).mean(),
        expected_purchases(ages, MBG3, 26).mean(),
        p_no_purchase(ages, MBG3, 26).mean(),
    ]


COMPUTED = [
    lambda: of_cdnow(modified=False),
    lambda: of_cdnow(modified=True)[:4],
    of_spend,
    spend_of_ten,
    lambda: expected_purchases(ages_of(2, 30.43, 38.86), BG, 39),
    totals,
    lambda: p_alive(ages_of(np.arange(5, 21), 30, 39), BG),
    lambda: expected_purchases(ages_of(10, 35, 39), BG, 2),
    likelihoods,
    lambda: expected_purchases(TEN, MBG, 26),
    lambda: p_alive(TEN, MBG),
    lambda: band(1, 10, 14),
    lambda: band(3, 38, 42),
    lambda: band(5, 46, 50),
    lambda: band(2, 48, 52),
]
"""One a case, in the order of the file."""


@pytest.mark.parametrize(
    ("case", "computed"),
    list(zip(CASES, COMPUTED, strict=True)),
    ids=[f"{case['model']} {case['quantity']}" for case in CASES],
)
def test_a_published_case_is_met_within_its_tolerance(case, computed):
    found, expected = np.asarray(computed()), np.atleast_1d(case["expected"])
    tolerance, _, of_likelihood = case["tol"].partition(", LL ")
    limit = np.full(len(expected), float(tolerance.removesuffix(" rel")))
    if tolerance.endswith("rel"):
        limit *= np.abs(expected)
    if of_likelihood:
        limit[-1] = float(of_likelihood)
    assert found.shape == expected.shape
    assert (np.abs(found - expected) <= limit).all()


NAMES = ["r", "alpha", "a", "b"]


def oracle(modified: bool, model: MbgCnbd | None = None) -> Any:
    """Return an independent implementation, fitted on CDNOW or of a model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifetimes = import_module("lifetimes")
        fitter = (
            lifetimes.ModifiedBetaGeoFitter if modified else lifetimes.BetaGeoFitter
        )
        found = fitter()
        if model is None:
            found.fit(AGES.repeats, AGES.last_purchase_age, AGES.age)
        else:
            found.params_ = {name: getattr(model, name) for name in NAMES}
    return found


@pytest.mark.parametrize("modified", [False, True])
def test_an_independent_fit_finds_the_same_parameters(modified):
    theirs = oracle(modified).params_[NAMES].to_numpy()
    assert of_cdnow(modified)[:4] == pytest.approx(theirs, rel=1e-3)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:autograd.tracer")
@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_an_independent_implementation_agrees_on_random_clients(modified, seed):
    rng = np.random.default_rng(seed)
    r, alpha, a, b = np.exp(rng.uniform(-1, 1.5, 4)).tolist()
    model = MbgCnbd(r, alpha, a, b, modified=modified)
    repeats = rng.integers(0, 30, 500)
    age = rng.uniform(0, 80, 500)
    ages = ages_of(repeats, np.where(repeats, rng.random(500) * age, 0), age)
    horizon, theirs = float(rng.uniform(1, 60)), oracle(modified, model)
    columns = ages.repeats, ages.last_purchase_age, ages.age
    alive = theirs.conditional_probability_alive(*columns)
    predicted = theirs.conditional_expected_number_of_purchases_up_to_time(
        horizon, *columns
    )
    assert p_alive(ages, model) == pytest.approx(np.asarray(alive), abs=1e-6)
    mine, predicted = expected_purchases(ages, model, horizon), np.asarray(predicted)
    known = np.isfinite(predicted)  # theirs has no answer where b < 1 and x = 0
    assert known.sum() >= 450
    assert mine[known] == pytest.approx(predicted[known], rel=1e-6, abs=1e-6)
