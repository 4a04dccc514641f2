"""How well a score foretells who leaves; ties are broken by expectation.

Everywhere `score` has the shape (n,), higher is riskier, `left` says who did leave.
"""

import numpy as np
from scipy.stats import rankdata

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray

BINS = 10
EARLY = 1 / 3
"""The part of the horizon within which a flag is early."""


def auc(score: FloatArray, left: BoolArray) -> float:
    """Return the share of pairs of a leaver and a stayer that the score puts right.

    A tie counts half. NaN if all left or nobody did.
    """
    leavers = int(left.sum())
    stayers = len(left) - leavers
    if not leavers or not stayers:
        return float("nan")
    ranks = float(rankdata(score)[left].sum())
    return (ranks - leavers * (leavers + 1) / 2) / (leavers * stayers)


def top_weights(score: FloatArray, size: float) -> FloatArray:
    """Return how much of each client the list of the `size` highest scores holds.

    Who ties at the boundary shares the places left there.

    Returns:
        Shape (n,), each in [0, 1]; their sum is the size, n at most.
    """
    if not len(score):
        return np.zeros(0)
    _, group, members = np.unique(-score, return_inverse=True, return_counts=True)
    before = np.cumsum(members) - members
    share = np.clip((size - before) / members, 0.0, 1.0)
    return np.asarray(share[group], np.float64)


def precision_at(score: FloatArray, left: BoolArray, share: float) -> float:
    """Return the share of leavers among the highest scores, a share of all clients."""
    if not len(left):
        return float("nan")
    size = share * len(left)
    return float(top_weights(score, size) @ left) / size


def captured_at(
    score: FloatArray, left: BoolArray, value: FloatArray, share: float
) -> float:
    """Return the share of the leavers' value that the highest scores hold.

    NaN if nobody of value left.
    """
    lost = value * left
    if not lost.sum() > 0:
        return float("nan")
    return float(top_weights(score, share * len(left)) @ lost / lost.sum())


def early(silence: IntArray, horizon: int) -> BoolArray:
    """Return whose silence is still within the first third of the horizon."""
    return np.asarray(silence <= EARLY * horizon, np.bool_)


def early_precision(score: FloatArray, left: BoolArray, young: BoolArray) -> float:
    """Return how many early flags are right, with as many flags as there are leavers.

    Only those whose silence is young are flagged, and counted: flags that say nothing
    score their base rate. NaN if none of them left.
    """
    leavers = int(left[young].sum())
    if not leavers:
        return float("nan")
    flagged = top_weights(score[young], leavers)
    return float(flagged @ left[young]) / leavers


def calibration_error(p: FloatArray, left: BoolArray) -> float:
    """Return the mean |said − seen| over ten bins of equally many clients (ECE)."""
    if not len(left):
        return float("nan")
    _, group, members = np.unique(p, return_inverse=True, return_counts=True)
    seen = (np.bincount(group, left) / members)[group]
    order = np.argsort(p, kind="stable")
    gaps = np.array_split((p - seen)[order], BINS)
    return float(sum(abs(gap.sum()) for gap in gaps) / len(left))


def f1(flagged: BoolArray, left: BoolArray) -> float:
    """Return the harmonic mean of precision and recall; 0 if no flag is right."""
    right = int((flagged & left).sum())
    return 2 * right / max(int(flagged.sum()) + int(left.sum()), 1)


def best_f1(score: FloatArray, left: BoolArray) -> float:
    """Return the F1 of the best threshold on the score, known only in hindsight."""
    if not len(left):
        return 0.0
    _, group = np.unique(-score, return_inverse=True)
    right = np.cumsum(np.bincount(group, left))
    flagged = np.cumsum(np.bincount(group))
    return float(np.max(2 * right / (flagged + left.sum())))
