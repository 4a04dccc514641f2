"""What a client is worth: what it pays at a time, brings a day, and may bring yet."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaincinv, gammaln

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import (
    Ages,
    MbgCnbd,
    count_moments,
    expected_purchases,
    p_no_purchase,
)
from kommo_sync.model.btyd_fit import Fit
from kommo_sync.model.purchases import Purchases, PurchaseSummary, summarize

YEAR = 365.25
"""Days."""

MOST_YEARS = 10.0
"""The longest that the formula supposes a client to stay."""

TIED = 0.3
"""Correlation of the logarithms of number and mean amount from which on it counts."""

MOST_HUNDREDTHS = 2.0**62
"""As much as any amount is said to be."""
PRIOR = (3.0, 3.0, 2 / 3)
"""What other businesses are like: p, q and v in units of the typical mean amount."""

PRIOR_SPREAD = (1.0, 0.7, 1.2)
"""Standard deviations of their logarithms."""

SURE = 10_000
"""Repeat purchases from which on the doubt about parameters is too small to show."""

_LOW, _HIGH = 0.1, 0.9
_PERIOD = 183
_MOST_PERIODS = 8
_SAMPLE = 50_000
_BOUNDS = ((-6.0, 9.0), (math.log(1.05), 9.0), (-14.0, 14.0))


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Amounts of a client are Gamma(p, ν), ν of a client is Gamma(q, v).

    Args:
        p: how even the amounts of one client are.
        q: how alike clients are; above 1, else there is no mean.
        v: scale, in the unit of the amounts.
        slope: mean amounts grow with the number of purchases to this power; 0 if they
            do not depend on it, which the plain model supposes.

    Source: Fader & Hardie (2013), "The Gamma-Gamma model of monetary value".
    """

    p: float
    q: float
    v: float
    slope: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("p", 0.0), ("q", 1.0), ("v", 0.0)):
            value = getattr(self, name)
            if not least < value < math.inf:
                raise ValueError(f"{name} is {value}: finite, above {least:g}")


def gamma_gamma_likelihood(
    count: FloatArray, mean: FloatArray, model: GammaGamma
) -> float:
    """Return the log-likelihood of the mean amounts of clients, all above 0."""
    theta = np.log([model.p, model.q, model.v])
    flat = mean / count**model.slope
    jacobian = model.slope * np.log(count).sum()
    return _likelihood(theta, count, flat)[0] - float(jacobian)


def _likelihood(
    theta: FloatArray, count: FloatArray, mean: FloatArray
) -> tuple[float, FloatArray]:
    """Return the log-likelihood and its derivatives by the logarithms of p, q, v."""
    p, q, v = np.exp(theta)
    phases, total = p * count, v + count * mean
    log_total, log_spent = np.log(total), np.log(count * mean)
    value = gammaln(phases + q) - gammaln(phases) - gammaln(q) + q * theta[2]
    value += phases * log_spent - np.log(mean) - (phases + q) * log_total
    both = digamma(phases + q)
    by_p = count * (both - digamma(phases) + log_spent - log_total)
    by_q = both - digamma(q) + theta[2] - log_total
    by_v = q / v - (phases + q) / total
    slope = np.array([by_p.sum() * p, by_q.sum() * q, by_v.sum() * v])
    return float(value.sum()), slope


def fit_gamma_gamma(
    count: FloatArray, mean: FloatArray, *, penalised: bool = True
) -> GammaGamma:
    """Return the most likely parameters.

    Args:
        count: shape (n,), purchases of each client.
        mean: shape (n,), mean amount of each, net; who has none above 0 is left out.
        penalised: with a log-normal prior, which alone speaks where nobody bought;
            else maximum likelihood.

    Of more than 50,000 clients, so many are taken, evenly by count and mean.
    """
    some = (count > 0) & (mean > 0)
    count, mean = _sample(count[some], mean[some])
    typical = float(np.median(mean)) if len(mean) else 1.0
    slope = _slope(count, mean)
    flat = mean / typical / count**slope
    centre = np.log(PRIOR)

    def lost(theta: FloatArray) -> tuple[float, FloatArray]:
        value, rise = _likelihood(theta, count, flat)
        far = (theta - centre) / PRIOR_SPREAD
        if penalised:
            value, rise = value - float(far @ far) / 2, rise - far / PRIOR_SPREAD
        scale = max(len(count), 1)
        return -value / scale, -rise / scale

    found = minimize(
        lost,
        centre,
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
    )
    p, q, v = np.exp(found.x).tolist()
    return GammaGamma(p, q, v * typical, slope)


def _sample(count: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return every so-many-th client, the same whatever their order was."""
    if len(count) <= _SAMPLE:
        return count, mean
    order = np.lexsort((mean, count))
    spots = (np.arange(_SAMPLE) + 0.5) * (len(count) / _SAMPLE)
    rows = order[spots.astype(np.int64)]
    return count[rows], mean[rows]


def _slope(count: FloatArray, mean: FloatArray) -> float:
    """Return how the logarithm of the mean follows that of the number, if it does."""
    if len(np.unique(count)) < 2:
        return 0.0
    x, y = np.log(count), np.log(mean)
    x, y = x - x.mean(), y - y.mean()
    together, alone = float((x * y).sum()), float((x * x).sum())
    spread = math.sqrt(alone * float((y * y).sum()))
    return together / alone if abs(together) >= TIED * spread > 0 else 0.0


def expected_spend(
    count: FloatArray, mean: FloatArray, model: GammaGamma
) -> FloatArray:
    """Return each client's expected amount a purchase: its own mean, shrunk.

    Args:
        count: shape (n,), purchases; 0 gives the mean of all clients.
        mean: shape (n,), net; below 0 counts as 0.
        model: in the same unit.
    """
    return _spend_moments(count, mean, model)[0]


def _spend_moments(
    count: FloatArray, mean: FloatArray, model: GammaGamma
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return E[p/ν], E[(p/ν)²] and E[p/ν²]: mean, its square, the spread about it."""
    size = np.maximum(count, 1) ** model.slope
    shape = model.p * count + model.q
    scale = model.v * size + count * np.maximum(mean, 0)
    first = model.p * scale / (shape - 1)
    squared = scale**2 / ((shape - 1) * np.maximum(shape - 2, 0.5))
    return first, np.maximum(model.p**2 * squared, first**2), model.p * squared


@dataclass(frozen=True, slots=True)
class Ltv:
    """Lifetime value by the formula, for the account as a whole.

    Args:
        average_order: hundredths, refunds taken off, over the last two years.
        purchases_a_year: of those who bought within the last year.
        retention: the share of the buyers of the year before who bought in the last.
        years_retained: 1 / (1 - retention), `MOST_YEARS` at most; 1 where nobody
            bought in the year before, since nothing longer has been seen.
    """

    average_order: float
    purchases_a_year: float
    retention: float
    years_retained: float

    @property
    def value(self) -> int:
        """Hundredths: average order x purchases a year x years retained."""
        return round(self.average_order * self.purchases_a_year * self.years_retained)


def ltv(purchases: Purchases, as_of: int) -> Ltv:
    """Return the formula's parts from the last two years; see `Ltv`."""
    summary = summarize(purchases, as_of, 365)
    recent, earlier = summary.recent_count, summary.earlier_count
    bought = int((recent + earlier).sum())
    order = max(int(summary.recent_total.sum()), 0) / max(bought, 1)
    buyers = max(int((recent > 0).sum()), 1)
    before = max(int((earlier > 0).sum()), 1)
    retention = int(((earlier > 0) & (recent > 0)).sum()) / before
    years = 1 / max(1 - retention, 1 / MOST_YEARS)
    return Ltv(order, int(recent.sum()) / buyers, retention, years)


def client_ltv(summary: PurchaseSummary, years_retained: float) -> IntArray:
    """Return each client's value by the formula, in hundredths.

    Its own average order x its own purchases a year (of a first year that is not over,
    what it has bought so far) x the years that the account's clients stay.
    """
    years = np.maximum(summary.age / YEAR, 1)
    value = np.maximum(summary.total, 0) / years * years_retained
    return np.rint(value).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Clv:
    """What each client will bring; shape (n,) each, hundredths.

    Args:
        days: from now on, as far as is looked.
        mean: expected, discounted.
        low: with a chance of 10 % it brings less.
        high: with a chance of 10 % it brings more.
    """

    days: float
    mean: IntArray
    low: IntArray
    high: IntArray


def clv(
    summary: PurchaseSummary,
    fit: Fit,
    spend: GammaGamma,
    days: float,
    yearly_discount: float = 0.1,
) -> Clv:
    """Return customer lifetime values: expected purchases x expected amounts.

    Args:
        summary: n clients.
        fit: on ages in days.
        spend: fitted on hundredths and the count of all purchases.
        days: how far to look: twice the account's history at most, nobody knows more.
        yearly_discount: 0.1: money a year later is worth 1 / 1.1.

    The range is of what will be, not of the mean: zero with the chance P0, else a Gamma
    distribution of the right mean and variance. The variance holds the chance of
    numbers and amounts, and, below `SURE` repeat purchases, the doubt on parameters.
    """
    if not (0 <= days < math.inf and 0 <= yearly_discount < math.inf):
        raise ValueError(f"days {days}, discount {yearly_discount}: 0 or more, finite")
    days = float(days)
    ages, count = Ages.of(summary), summary.count.astype(np.float64)
    each, each_squared, spread = _spend_moments(count, summary.total / count, spend)
    mean, variance = count_moments(ages, fit.model, days)
    now = _discounted(ages, fit.model, (days, yearly_discount), mean)
    worth = np.divide(now, mean, out=np.ones(len(mean)), where=mean > 0)
    doubt = _doubt(ages, fit, days)
    total = mean * spread + (variance + mean**2 + doubt) * each_squared
    total = np.maximum(total - (mean * each) ** 2, 0) * worth**2
    low, high = _range(now * each, total, p_no_purchase(ages, fit.model, days))
    return Clv(days, *map(_whole, (now * each, low, high)))


def _whole(amount: FloatArray) -> IntArray:
    """Return whole hundredths, as many as a number can hold at most."""
    found: IntArray = np.rint(np.minimum(amount, MOST_HUNDREDTHS)).astype(np.int64)
    return found


def _discounted(
    ages: Ages, model: MbgCnbd, terms: tuple[float, float], in_all: FloatArray
) -> FloatArray:
    """Return expected purchases, each at what its money is worth today.

    Half a year, or an eighth of the time if that is more, is discounted as its middle:
    at 10 % a year and steps of half a year this is right to two thousandths.
    """
    days, yearly_discount = terms
    steps = min(max(math.ceil(days / _PERIOD), 1), _MOST_PERIODS)
    total, before = np.zeros(len(ages)), np.zeros(len(ages))
    for start, end in pairwise(np.linspace(0, days, steps + 1).tolist()):
        so_far = in_all if end == days else expected_purchases(ages, model, end)
        worth = (1 + yearly_discount) ** (-(start + end) / 2 / YEAR)
        total += np.maximum(so_far - before, 0) * worth
        before = so_far
    return total


def _doubt(ages: Ages, fit: Fit, days: float) -> FloatArray:
    """Return the variance of the expected number for not knowing the parameters."""
    found = np.zeros(len(ages))
    for up, down in fit.plausible() if fit.repeats < SURE else ():
        high = expected_purchases(ages, up, days)
        found += (high - expected_purchases(ages, down, days)) ** 2 / 4
    return found


def _range(
    mean: FloatArray, variance: FloatArray, nothing: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return where 10 % and 90 % of the chance lie, `nothing` of it at zero."""
    some = np.maximum(1 - nothing, 1e-12)
    if_some = mean / some
    spread = (variance + mean**2) / some - if_some**2
    shape = if_some**2 / np.maximum(spread, 1e-9 * if_some**2 + 1e-300)
    scale = np.divide(if_some, shape, out=np.zeros(len(mean)), where=shape > 0)
    ends = np.zeros(len(mean)), np.zeros(len(mean))
    for share, end in zip((_LOW, _HIGH), ends, strict=True):
        rows = nothing < share
        part = (share - nothing[rows]) / some[rows]
        end[rows] = scale[rows] * gammaincinv(np.maximum(shape[rows], 1e-3), part)
    return ends
