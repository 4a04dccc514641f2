"""How long a client may be silent: four limits, set at its last purchase.

A purchase sets them and they stand until the next one. They rest on what was known
when the calendar quarter of that purchase began, so neither days that pass nor
parameters that are learned later move the limits of a client that buys nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import (
    Ages,
    MbgCnbd,
    silence_for_p_alive,
    silence_for_quantile,
)
from kommo_sync.model.btyd_fit import (
    USUAL_GAP_DAYS,
    Fit,
    fit,
    median_gap,
    sum_log_gaps,
)
from kommo_sync.model.histories import History
from kommo_sync.model.purchases import PurchaseRules, Purchases, settle, summarize
from kommo_sync.model.risk import choose_horizon
from kommo_sync.model.risk_past import draw

DUE, SLIPPING, DORMANT, LOST = range(4)
"""The columns of limits."""
QUANTILES = (0.5, 0.8, 0.95, 0.99)
"""The share of a client's own intervals that are over by each limit."""
ALIVE = (1.0, 1.0, 0.3, 0.1)
"""What the probability of still buying must have fallen to by each limit."""
HORIZONS = (1, 2, 4, 8)
"""No limit is farther than so many horizons of the account …"""
MEAN_GAPS = (1.0, 1.5, 2.0, 3.0)
"""… or so many mean intervals of the client, whichever is more."""
SHORTEST = (1, 3, 7, 14)
"""Days: no limit is nearer."""
LATE = 1.2
"""Mean intervals of a client: before these it is not slipping …"""
RHYTHM = 3
"""… if so many intervals tell what its mean is."""

USUAL_WEIGHT = 2
"""Intervals that what is usual elsewhere counts for, where few are known."""
YOUNG = 365
"""Days: an account known for less …"""
YOUNG_HORIZON = 90
"""… bounds limits by this horizon at least: its own is short as its history is."""
LEARN_FROM = 50_000
"""Clients: of more, these many are drawn to learn from."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What sets the limits at purchases of one calendar quarter.

    Args:
        day: the first of the quarter, in days since 1970-01-01.
        fit: fitted on what was known before that day, in days.
        horizon: of the account, chosen from the same; days, `YOUNG_HORIZON` at least
            while the account is `YOUNG`.
    """

    day: int
    fit: Fit
    horizon: int

    def __post_init__(self) -> None:
        if self.day != int(quarter_start(np.array([self.day]))[0]):
            raise ValueError(f"day is {self.day}: no first day of a calendar quarter")
        if self.horizon < 1:
            raise ValueError(f"horizon is {self.horizon} days: at least 1")


def quarter_start(day: IntArray) -> IntArray:
    """Return the first day of the calendar quarter of each day."""
    if not len(day):
        return day
    first = int(day.min())  # to ask the calendar of each day once is far faster
    days = np.arange(first, int(day.max()) + 1).astype("M8[D]")
    months = days.astype("M8[M]").astype(np.int64) // 3 * 3
    quarter: IntArray = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    return quarter[day - first]


def terms_days(history: History) -> IntArray:
    """Return the days for which terms are needed: of each quarter with a deal."""
    return np.unique(quarter_start(history.day))


def needed_terms(known: History, as_of: int) -> list[int]:
    """Return the days of the terms that a day needs: of its own quarter, too."""
    today = quarter_start(np.array([as_of], np.int64))
    needed: list[int] = np.union1d(terms_days(known), today).tolist()
    return needed


def complete_terms(
    known: History, as_of: int, rules: PurchaseRules, terms: Iterable[Terms]
) -> tuple[Terms, ...]:
    """Return all terms that a day needs.

    Args:
        known: all deals up to that day.
        as_of: the day.
        rules: what counts as a purchase.
        terms: those at hand, taken as they are; what is missing is learned.
    """
    at_hand = {one.day: one for one in terms}
    needed = needed_terms(known, as_of)
    missing = [day for day in needed if day not in at_hand]
    learned = learn_terms(known, rules, np.array(missing, np.int64))
    at_hand |= {one.day: one for one in learned}
    return tuple(at_hand[day] for day in needed)


def learn_terms(
    history: History, rules: PurchaseRules, days: IntArray
) -> tuple[Terms, ...]:
    """Return the terms of some quarters, each from what was known before it began.

    Args:
        history: all deals; those of the quarter itself and later are not looked at.
        rules: what counts as a purchase.
        days: first days of calendar quarters, as from `terms_days`.

    Raises:
        ValueError: a day begins no quarter.
    """
    return tuple(
        _learn_terms(draw(history.until(day - 1), LEARN_FROM), rules, day)
        for day in days.tolist()
    )


def _learn_terms(known: History, rules: PurchaseRules, day: int) -> Terms:
    purchases = settle(known, rules)
    horizon = choose_horizon(purchases, day - 1)
    if day - int(purchases.day.min(initial=day)) < YOUNG:
        horizon = max(horizon, YOUNG_HORIZON)
    summary = summarize(purchases, day - 1, horizon)
    found = fit(
        Ages.of(summary), unit=_unit(purchases), log_gaps=sum_log_gaps(purchases)
    )
    return Terms(day, found, horizon)


def _unit(purchases: Purchases) -> float:
    """Return the median interval, drawn to the usual one where few are known."""
    known = len(purchases.day) - len(purchases)
    logs = known * np.log(median_gap(purchases)) + USUAL_WEIGHT * np.log(USUAL_GAP_DAYS)
    return float(np.exp(logs / (known + USUAL_WEIGHT)))


def limits_at(
    day: IntArray,
    repeats: IntArray,
    last_purchase_age: IntArray,
    terms: Sequence[Terms],
) -> IntArray:
    """Return after how many days of silence each limit is reached.

    Args:
        day: shape (n,), of the purchases that set the limits.
        repeats: purchases before each of them.
        last_purchase_age: days from the first purchase to each of them.
        terms: of every quarter in which they lie; others do not matter.

    Returns:
        Shape (n, 4): due, slipping, dormant, lost; ascending, at least `SHORTEST`.

    Raises:
        ValueError: the terms of a quarter are missing.
    """
    ordered = sorted(terms, key=lambda one: one.day)
    which = _terms_of(day, ordered)
    width = int(repeats.max(initial=0)) + 1
    distinct, case = np.unique(which * width + repeats, return_inverse=True)
    cases = _Cases.of(distinct // width, (distinct % width).astype(np.float64), ordered)
    mean_gap = last_purchase_age / np.maximum(repeats, 1)
    late = np.where(repeats >= RHYTHM, np.ceil(LATE * mean_gap), 0).astype(np.int64)
    found = np.empty((len(day), len(QUANTILES)), np.int64)
    base = cases.alpha[case] + last_purchase_age
    before = np.zeros(len(day), np.int64)
    for level in range(len(QUANTILES)):
        farthest = np.maximum(
            cases.horizon[case] * HORIZONS[level], mean_gap * MEAN_GAPS[level]
        )
        days = np.minimum(cases.silence[level][case] * base, farthest)
        shortest = np.maximum(before + 1, SHORTEST[level])
        if level == SLIPPING:
            shortest = np.maximum(shortest, late)
        before = np.maximum(np.ceil(days).astype(np.int64), shortest)
        found[:, level] = before
    return found


@dataclass(frozen=True, slots=True)
class _Cases:
    """What the limits are for each pair of terms and repeats; shape (c,) each.

    Silence is in multiples of alpha + the age at the last purchase: all that the
    client's ages do to it (`btyd.py`).
    """

    alpha: FloatArray
    horizon: FloatArray
    silence: tuple[FloatArray, ...]

    @classmethod
    def of(
        cls, which: IntArray, repeats: FloatArray, terms: Sequence[Terms]
    ) -> "_Cases":
        alpha, horizon = np.empty(len(which)), np.empty(len(which))
        silence = tuple(np.empty(len(which)) for _ in QUANTILES)
        for number in np.unique(which).tolist():
            rows, here = which == number, terms[number]
            alpha[rows], horizon[rows] = here.fit.model.alpha, here.horizon
            for level, column in enumerate(silence):
                column[rows] = _silence(repeats[rows], here.fit.model, level)
        return cls(alpha, horizon, silence)


def _silence(repeats: FloatArray, model: MbgCnbd, level: int) -> FloatArray:
    zero = np.zeros(len(repeats))
    days = silence_for_quantile(repeats, zero, model, QUANTILES[level])
    if ALIVE[level] < 1:
        gone = silence_for_p_alive(repeats, zero, model, ALIVE[level])
        days = np.maximum(days, gone)
    return days / model.alpha


def _terms_of(day: IntArray, terms: Sequence[Terms]) -> IntArray:
    """Return the position of the terms of each day's quarter."""
    begins = np.array([one.day for one in terms], np.int64)
    quarter = quarter_start(day)
    found = np.searchsorted(begins, quarter)
    known = found < len(begins)
    known[known] = begins[found[known]] == quarter[known]
    if not known.all():
        first = quarter[~known].min().astype("M8[D]")
        raise ValueError(f"terms of the quarter from {first} are missing: learn them")
    return found
