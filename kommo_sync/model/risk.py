"""Who will buy nothing in the coming horizon, and how much is lost with them.

The chance is a logistic function of `risk_features.py`. Its weights begin as those
learned from other businesses (`coefficients.py`) and move towards what the account's
own past says, as far as it has any: with no past they are the universal ones, with
much past they are the account's.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from kommo_sync.model import coefficients
from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray
from kommo_sync.model.btyd import Ages, MbgCnbd
from kommo_sync.model.btyd_fit import (
    USUAL_GAP_DAYS,
    Fit,
    fit,
    prior_fit,
    sum_log_gaps,
)
from kommo_sync.model.histories import History
from kommo_sync.model.logistic import most_likely
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    settle,
    summarize,
)
from kommo_sync.model.risk_features import (
    Coefficients,
    Usual,
    features,
    standardised,
)
from kommo_sync.model.risk_past import lessons_of

HORIZON_SHARE = 0.85
"""A horizon is longer than so many of the intervals, each client weighing one …"""
HORIZON_PARTS = 4
"""… but at most this part of the history, …"""
SHORTEST_HORIZON = 7
"""… and never shorter than a week."""
USUAL_HORIZON = 90
"""Days, before anybody has bought twice."""

PRECISION = 10.0
"""Of the prior of a standardised weight: lessons of so many rows outweigh it."""
INTERCEPT_PRECISION = 1.0
"""How many leave differs from business to business: next to nothing is believed."""
_CERTAIN = 12.0  # log-odds: what no model can be surer of

SHIPPED = Coefficients(coefficients.CENTRE, coefficients.SCALE, coefficients.WEIGHTS)
"""What the three public logs taught; docs/model.md says which."""


@dataclass(frozen=True, slots=True)
class RiskModel:
    """What tells who leaves, for one account as of one day.

    Args:
        fit: the account's rhythm.
        plain: the same with k = 1.
        usual: the account's units.
        others: what the weights began as, and by what features are standardised.
        weights: the intercept, and one a standardised feature.
        lessons: rows of the account's past that the weights rest on; 0 if none.
    """

    fit: Fit
    plain: MbgCnbd
    usual: Usual
    others: Coefficients
    weights: tuple[float, ...]
    lessons: int


def universal(
    fitted: Fit | None = None,
    plain: MbgCnbd | None = None,
    usual: Usual | None = None,
    others: Coefficients = SHIPPED,
) -> RiskModel:
    """Return the weights of other businesses, in the units of an account if given."""
    fitted = fitted or prior_fit(USUAL_GAP_DAYS)
    return RiskModel(
        fitted,
        plain or replace(fitted.model, k=1),
        usual or Usual(USUAL_GAP_DAYS, 1.0, 1.0),
        others,
        others.weights,
        0,
    )


def choose_horizon(purchases: Purchases, as_of: int) -> int:
    """Return the days that risk should speak of, by the account's own intervals.

    85 in 100 intervals are over by then, each client weighing one, within a quarter of
    the history; a week at least.
    """
    if not len(purchases.day):
        return USUAL_HORIZON
    repeats = purchases.count - 1
    gaps = np.diff(purchases.day, prepend=purchases.day[:1])
    gaps[purchases.start[:-1]] = 0
    gaps = gaps[gaps > 0]
    history = as_of - int(purchases.day.min()) + 1
    if not len(gaps):
        return USUAL_HORIZON
    order = np.argsort(gaps)
    weight = np.cumsum((1 / np.repeat(repeats, repeats))[order])
    at = np.searchsorted(weight, HORIZON_SHARE * weight[-1])
    usual = int(gaps[order][min(at, len(gaps) - 1)])
    return max(SHORTEST_HORIZON, min(usual, history // HORIZON_PARTS))


def learn(
    history: History,
    rules: PurchaseRules,
    as_of: int,
    horizon: int,
    others: Coefficients = SHIPPED,
) -> RiskModel:
    """Return what tells who leaves, by all that was known on a day.

    Args:
        history: all deals; those after `as_of` are not looked at.
        rules: what counts as a purchase.
        as_of: days since 1970-01-01.
        horizon: days that risk speaks of.
        others: what is believed beforehand.
    """
    known = history.until(as_of)
    purchases = settle(known, rules)
    summary = summarize(purchases, as_of, horizon)
    usual = Usual.of(purchases, summary)
    fitted, plain = _rhythm(purchases, summary, usual.gap)
    start = universal(fitted, plain, usual, others)
    past = lessons_of(known, rules, summary, (fitted.model, plain, usual))
    believed = np.array(start.weights)
    precision = np.full(len(believed), PRECISION)
    precision[0] = INTERCEPT_PRECISION
    found = most_likely(
        standardised(past.columns, others), past.left, past.weight, believed, precision
    )
    return replace(start, weights=tuple(found.tolist()), lessons=len(past))


def _rhythm(
    purchases: Purchases, summary: PurchaseSummary, gap: float
) -> tuple[Fit, MbgCnbd]:
    ages, log_gaps = Ages.of(summary), sum_log_gaps(purchases)
    own = fit(ages, unit=gap, log_gaps=log_gaps)
    if own.model.k == 1:
        return own, own.model
    return own, fit(ages, unit=gap, log_gaps=log_gaps, k=1).model


def p0(summary: PurchaseSummary, fitted: Fit, model: RiskModel) -> FloatArray:
    """Return each client's probability of no purchase within the horizon.

    Args:
        summary: n clients, of the horizon that the model was learned for.
        fitted: the account's rhythm.
        model: what tells who leaves.

    Returns:
        Shape (n,), each inside (0, 1).
    """
    columns = features(summary, fitted.model, model.plain, model.usual)
    odds = np.zeros(len(summary))
    for weight, column in zip(
        model.weights, standardised(columns, model.others).T, strict=True
    ):  # not `@`: one client's sum must be the same bits as among a million
        odds += weight * column
    return np.asarray(expit(np.clip(odds, -_CERTAIN, _CERTAIN)), np.float64)


def expected_loss(chance: FloatArray, summary: PurchaseSummary) -> IntArray:
    """Return P0 times the run-rate revenue of a horizon: hundredths, shape (n,)."""
    return np.rint(chance * summary.run_rate).astype(np.int64)


def cut_by_expected_f1(chance: FloatArray) -> BoolArray:
    """Return whom to flag so that the expected F1 is highest; equals together.

    Flagging the k likeliest is expected to be right Σ p times, and to have
    F1 = 2 Σ p / (k + Σ of all p).
    """
    if not len(chance):
        return np.zeros(0, np.bool_)
    likeliest = np.sort(chance)[::-1]
    right = np.cumsum(likeliest)
    flagged = np.arange(1, len(chance) + 1)
    best = int(np.argmax(right / (flagged + right[-1])))
    return np.asarray(chance >= likeliest[best], np.bool_)


def cut_by_profit(
    chance: FloatArray, value: FloatArray | IntArray, save_rate: float, cost: float
) -> BoolArray:
    """Return with whom a talk is worth more than it costs.

    Args:
        chance: shape (n,), of leaving.
        value: shape (n,), hundredths that are lost with each.
        save_rate: share of leaving clients whom a talk keeps.
        cost: hundredths that a talk costs.
    """
    if not 0 <= save_rate <= 1:
        raise ValueError(f"save_rate is {save_rate}: a share, between 0 and 1")
    if not cost >= 0:
        raise ValueError(f"cost is {cost}: 0 or more")
    return np.asarray(chance * value * save_rate > cost, np.bool_)


def cut_by_capacity(loss: IntArray, capacity: int) -> BoolArray:
    """Return whom to talk to if only so many can be: the most at stake first.

    Nobody with nothing at stake; of equals, those that come first.
    """
    if capacity < 0:
        raise ValueError(f"capacity is {capacity}: 0 or more clients")
    first = np.argsort(-loss, kind="stable")[:capacity]
    chosen = np.zeros(len(loss), np.bool_)
    chosen[first] = True
    return chosen & (loss > 0)
