"""How many times a client who still buys will buy: sums over whole numbers."""

import numpy as np
from scipy.special import betainc, gammaln

from kommo_sync.model.arrays import BoolArray, FloatArray

TOLERANCE = 1e-9
"""What the sums leave out, in purchases (the mean) or purchases squared."""

LONG = 4000.0
"""Phases beyond which the sum is taken over a grid instead of term by term."""

_EXACT = 64
_STEP = 1 / 48
_LEAP = 48
"""Steps by which grids differ in length: one more and it reaches e times as far."""
_CHUNK = 2000
_EVERY = 8


def purchase_moments(
    shape: FloatArray, ratio: FloatArray, loyal: FloatArray, a: float, k: int
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of X and of X² by the phase that a living client is in.

    X is the number of purchases in the horizon; the client is in phase j of k, the
    rate of phases is Gamma(shape + j), and 1 - p, the chance to stay after a purchase,
    has p ~ Beta(a, loyal):
        P(X >= m) = P(N >= m k - j) B(a, loyal + m - 1) / B(a, loyal),
    N ~ negative binomial of shape + j and odds `ratio`.

    Args:
        shape: shape (n,), s = r + k x.
        ratio: shape (n,), horizon / (alpha + age).
        loyal: shape (n,), the second parameter of p after what is known.
        a: the first parameter of p.
        k: phases between two purchases.

    Returns:
        Two columns of shape (k, n). Term by term what is left out is below
        `TOLERANCE`; where more than `LONG` phases are possible the relative error is
        below 1e-6 (mean) or 1e-5 (square).
    """
    first, second = np.zeros((k, len(shape))), np.zeros((k, len(shape)))
    for phase in range(k):
        total = shape + phase
        long = (total + 25) * ratio > LONG
        long |= total * np.log1p(ratio) > 600  # else the first term is 0 in floats
        short = ~long
        for rows, count in ((short, _sum_terms), (long, _sum_grid)):
            first[phase, rows], second[phase, rows] = count(
                total[rows], ratio[rows], loyal[rows], a, (k, phase)
            )
    return first, second


def _sum_terms(
    shape: FloatArray,
    ratio: FloatArray,
    loyal: FloatArray,
    a: float,
    phases: tuple[int, int],
) -> tuple[FloatArray, FloatArray]:
    """Add term after term; a row leaves as soon as the rest cannot matter."""
    k, phase = phases
    first, second = np.zeros(len(shape)), np.zeros(len(shape))
    rows = np.flatnonzero(ratio > 0)
    shape, ratio, loyal = shape[rows], ratio[rows], loyal[rows]
    odds = ratio / (1 + ratio)
    chance = np.exp(-shape * np.log1p(ratio))  # of exactly n phases
    reached, staying = np.ones(len(rows)), np.ones(len(rows))  # n or more; still here
    n = m = 0
    while len(rows):
        reached -= chance
        chance *= odds * (shape + n) / (n + 1)
        n += 1
        if (n + phase) % k:
            continue
        m += 1
        term = staying * np.maximum(reached, 0)
        first[rows] += term
        second[rows] += (2 * m - 1) * term
        staying *= (loyal + m - 1) / (a + loyal + m - 1)
        if m % _EVERY == 0 or m & (m - 1) == 0:
            left = _matters(chance, np.maximum(odds, odds * (shape + n) / (n + 1)), n)
            rows, shape, loyal, odds = rows[left], shape[left], loyal[left], odds[left]
            chance, reached, staying = chance[left], reached[left], staying[left]
    return first, second


def _matters(chance: FloatArray, decay: FloatArray, n: int) -> BoolArray:
    """Tell where chances that fall by `decay` at least can still add `TOLERANCE`."""
    rest = 1 - decay
    return (rest <= 0) | (2 * chance * (n * rest + 1) > TOLERANCE * rest**3)


def _sum_grid(
    shape: FloatArray,
    ratio: FloatArray,
    loyal: FloatArray,
    a: float,
    phases: tuple[int, int],
) -> tuple[FloatArray, FloatArray]:
    """Add the first terms one by one, the rest by Euler and Maclaurin on a log grid."""
    first, second = np.zeros(len(shape)), np.zeros(len(shape))
    farthest = ratio * (shape + 8 * np.sqrt(shape) + 40) / phases[0] + 100
    # By the row's own numbers alone: whoever else is asked for must not alter its bits.
    leaps = np.ceil(np.log(farthest / _EXACT) / (_STEP * _LEAP)).astype(np.int64)
    for leap in np.unique(leaps).tolist():
        m = _whole_numbers(leap * _LEAP + 2)
        rows = np.flatnonzero(leaps == leap)
        for low in range(0, len(rows), _CHUNK):
            part = rows[low : low + _CHUNK]
            one, two = _grid(m, (shape[part], ratio[part], loyal[part]), a, phases)
            first[part], second[part] = one, two
    return first, second


def _whole_numbers(steps: int) -> FloatArray:
    """Return the first whole numbers, and a grid of so many steps that goes on."""
    grid = _EXACT * np.exp(_STEP * np.arange(steps))
    return np.concatenate((np.arange(1.0, _EXACT), grid))


def _grid(
    m: FloatArray,
    rows: tuple[FloatArray, FloatArray, FloatArray],
    a: float,
    phases: tuple[int, int],
) -> tuple[FloatArray, FloatArray]:
    (shape, ratio, loyal), (k, phase) = rows, phases
    odds = (ratio / (1 + ratio))[:, None]
    chance = np.asarray(betainc(m * k - phase, shape[:, None], odds), np.float64)
    b = loyal[:, None]
    staying = np.exp(
        gammaln(b + m - 1) - gammaln(b) - gammaln(a + b + m - 1) + gammaln(a + b)
    )
    terms: FloatArray = np.asarray(chance * staying, np.float64)
    return _integrate(terms, m), _integrate(terms * (2 * m - 1), m)


def _integrate(terms: FloatArray, m: FloatArray) -> FloatArray:
    """Return the sum over all m of terms known at 1.._EXACT and on the log grid."""
    head, tail = terms[:, : _EXACT - 1].sum(1), terms[:, _EXACT - 1 :]
    height = tail * m[_EXACT - 1 :]  # dm = m du
    integral = _STEP * (height.sum(1) - height[:, 0] / 2)
    integral += _STEP / 12 * (height[:, 1] - height[:, 0])
    slope = (tail[:, 1] - tail[:, 0]) / (m[_EXACT] - m[_EXACT - 1])
    return np.asarray(head + integral + tail[:, 0] / 2 - slope / 12, np.float64)
