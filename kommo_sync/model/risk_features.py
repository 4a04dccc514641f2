"""What the risk looks at: a dozen numbers a client that mean the same in any business.

Days are told in horizons and money in what is usual for the account, so that a grocer
and a wholesaler can be spoken of by the same weights. Each is explained in
docs/model.md.
"""

from dataclasses import dataclass

import numpy as np

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import (
    Ages,
    MbgCnbd,
    p_alive,
    p_no_purchase,
    silence_quantile,
)
from kommo_sync.model.btyd_fit import median_gap
from kommo_sync.model.purchases import WINDOWS, Purchases, PurchaseSummary

FEATURES = (
    "log_odds_plain",
    "log_odds_own",
    "silence_survival",
    "p_alive",
    "log_silence",
    "log_count",
    "bought_once",
    "log_age",
    "log_recent",
    "log_earlier",
    "log_variation",
    "log_value",
    "log_amount",
    "log_change",
    "log_active",
)
"""The columns of `features`, in order."""

FARTHEST = 5.0
"""Standard deviations from the usual; what lies farther off counts as that far."""

_LEAST = 1e-6
_SOFTLY = 0.1
"""So much of the usual amount is added to every amount before its logarithm."""
_PRIOR_GAPS = 2
"""Intervals of a usual spread that everybody is credited with."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in an account: the units that its clients are measured in.

    Args:
        gap: median days between purchases.
        amount: median over clients of their mean amount, hundredths.
        value: median run-rate revenue of a horizon, of who has any; hundredths.
    """

    gap: float
    amount: float
    value: float

    @classmethod
    def of(cls, purchases: Purchases, summary: PurchaseSummary) -> "Usual":
        """Return what is usual for some clients; 1 where nothing tells."""
        amount = np.maximum(summary.total, 0) / np.maximum(summary.count, 1)
        return cls(
            median_gap(purchases),
            _middle(amount[amount > 0]),
            _middle(summary.run_rate[summary.recent_total > 0]),
        )


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What other businesses taught.

    Args:
        centre: one a feature, the mean over them.
        scale: one a feature, the standard deviation.
        weights: the intercept, and one a feature after `standardised`.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]


def standardised(columns: FloatArray, others: Coefficients) -> FloatArray:
    """Return features in standard deviations of other businesses, after a 1.

    Returns:
        Shape (n, 1 + len(FEATURES)).
    """
    found = np.ones((1 + columns.shape[1], len(columns)))
    far = found[1:]
    np.subtract(columns.T, np.array(others.centre)[:, None], out=far)
    far /= np.array(others.scale)[:, None]
    np.clip(far, -FARTHEST, FARTHEST, out=far)
    return found.T


def _middle(amounts: FloatArray) -> float:
    return max(float(np.median(amounts)), 1.0) if len(amounts) else 1.0


def features(
    summary: PurchaseSummary, own: MbgCnbd, plain: MbgCnbd, usual: Usual
) -> FloatArray:
    """Return the numbers that the risk is told by.

    Args:
        summary: n clients.
        own: the account's model, in days.
        plain: the same with k = 1: what if the rhythm were no more even than chance.
        usual: the account's units.

    Returns:
        Shape (n, len(FEATURES)), finite.
    """
    ages, horizon = Ages.of(summary), summary.horizon
    count, recent = summary.count, summary.recent_count
    silence = summary.days_since_last + 1
    mean_gap = (summary.last_purchase_age + usual.gap) / count
    mean_amount = np.maximum(summary.total, 0) / count
    age = (summary.age + 1) / horizon
    usually = np.minimum(count / (age + usual.gap / horizon), count)
    columns = (
        _log_odds(p_no_purchase(ages, plain, horizon)),
        _log_odds(p_no_purchase(ages, own, horizon)),
        1 - silence_quantile(ages, own),
        p_alive(ages, own),
        np.log(np.minimum(silence / horizon, 1)),
        np.log(count),
        count == 1,
        np.log(age),
        np.log1p(recent),
        np.log1p(summary.earlier_count),
        _log_variation(summary, mean_gap),
        _log_share(summary.run_rate, usual.value),
        _log_share(mean_amount, usual.amount),
        np.log((recent + 0.5) / (usually + 0.5)),
        _log_active(summary.active_windows, age),
    )
    return np.stack(columns).T  # each column is written, and read, in one go


def _log_odds(chance: FloatArray) -> FloatArray:
    inside = np.clip(chance, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def _log_share(amount: FloatArray, usual: float) -> FloatArray:
    return np.asarray(np.log((amount / usual + _SOFTLY) / (1 + _SOFTLY)), np.float64)


def _log_variation(summary: PurchaseSummary, mean_gap: FloatArray) -> FloatArray:
    """Return the logarithm of the spread of the intervals in mean intervals.

    Everybody starts from intervals as uneven as chance makes them, so that nobody is
    called even, or uneven, for one or two.
    """
    repeats = summary.repeats
    square = summary.squared_gaps / np.maximum(repeats, 1) - summary.mean_gap**2
    spread = np.maximum(square, 0) * repeats / mean_gap**2
    shrunk = (spread + _PRIOR_GAPS) / (repeats + _PRIOR_GAPS)
    return np.asarray(np.log(shrunk) / 2, np.float64)


def _log_active(active_windows: IntArray, age: FloatArray) -> FloatArray:
    """Return the log-odds that a window of the client's past holds a purchase."""
    lived = np.maximum(np.minimum(age, WINDOWS), active_windows)
    odds = (active_windows + 0.5) / (lived - active_windows + 0.5)
    return np.asarray(np.log(odds), np.float64)
