"""Clients and models to try the laws of buying till death on."""

import json
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import Ages, MbgCnbd

CASES = json.loads(
    (Path(__file__).parent / "samples" / "reference_cases.json").read_text()
)

parameter = st.floats(-3, 3).map(lambda power: 10**power)
models = st.builds(
    MbgCnbd,
    parameter,
    parameter,
    parameter,
    parameter,
    k=st.integers(1, 6),
    modified=st.booleans(),
)
shares = st.floats(0, 1)


@st.composite
def crowds(draw, most=8):
    """Return ages of a few clients: up to 200 repeats and 100 years."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 200), shares, st.floats(0, 36525)),
            min_size=1,
            max_size=most,
        )
    )
    return ages_of(
        [x for x, _, _ in rows],
        [share * age if x else 0 for x, share, age in rows],
        [age for _, _, age in rows],
    )


def ages_of(repeats: Any, last_purchase_age: Any, age: Any) -> Ages:
    """Return ages of anything that broadcasts."""
    columns = np.broadcast_arrays(repeats, last_purchase_age, age)
    return Ages(*(np.atleast_1d(column).astype(np.float64) for column in columns))


def cdnow() -> tuple[Ages, FloatArray, FloatArray]:
    """Return CDNOW's 2,357 clients in weeks, and counts and means of 946 buyers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets = import_module("lifetimes.datasets")
        plain = datasets.load_cdnow_summary()
        money = datasets.load_cdnow_summary_data_with_monetary_value()
    ages = Ages(
        *(plain[name].to_numpy(np.float64) for name in ("frequency", "recency", "T"))
    )
    money = money[money["frequency"] > 0]
    spent = (
        money[name].to_numpy(np.float64) for name in ("frequency", "monetary_value")
    )
    return ages, *spent


def simulate(
    model: MbgCnbd, age: FloatArray, rng: np.random.Generator
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return every purchase of clients of an age, as (client, age) in order of rounds.

    Also returns the age at which the last purchase made the client leave, or infinity.
    """
    rate = rng.gamma(model.r, 1 / model.alpha, len(age))
    leave = rng.beta(model.a, model.b, len(age))
    left = np.full(len(age), np.inf)
    clock = np.zeros(len(age))
    rows = np.arange(len(age))
    if model.modified:
        gone = rng.random(len(rows)) < leave
        left[gone] = 0
        rows = rows[~gone]
    client, when = [], []
    while len(rows):
        clock[rows] += rng.gamma(model.k, 1 / rate[rows])
        rows = rows[clock[rows] <= age[rows]]
        client.append(rows)
        when.append(clock[rows])
        gone = rng.random(len(rows)) < leave[rows]
        left[rows[gone]] = clock[rows[gone]]
        rows = rows[~gone]
    return np.concatenate(client), np.concatenate(when), left
