"""The parameters of buying till death, from an account's purchases, and their doubt."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln, logit

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import Ages, MbgCnbd, p_no_purchase
from kommo_sync.model.btyd_likelihood import Rows, log_likelihood, weighed
from kommo_sync.model.purchases import Purchases

COLD_START = 30
"""Repeat purchases below which other businesses speak for this one."""

SETTLED = 150
"""Repeat purchases from which on the account speaks for itself."""

DECILE = 1.2815515655446004
"""Standard deviations from the middle of a normal to its 90th percentile."""

USUAL_GAP_DAYS = 60.0
"""The median interval that is supposed before anybody has bought twice."""

PRIOR = MbgCnbd(r=0.8, alpha=1.0, a=0.5, b=2.0)
"""What other businesses are like, in units of their median interval."""

PRIOR_SPREAD = (1.2, 1.5, 1.2, 1.5)
"""Standard deviations of the logarithms of r, alpha, a, b between businesses."""

_LARGEST_K = 8
_SAMPLE = 20_000
_BOUND = 12.0  # of a logarithm
_REFINEMENTS = 6
_STEP = 1e-3  # the next would be a hundredth of it
_DIFFERENCE = 1e-4


class FitSource(StrEnum):
    """What the parameters rest on."""

    ACCOUNT = "account"
    BLEND = "blend"
    PRIOR = "prior"


@dataclass(frozen=True, slots=True)
class Fit:
    """A model, and how sure we are of it.

    Args:
        model: the parameters.
        log_likelihood: of the purchases under the model, without the penalty.
        repeats: repeat purchases that it rests on.
        source: the account's own (`SETTLED` repeat purchases and more), a blend with
            other businesses' (show ranges), or theirs alone (below `COLD_START`).
        roots: 4 independent steps of one standard deviation in the logarithms of r,
            alpha, a and b; their outer products add up to the covariance.
    """

    model: MbgCnbd
    log_likelihood: float
    repeats: int
    source: FitSource
    roots: tuple[tuple[float, ...], ...]

    def plausible(self) -> list[tuple[MbgCnbd, MbgCnbd]]:
        """Return the models one step up and one step down each root."""
        return [
            (_moved(self.model, step, 1), _moved(self.model, step, -1))
            for step in self.roots
        ]


def _moved(model: MbgCnbd, step: tuple[float, ...], sign: int) -> MbgCnbd:
    r, alpha, a, b = (
        min(max(value * math.exp(sign * by), 1e-9), 1e9)
        for value, by in zip(
            (model.r, model.alpha, model.a, model.b), step, strict=True
        )
    )
    return replace(model, r=r, alpha=alpha, a=a, b=b)


def median_gap(purchases: Purchases) -> float:
    """Return the account's median days between purchases, each client weighing one.

    (Counted one by one, the intervals of the few who buy daily would be the median.)
    """
    gaps = _gaps(purchases)
    if not len(gaps):
        return USUAL_GAP_DAYS
    repeats = purchases.count - 1
    order = np.argsort(gaps)
    weight = np.cumsum((1 / np.repeat(repeats, repeats))[order])
    return float(gaps[order][np.searchsorted(weight, weight[-1] / 2)])


def sum_log_gaps(purchases: Purchases) -> float:
    """Return the sum of the logarithms of the days between purchases."""
    return float(np.log(_gaps(purchases)).sum())


def _gaps(purchases: Purchases) -> IntArray:
    later = np.ones(len(purchases.day), np.bool_)
    later[purchases.start[:-1]] = False
    return np.diff(purchases.day, prepend=0)[later]


def prior_fit(unit: float, repeats: int = 0) -> Fit:
    """Return what is supposed of an account whose median interval is the unit."""
    _check_unit(unit)
    model = replace(PRIOR, alpha=PRIOR.alpha * unit)
    roots = tuple(map(tuple, np.diag(PRIOR_SPREAD).tolist()))
    return Fit(model, 0.0, repeats, FitSource.PRIOR, roots)


def fit(
    ages: Ages,
    *,
    unit: float,
    log_gaps: float | None = None,
    k: int | None = None,
    modified: bool = True,
    penalised: bool = True,
) -> Fit:
    """Return the parameters most likely for an account, or the prior's at cold start.

    Args:
        ages: n clients.
        unit: the account's median interval, in the unit of the ages.
        log_gaps: sum of the logarithms of all intervals, in the unit of the ages; it
            tells how even they are. Without it only counts and ages decide on k.
        k: phases; found by the (penalised) likelihood if None.
        modified: as in `MbgCnbd`.
        penalised: with the log-normal prior; else maximum likelihood, never a prior.

    Raises:
        ValueError: the unit is no positive number, or there is nobody to fit.
    """
    _check_unit(unit)
    repeats = int(ages.repeats.sum())
    if penalised and repeats < COLD_START:
        return prior_fit(unit, repeats)
    if not len(ages):
        raise ValueError("nobody to fit: at least one client")
    even = None if log_gaps is None else log_gaps / max(repeats, 1) - math.log(unit)
    rows = Rows.of(ages, unit)
    sample = rows.sample(_SAMPLE)
    timing = _Timing.of(sample, even)
    hill = _Hill(sample, modified, penalised)
    best = hill.climb(k or 1)
    while k is None and best.k < _LARGEST_K:
        peak = hill.climb(best.k + 1, near=best.theta)
        if peak.height + timing.of_k(peak.k) <= best.height + timing.of_k(best.k):
            break
        best = peak
    if sample is not rows:
        timing = _Timing.of(rows, even)
        best = _Hill(rows, modified, penalised).refine(best)
    r, alpha, a, b = np.exp(best.theta).tolist()
    return Fit(
        MbgCnbd(r, alpha * unit, a, b, best.k, modified),
        best.log_likelihood
        + timing.of_k(best.k)
        - timing.dimensions() * math.log(unit),
        repeats,
        FitSource.ACCOUNT if repeats >= SETTLED else FitSource.BLEND,
        best.roots(),
    )


@dataclass(frozen=True, slots=True)
class _Timing:
    """What the times of the purchases add to the likelihood; it depends on k alone.

    Args:
        repeats: shape (m,), of rows with a repeat purchase.
        log_last: shape (m,), logarithms of the age at the last one, in units.
        weight: shape (m,), clients.
        mean_log_gap: mean logarithm of all intervals, in units, if known.
    """

    repeats: FloatArray
    log_last: FloatArray
    weight: FloatArray
    mean_log_gap: float | None

    @classmethod
    def of(cls, rows: Rows, mean_log_gap: float | None) -> "_Timing":
        again = rows.last > 0
        repeats = rows.repeats[rows.code[again]]
        return cls(repeats, np.log(rows.last[again]), rows.weight[again], mean_log_gap)

    def of_k(self, k: int) -> float:
        """Return the part of the log-likelihood that only k moves.

        The intervals are Gamma(k, rate) each; where they are not known, the age at the
        last purchase, their sum, is Gamma(k x, rate).
        """
        if self.mean_log_gap is not None:
            even = (k - 1) * self.mean_log_gap - float(gammaln(k))
            return even * weighed(self.weight, self.repeats)
        phases = k * self.repeats
        return weighed(self.weight, (phases - 1) * self.log_last - gammaln(phases))

    def dimensions(self) -> float:
        """Return how many times the likelihood is a density of."""
        if self.mean_log_gap is not None:
            return weighed(self.weight, self.repeats)
        return float(self.weight.sum())


@dataclass(frozen=True, slots=True)
class _Peak:
    """Where the (penalised) likelihood is highest for one k."""

    k: int
    theta: FloatArray
    height: float
    log_likelihood: float
    hessian: FloatArray

    def roots(self) -> tuple[tuple[float, ...], ...]:
        """Return the steps of one standard deviation; none longer than the prior's."""
        curvature, axes = np.linalg.eigh(-self.hessian)
        flattest = 1 / max(PRIOR_SPREAD) ** 2
        steps = axes / np.sqrt(np.maximum(curvature, flattest))
        return tuple(map(tuple, steps.T.tolist()))


@dataclass(frozen=True, slots=True)
class _Hill:
    """The (penalised) likelihood of some rows, and ways to its top."""

    rows: Rows
    modified: bool
    penalised: bool

    def climb(self, k: int, near: FloatArray | None = None) -> _Peak:
        """Return the peak for one k."""
        clients = self.rows.weight.sum()

        def lost(theta: FloatArray) -> tuple[float, FloatArray]:
            height, _, slope = self._at(theta, k)
            return -height / clients, -slope / clients

        found = minimize(
            lost,
            _centre(k) if near is None else near,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_BOUND, _BOUND)] * 4,
            options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
        )
        theta = np.asarray(found.x, np.float64)
        height, likelihood, _ = self._at(theta, k)
        return _Peak(k, theta, height, likelihood, self._curvature(theta, k))

    def refine(self, peak: _Peak) -> _Peak:
        """Return the peak of these rows from the one of a sample of them, by Newton."""
        theta = peak.theta
        height, likelihood, slope = self._at(theta, peak.k)
        for _ in range(_REFINEMENTS):
            step = np.linalg.lstsq(peak.hessian, -slope)[0]
            ahead = np.clip(theta + step, -_BOUND, _BOUND)
            better = self._at(ahead, peak.k)
            if better[0] <= height:
                break
            theta, (height, likelihood, slope) = ahead, better
            if np.abs(step).max() < _STEP:
                break
        return replace(peak, theta=theta, height=height, log_likelihood=likelihood)

    def _at(self, theta: FloatArray, k: int) -> tuple[float, float, FloatArray]:
        """Return the penalised log-likelihood, the plain one, and the slope."""
        plain, slope = log_likelihood(theta, self.rows, k, self.modified)
        if not self.penalised:
            return plain, plain, slope
        far = (theta - _centre(k)) / PRIOR_SPREAD
        return plain - float(far @ far) / 2, plain, slope - far / PRIOR_SPREAD

    def _curvature(self, theta: FloatArray, k: int) -> FloatArray:
        """Return the second derivatives by differences of the first."""
        rows = []
        for axis in np.eye(4) * _DIFFERENCE:
            up, down = (self._at(theta + s * axis, k)[2] for s in (1, -1))
            rows.append((up - down) / (2 * _DIFFERENCE))
        return (np.array(rows) + np.array(rows).T) / 2


def _centre(k: int) -> FloatArray:
    """Return the logarithms of the prior's middle: k phases take as long as one."""
    return np.log([PRIOR.r, PRIOR.alpha / k, PRIOR.a, PRIOR.b])


def _check_unit(unit: float) -> None:
    if not 0 < unit < math.inf:
        raise ValueError(f"unit is {unit}: a positive number, the median interval")


def p_no_purchase_range(
    ages: Ages, fit: Fit, horizon: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the low and high end (10-90 %) of P0, for not knowing the parameters."""
    middle = _log_odds(p_no_purchase(ages, fit.model, horizon))
    variance = np.zeros(len(ages))
    for up, down in fit.plausible():
        high = _log_odds(p_no_purchase(ages, up, horizon))
        low = _log_odds(p_no_purchase(ages, down, horizon))
        variance += (high - low) ** 2 / 4
    half = DECILE * np.sqrt(variance)
    return expit(middle - half), expit(middle + half)


def _log_odds(chance: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(chance, 1e-15, 1 - 1e-15)), np.float64)
