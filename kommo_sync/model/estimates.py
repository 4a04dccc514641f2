"""Shares and waiting times that are told from few cases: with their ranges."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """Cases out of trials, and where their true share lies; shape (n,) each.

    Args:
        cases: of the trials, those that did.
        trials: all; where there is none, the share is 0 and the range all of [0, 1].
        share: cases by trials.
        low: the lower end of the 95 % range.
        high: the upper end.
    """

    cases: IntArray
    trials: IntArray
    share: FloatArray
    low: FloatArray
    high: FloatArray


def wilson(cases: IntArray, trials: IntArray) -> Share:
    """Return shares with Wilson's score interval.

    Raises:
        ValueError: there are less than no cases, or more of them than trials.

    Source: Wilson (1927), JASA 22, 209-212; formula in docs/model.md.
    """
    if np.any(cases < 0) or np.any(cases > trials):
        raise ValueError("cases: from 0 up to the trials")
    low, high = _range(cases.astype(np.float64), trials.astype(np.float64))
    return Share(cases, trials, cases / np.maximum(trials, 1), low, high)


def weighted_share(weight: IntArray, did: BoolArray) -> Share:
    """Return the share of the weight that those have who did; one row.

    The range is Wilson's for as many trials of one weight as are worth these, which is
    fewer where few of them hold most of the weight. Without any weight it is all of
    [0, 1].

    Args:
        weight: shape (n,), 0 or more.
        did: shape (n,).

    Source: Kish (1965), Survey Sampling, 11.7: effective size of a weighted sample.
    """
    cases, trials = np.array([did.sum()]), np.array([len(did)])
    total = np.maximum(weight.sum(keepdims=True), 1)
    parts = weight / total
    share = weight[did].sum(keepdims=True) / total
    worth = parts.sum(keepdims=True) / np.where(parts.any(), (parts**2).sum(), 1)
    low, high = _range(share * worth, worth)
    return Share(cases, trials, share, low, high)


def _range(cases: FloatArray, trials: FloatArray) -> tuple[FloatArray, FloatArray]:
    z = float(ndtri((1 + CONFIDENCE) / 2))
    n = np.where(trials > 0, trials, 1)
    share = cases / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    spread = np.maximum(share * (1 - share), 0) / n + z * z / (4 * n * n)
    half = z * np.sqrt(spread) / (1 + z * z / n)
    low = np.where(cases <= 0, 0.0, middle - half)
    high = np.where(cases >= trials, 1.0, middle + half)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


@dataclass(frozen=True, slots=True)
class Survival:
    """How many still wait after so many days; one row a day on which some stopped.

    Args:
        cases: all that began to wait.
        days: shape (k,), ascending.
        waiting: of those that began, the share still waiting after that day.
        low: the lower end of the 95 % range of `waiting`.
        high: the upper end.
    """

    cases: int
    days: IntArray
    waiting: FloatArray
    low: FloatArray
    high: FloatArray

    def quantile(self, share: float) -> int | None:
        """Return the days until this share has stopped waiting; None: not yet known.

        Raises:
            ValueError: the share is not between 0 and 1.
        """
        if not 0 < share < 1:
            raise ValueError(f"share is {share}: between 0 and 1")
        reached = np.flatnonzero(self.waiting <= 1 - share + 1e-12)
        return int(self.days[reached[0]]) if len(reached) else None

    def stopped_by(self, day: int) -> float:
        """Return the share that has stopped waiting by then; 0 when nobody did."""
        before = np.searchsorted(self.days, day, side="right")
        return 1 - float(self.waiting[before - 1]) if before else 0.0


def kaplan_meier(days: IntArray, stopped: BoolArray) -> Survival:
    """Return the curve of those still waiting, the unfinished waits counted.

    Args:
        days: shape (n,), how long each has waited.
        stopped: shape (n,); False: it was still waiting when last seen, and counts
            among those waiting up to that very day.

    Raises:
        ValueError: a wait is negative.

    Source: Kaplan & Meier (1958), JASA 53, 457-481; range by Greenwood's variance on
        the log(-log) scale: Kalbfleisch & Prentice (2002), section 1.4.
    """
    if np.any(days < 0):
        raise ValueError("days waited: 0 or more")
    at, events = np.unique(days[stopped], return_counts=True)
    at_risk = len(days) - np.searchsorted(np.sort(days), at)
    waiting: FloatArray = np.cumprod(1 - events / at_risk, dtype=np.float64)
    some = waiting > 0  # only the last row can have none
    left = np.where(some, at_risk - events, 1)
    error = np.sqrt(np.cumsum(np.where(some, events / (at_risk * left), 0)))
    held = np.where(some, waiting, 0.5)
    scaled = float(ndtri((1 + CONFIDENCE) / 2)) * error / np.abs(np.log(held))
    low = np.where(some, held ** np.exp(scaled), 0)
    high: FloatArray = np.where(some, held ** np.exp(-scaled), 1)
    high = np.minimum.accumulate(high)
    return Survival(len(days), at, waiting, low, high)
