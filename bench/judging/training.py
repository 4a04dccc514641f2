"""The universal coefficients, learned from logs of several businesses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.judging.logs import Log
from bench.judging.replay import RULES
from kommo_sync.model.arrays import BoolArray, FloatArray
from kommo_sync.model.btyd import Ages
from kommo_sync.model.btyd_fit import fit, sum_log_gaps
from kommo_sync.model.logistic import most_likely
from kommo_sync.model.purchases import settle, summarize
from kommo_sync.model.risk import choose_horizon
from kommo_sync.model.risk_features import (
    FEATURES,
    Coefficients,
    Usual,
    features,
    standardised,
)
from kommo_sync.model.risk_past import stayed_away

HORIZONS = (0.25, 0.5, 0.75, 1.0, 1.5)
"""In horizons of the log by `choose_horizon`: a log teaches at several paces, so that
the coefficients know businesses of long and of short horizons."""
MOST_CUTOFFS = 12
LOG_WEIGHT = 2000.0
"""Each log counts as so many clients, whatever its size."""
PRECISION = 1000.0
"""Of the prior, which is the mean of the log-odds of the two fits, and nothing else."""
INTERCEPT_PRECISION = 0.01


@dataclass(frozen=True, slots=True)
class Lesson:
    """Clients of a log at all cut-offs of one horizon.

    Args:
        columns: shape (m, len(FEATURES)).
        left: shape (m,).
    """

    columns: FloatArray
    left: BoolArray


def lessons(log: Log) -> list[Lesson]:
    """Return what a log teaches, one lesson a horizon; everything is fitted anew."""
    usual = choose_horizon(settle(log.history, RULES), log.last_day)
    horizons = sorted({max(2, round(share * usual)) for share in HORIZONS})
    return [
        Lesson(np.concatenate(columns), np.concatenate(left))
        for horizon in horizons
        for columns, left in [tuple(zip(*_moments(log, horizon), strict=True))]
    ]


def _moments(log: Log, horizon: int) -> Iterator[tuple[FloatArray, BoolArray]]:
    purchases = settle(log.history, RULES)
    step = max(1, horizon // 2, (log.last_day - log.first_day) // (3 * MOST_CUTOFFS))
    earliest = log.first_day + max(horizon, (log.last_day - log.first_day) // 6)
    latest = log.last_day + 1 - horizon
    for cutoff in list(range(latest, earliest - 1, -step))[:MOST_CUTOFFS]:
        known = settle(log.history.until(cutoff - 1), RULES)
        summary = summarize(known, cutoff - 1, horizon)
        ages, usual = Ages.of(summary), Usual.of(known, summary)
        gaps = sum_log_gaps(known)
        own, plain = (
            fit(ages, unit=usual.gap, log_gaps=gaps, k=k).model for k in (None, 1)
        )
        some = summary.take(np.flatnonzero(summary.days_since_last < horizon))
        left = stayed_away(some.client, purchases, cutoff, horizon)
        yield features(some, own, plain, usual), left


def train(logs: Sequence[Sequence[Lesson]]) -> Coefficients:
    """Return the coefficients that some logs teach, each log counting the same.

    Args:
        logs: the lessons of each.
    """
    columns = np.concatenate([one.columns for log in logs for one in log])
    left = np.concatenate([one.left for log in logs for one in log])
    weight = np.concatenate(
        [
            np.full(len(one.left), LOG_WEIGHT / len(log) / len(one.left))
            for log in logs
            for one in log
        ]
    )
    centre = np.average(columns, axis=0, weights=weight)
    scale = np.sqrt(np.average((columns - centre) ** 2, axis=0, weights=weight))
    scale[scale <= 0] = 1.0
    believed = np.zeros(1 + len(FEATURES))
    for name in ("log_odds_plain", "log_odds_own"):
        believed[1 + FEATURES.index(name)] = scale[FEATURES.index(name)] / 2
    measure = Coefficients(tuple(centre.tolist()), tuple(scale.tolist()), ())
    precision = np.full(len(believed), PRECISION)
    precision[0] = INTERCEPT_PRECISION
    found = most_likely(
        standardised(columns, measure), left, weight, believed, precision
    )
    return Coefficients(measure.centre, measure.scale, tuple(found.tolist()))
