"""What a million clients' parameters cost beside another library, and their scores."""

import time
import warnings
from importlib import import_module

import numpy as np

from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.btyd import (
    Ages,
    MbgCnbd,
    expected_purchases,
    p_alive,
    p_no_purchase,
    silence_quantile,
)
from kommo_sync.model.btyd_fit import fit

FIT = "btyd-fit-1m-clients"
FIT_GOAL = Goal(Bound.AT_MOST, 1 / 8)
SCORES = "btyd-scores-1m-clients"
SCORES_GOAL = Goal(Bound.AT_MOST, 2)
CLIENTS = 1_000_000
TRUTH = MbgCnbd(0.6, 40.0, 0.9, 1.6)
"""Like CDNOW's, in days."""
SPAN_DAYS = 1000
HORIZON_DAYS = 90
CLOSE = 0.05


def crowd(clients: int) -> Ages:
    """Return simulated clients of `TRUTH`, in whole days."""
    rng = np.random.default_rng(0)
    age = rng.integers(1, SPAN_DAYS, clients).astype(np.float64)
    rate = rng.gamma(TRUTH.r, 1 / TRUTH.alpha, clients)
    leave = rng.beta(TRUTH.a, TRUTH.b, clients)
    repeats, last, clock = np.zeros(clients), np.zeros(clients), np.zeros(clients)
    rows = np.flatnonzero(rng.random(clients) >= leave)
    while len(rows):
        clock[rows] += rng.exponential(1 / rate[rows])
        rows = rows[clock[rows] <= age[rows]]
        repeats[rows] += 1
        last[rows] = np.ceil(clock[rows])
        rows = rows[rng.random(len(rows)) >= leave[rows]]
    return Ages(repeats, np.minimum(last, age), age)


def other(ages: Ages) -> FloatArray:
    """Return what lifetimes finds: r, alpha, a, b."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitter = import_module("lifetimes").ModifiedBetaGeoFitter()
        except ImportError as error:
            raise NotMeasured(f"{FIT}: {error}; it is in the dev group.") from error
        fitter.fit(ages.repeats, ages.last_purchase_age, ages.age)
    return np.asarray(fitter.params_[["r", "alpha", "a", "b"]], np.float64)


def measure(clients: int = CLIENTS) -> list[Figure]:
    """Return the ratio of the fits, phases searched for in ours, and the scores' cost.

    Raises:
        NotMeasured: the two disagree about the parameters.
    """
    ages = crowd(clients)
    began = time.perf_counter()
    model = fit(ages, unit=50.0).model
    mine = time.perf_counter() - began
    began = time.perf_counter()
    theirs = other(ages)
    yours = time.perf_counter() - began
    found = np.array([model.r, model.alpha, model.a, model.b])
    if model.k != 1 or np.abs(np.log(found / theirs)).max() > CLOSE:
        raise NotMeasured(f"{FIT}: {model} is far from {theirs}.")
    began = time.perf_counter()
    p_alive(ages, model)
    silence_quantile(ages, model)
    p_no_purchase(ages, model, HORIZON_DAYS)
    expected_purchases(ages, model, HORIZON_DAYS)
    scores = time.perf_counter() - began
    return [
        Figure(FIT, mine / yours, "x lifetimes", FIT_GOAL),
        Figure(SCORES, scores, "s", SCORES_GOAL),
    ]


BENCHMARK = Benchmark((FIT, SCORES), measure)
