"""Buy till you die: what a client's rhythm and silence say about what comes next.

The model is MBG/CNBD-k: a client passes through phases at a rate of its own,
Gamma(r, alpha); every k-th phase is a purchase; after each purchase, the first one
included if `modified`, it leaves for good with a chance of its own, Beta(a, b). k = 1
and not modified is BG/NBD. All is said by two numbers a client: S2, how likely a
silence this long is for one who still buys, and S1, the odds that it left instead.

Sources: Fader, Hardie & Lee (2005), Marketing Science; Batislam, Denizel & Filiztekin
(2007), IJRM; Reutterer, Platzer & Schröder (2021), IJRM. Closed forms: docs/model.md.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, expit

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray
from kommo_sync.model.distinct import distinct_rows
from kommo_sync.model.purchases import PurchaseSummary
from kommo_sync.model.renewals import purchase_moments

CENTURY = 36525.0
"""Days: as far as a next purchase is looked for unless told otherwise."""

MAX_PHASES = 20
_NEWTON_STEPS = 60
_PRECISE = 1e-13


@dataclass(frozen=True, slots=True)
class Ages:
    """What the model knows of each client; shape (n,) each, in any one unit of time.

    Args:
        repeats: purchases after the first, whole numbers (x).
        last_purchase_age: from the first purchase to the last (t_x).
        age: since the first purchase (T).

    Raises:
        ValueError: a column is negative, not finite, of another length or order.
    """

    repeats: FloatArray
    last_purchase_age: FloatArray
    age: FloatArray

    def __post_init__(self) -> None:
        for name in ("repeats", "last_purchase_age", "age"):
            column = getattr(self, name)
            if column.shape != (len(self.repeats),):
                raise ValueError(f"{name} has shape {column.shape}: one a client")
            _refuse(~(np.isfinite(column) & (column >= 0)), column, name, "0 or more")
        last, repeats = self.last_purchase_age, self.repeats
        late = last > self.age
        _refuse(late, last, "last_purchase_age", "at most the age")
        _refuse(repeats != np.floor(repeats), repeats, "repeats", "a whole number")
        alone = (repeats == 0) & (last > 0)
        _refuse(alone, last, "last_purchase_age", "0 without a repeat purchase")

    @classmethod
    def of(cls, summary: PurchaseSummary) -> "Ages":
        """Return the ages in days."""
        return cls(
            summary.repeats.astype(np.float64),
            summary.last_purchase_age.astype(np.float64),
            summary.age.astype(np.float64),
        )

    def __len__(self) -> int:
        return len(self.repeats)

    def take(self, rows: IntArray | BoolArray) -> "Ages":
        """Return some rows, by position or mask."""
        return Ages(self.repeats[rows], self.last_purchase_age[rows], self.age[rows])


def _refuse(wrong: BoolArray, column: FloatArray, name: str, need: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{name} of row {row} is {column[row]}: {need}")


@dataclass(frozen=True, slots=True)
class MbgCnbd:
    """Parameters of MBG/CNBD-k, or BG/CNBD-k if not `modified`.

    Args:
        r: shape of the rates of phases.
        alpha: their scale, in the unit of the ages; r / alpha phases a unit on average.
        a: with b: each client's chance to leave after a purchase is Beta(a, b).
        b: see a.
        k: phases between two purchases; above 1, more regular than chance.
        modified: whether a client can leave after the very first purchase.
    """

    r: float
    alpha: float
    a: float
    b: float
    k: int = 1
    modified: bool = True

    def __post_init__(self) -> None:
        for name in ("r", "alpha", "a", "b"):
            value = getattr(self, name)
            if not 1e-9 <= value <= 1e9:
                raise ValueError(f"{name} is {value}: between 1e-9 and 1e9")
        if not 1 <= self.k <= MAX_PHASES:
            raise ValueError(f"k is {self.k}: between 1 and {MAX_PHASES}")


def p_alive(ages: Ages, model: MbgCnbd) -> FloatArray:
    """Return each client's probability of still buying at all: S2 / (S1 + S2)."""
    return _unit(expit(_log_silence(ages, model) - _log_left(ages.repeats, model)))


def silence_quantile(ages: Ages, model: MbgCnbd) -> FloatArray:
    """Return how unusual the present silence is for this very client: 1 - S2.

    The share of its intervals that would be over by now if it still buys: 0.5 as long
    as the typical one, 0.9 longer than nine in ten.
    """
    return _unit(-np.expm1(_log_silence(ages, model)))


def p_no_purchase(
    ages: Ages, model: MbgCnbd, horizon: float | FloatArray
) -> FloatArray:
    """Return the probability of no purchase within the horizon.

    (S1 + S2 at T + H) / (S1 + S2 at T): gone already, or silent that much longer.

    Args:
        ages: n clients.
        model: in the same unit.
        horizon: from now on, in the same unit; one number or one a client.
    """
    left = _log_left(ages.repeats, model)
    now = np.logaddexp(left, _log_silence(ages, model))
    then = np.logaddexp(left, _log_silence(ages, model, _ahead(horizon)))
    return _unit(np.exp(then - now))


def expected_purchases(
    ages: Ages, model: MbgCnbd, horizon: float | FloatArray
) -> FloatArray:
    """Return the expected number of purchases within the horizon."""
    return count_moments(ages, model, horizon)[0]


def count_moments(
    ages: Ages, model: MbgCnbd, horizon: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the variance of the number of purchases in the horizon.

    Clients of the same repeats and age share the sums of `renewals.py`; what they
    leave out is below 1e-9 purchases, or a millionth of very large counts.
    """
    horizons = np.broadcast_to(_ahead(horizon), len(ages))
    first_rows, row = distinct_rows(ages.repeats, ages.age, horizons)
    shape = model.r + model.k * ages.repeats[first_rows]
    ratio = horizons[first_rows] / (model.alpha + ages.age[first_rows])
    loyal = model.b + ages.repeats[first_rows] + model.modified
    first, second = purchase_moments(shape, ratio, loyal, model.a, model.k)
    alive, mean, square = p_alive(ages, model), np.zeros(len(ages)), np.zeros(len(ages))
    for phase, weight in enumerate(_phase_weights(ages, model)):
        mean += weight * first[phase, row]
        square += weight * second[phase, row]
    mean, square = alive * mean, alive * square
    return mean, np.maximum(square - mean**2, 0)


def expected_total(model: MbgCnbd, t: FloatArray) -> FloatArray:
    """Return the expected purchases after the first of a new client by age t."""
    nothing = np.zeros(len(t))
    return expected_purchases(Ages(nothing, nothing, nothing), model, t)


def next_purchase(
    ages: Ages, model: MbgCnbd, quantile: float, cap: float = CENTURY
) -> FloatArray:
    """Return from now to the next purchase, given that the client still buys.

    Args:
        ages: the clients asked for.
        model: in the same unit.
        quantile: between 0 and 1; 0.1 and 0.9 make a window.
        cap: the answer is at most this.
    """
    _between(quantile, "quantile")
    scale = model.alpha + ages.age
    if model.k == 1:
        shape = model.r + ages.repeats
        growth = np.minimum(-math.log1p(-quantile) / shape, 700)
        return _capped(np.expm1(growth), scale, cap)
    shape, base = model.r + model.k * ages.repeats, model.alpha + ages.last_purchase_age
    goal = _log_silence(ages, model) + math.log1p(-quantile)
    when = np.log((scale + cap) / base)
    moves = np.ones(len(ages), np.bool_)
    for _ in range(_NEWTON_STEPS):
        # log S2 falls ever faster with the logarithm of alpha + T: from the far side
        # Newton's steps never pass the answer.
        terms = _phases(shape, -np.expm1(-when), model.k)
        total = sum(terms)
        excess = np.maximum(goal - (np.log(total) - shape * when), 0)
        step = excess * total / ((shape + model.k - 1) * terms[-1])
        when -= np.where(moves, step, 0)
        # Each stops by itself: whoever else is asked for must not alter its bits.
        moves &= step >= _PRECISE
        if not moves.any():
            break
    return np.clip(base * np.exp(when) - scale, 0, cap)


def silence_for_quantile(
    repeats: FloatArray,
    last_purchase_age: FloatArray,
    model: MbgCnbd,
    quantile: float,
    cap: float = math.inf,
) -> FloatArray:
    """Return after how much silence `silence_quantile` reaches a value; `cap` at most.

    Exact, by one inversion for each number of repeats: S2 depends on the silence only
    as a multiple of alpha + t_x.
    """
    _between(quantile, "quantile")
    distinct, row = np.unique(repeats, return_inverse=True)
    goal = np.full(len(distinct), math.log1p(-quantile))
    silence = _silence_of(goal, distinct, model)[row]
    return _capped(silence, model.alpha + last_purchase_age, cap)


def silence_for_p_alive(
    repeats: FloatArray,
    last_purchase_age: FloatArray,
    model: MbgCnbd,
    probability: float,
    cap: float = math.inf,
) -> FloatArray:
    """Return after how much silence `p_alive` falls to a value; `cap` at most.

    0 where it is no higher right after the purchase; infinite, or `cap`, where it
    never falls: without `modified`, a client cannot leave before its first repeat.
    """
    _between(probability, "probability")
    distinct, row = np.unique(repeats, return_inverse=True)
    odds = math.log(probability) - math.log1p(-probability)
    goal = np.minimum(_log_left(distinct, model) + odds, 0)
    silence = _silence_of(goal, distinct, model)[row]
    return _capped(silence, model.alpha + last_purchase_age, cap)


def _silence_of(goal: FloatArray, repeats: FloatArray, model: MbgCnbd) -> FloatArray:
    """Return the silence, in alpha + t_x, at which log S2 falls to the goal."""
    shape = model.r + model.k * repeats
    if model.k == 1:
        with np.errstate(over="ignore"):
            return np.asarray(np.expm1(-goal / shape), np.float64)
    past = betaincinv(model.k, shape, -np.expm1(goal))
    rest = betaincinv(shape, model.k, np.exp(goal))
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(past / rest, np.float64)


def _capped(silence: FloatArray, scale: FloatArray, cap: float) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.minimum(silence * scale, cap)


def _log_silence(
    ages: Ages, model: MbgCnbd, ahead: float | FloatArray = 0.0
) -> FloatArray:
    """Return log S2: the chance that the present phase, or purchase, is not over.

    With s = r + k x and z the share of alpha + T that is silence: the chance of fewer
    than k phases, sum over j < k of (s)_j / j! z^j (1 - z)^s.
    """
    shape = model.r + model.k * ages.repeats
    silence = ages.age - ages.last_purchase_age + ahead
    growth = silence / (model.alpha + ages.last_purchase_age)
    result = -shape * np.log1p(growth)
    if model.k > 1:
        result += np.log(sum(_phases(shape, growth / (1 + growth), model.k)))
    return np.minimum(result, 0)


def _phases(shape: FloatArray, share: FloatArray, k: int) -> list[FloatArray]:
    """Return (s)_j / j! z^j for j < k."""
    terms = [np.ones(len(shape))]
    for phase in range(1, k):
        terms.append(terms[-1] * share * ((shape + phase - 1) / phase))
    return terms


def _phase_weights(ages: Ages, model: MbgCnbd) -> list[FloatArray]:
    """Return how likely a living client is in each phase."""
    shape = model.r + model.k * ages.repeats
    share = (ages.age - ages.last_purchase_age) / (model.alpha + ages.age)
    terms = _phases(shape, share, model.k)
    total = sum(terms)
    return [term / total for term in terms]


def _log_left(repeats: FloatArray, model: MbgCnbd) -> FloatArray:
    """Return log S1: the odds of having left after the last purchase; -inf never."""
    if model.modified:
        return np.asarray(np.log(model.a / (model.b + repeats)), np.float64)
    odds = np.where(repeats > 0, model.a / (model.b + np.maximum(repeats - 1, 0)), 0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(odds), np.float64)


def _ahead(horizon: float | FloatArray) -> FloatArray:
    found = np.asarray(horizon, np.float64)
    if not (np.isfinite(found) & (found >= 0)).all():
        raise ValueError(f"horizon is {found.min()}: finite, 0 or more")
    return found


def _between(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}: between 0 and 1")


def _unit(found: FloatArray) -> FloatArray:
    return np.clip(found, 0, 1)
