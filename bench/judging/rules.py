"""The hand-made rules that the risk has to beat; higher is riskier.

All see the eligible clients alone: at the whole base they would do worse.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import rankdata

from bench.judging.replay import Moment
from kommo_sync.model.arrays import FloatArray, IntArray

FIFTHS = 5


def recency(moment: Moment) -> FloatArray:
    """Return the days of silence."""
    return _eligible(moment, moment.silence)


def at_risk(moment: Moment) -> FloatArray:
    """Return 1 for who used to buy often and is silent: R <= 2 and F >= 3, else 0."""
    recent, frequent, _ = _rfm(moment)
    return ((recent <= 2) & (frequent >= 3)).astype(np.float64)


def own_median(moment: Moment) -> FloatArray:
    """Return the silence in the client's own median intervals."""
    purchases = moment.purchases
    gaps = np.split(purchases.day, purchases.start[1:-1])
    medians = np.array(
        [np.median(np.diff(days)) if len(days) > 1 else 1.0 for days in gaps]
    )
    return _eligible(moment, moment.silence / np.maximum(medians, 1.0))


def low_rfm(moment: Moment) -> FloatArray:
    """Return 15 less the sum of the three fifths, R + F + M."""
    recent, frequent, rich = _rfm(moment)
    return (3 * FIFTHS - recent - frequent - rich).astype(np.float64)


def recency_x_value(moment: Moment) -> FloatArray:
    """Return the days of silence times the run-rate revenue."""
    return recency(moment) * _eligible(moment, moment.value)


def low_rfm_x_value(moment: Moment) -> FloatArray:
    """Return 16 less the sum of the three fifths, times the run-rate revenue."""
    return (low_rfm(moment) + 1) * _eligible(moment, moment.value)


HAND_MADE: Mapping[str, Callable[[Moment], FloatArray]] = {
    "recency": recency,
    "at_risk": at_risk,
    "own_median": own_median,
    "low_rfm": low_rfm,
    "recency_x_value": recency_x_value,
    "low_rfm_x_value": low_rfm_x_value,
}


def _rfm(moment: Moment) -> tuple[IntArray, IntArray, IntArray]:
    """Return the fifths of the eligible, 1 to 5 and 5 the best; equals share one."""
    return (
        _fifth(-recency(moment)),
        _fifth(_eligible(moment, moment.summary.count)),
        _fifth(_eligible(moment, moment.summary.total)),
    )


def _fifth(column: FloatArray) -> IntArray:
    middle = (rankdata(column) - 0.5) / max(len(column), 1)
    return np.minimum(middle * FIFTHS, FIFTHS - 1).astype(np.int64) + 1


def _eligible(moment: Moment, column: FloatArray | IntArray) -> FloatArray:
    return column[moment.eligible].astype(np.float64)
