"""Who comes back: cohorts by first purchase, the ladder of purchases, the wait."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray, spread
from kommo_sync.model.estimates import Share, Survival, kaplan_meier, wilson
from kommo_sync.model.purchases import Purchases

YEAR = 365
LONG_WAIT = 0.8
"""The share of intervals that a usual wait covers."""


class Period(StrEnum):
    """How wide a cohort is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


def period_of(day: IntArray, period: Period) -> IntArray:
    """Return the calendar periods since 1970 began that days lie in."""
    months: IntArray = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return months // MONTHS[period]


@dataclass(frozen=True, slots=True)
class Cohorts:
    """The retention triangle: a row a period of first purchase, then those since.

    Args:
        period: how wide rows and columns are.
        first: shape (c,), periods since 1970 began: all from the first to the present.
        size: shape (c,), clients that first bought then.
        buyers: shape (c, c), of these, who bought in the period so many later.
        revenue: shape (c, c), hundredths that they brought, refunds taken off.
        whole: shape (c, c), whether that period has ended; it is False for the present
            one, which is told so far, and for what is still to come, which is 0.
    """

    period: Period
    first: IntArray
    size: IntArray
    buyers: IntArray
    revenue: IntArray
    whole: BoolArray

    @property
    def retention(self) -> FloatArray:
        """The share of each cohort that bought: shape (c, c), 0 for empty cohorts."""
        shares: FloatArray = self.buyers / np.maximum(self.size, 1)[:, None]
        return shares


def cohorts(purchases: Purchases, as_of: int, period: Period) -> Cohorts:
    """Return the cohorts of all clients up to a day; none when there is no client.

    Raises:
        ValueError: a purchase lies after `as_of`.
    """
    check_none_after(purchases, as_of)
    row, at = spread(purchases.start), period_of(purchases.day, period)
    began = at[purchases.start[:-1]]
    present, coming = period_of(np.array([as_of, as_of + 1]), period).tolist()
    oldest = int(began.min(initial=present + 1))
    width, cohort = present + 1 - oldest, began - oldest
    once = np.ones(len(at), np.bool_)  # one purchase a client and period
    once[1:] = (np.diff(at) != 0) | (np.diff(row) != 0)
    cell = cohort[row] * width + at - began[row]
    back = period_of(purchases.refund_day, period) - began[purchases.refund_row]
    refund_cell = cohort[purchases.refund_row] * width + np.maximum(back, 0)
    revenue = np.zeros(width * width, np.int64)
    np.add.at(revenue, cell, purchases.amount)
    np.subtract.at(revenue, refund_cell, purchases.refund_amount)
    cells = np.arange(width)[:, None] + np.arange(width)
    return Cohorts(
        period,
        oldest + np.arange(width),
        np.bincount(cohort, minlength=width),
        np.bincount(cell[once], minlength=width * width).reshape(width, width),
        revenue.reshape(width, width),
        oldest + cells < coming,
    )


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many go on from each purchase to the next; one row a step.

    Args:
        window: days that each client is given for the next purchase. Only clients
            whose purchase is at least as old are counted, and only what they bought
            within the window, so that old and young clients are told alike.
        purchase: shape (k,), 1 to k: the purchase that the step leads on from.
        went_on: clients old enough as trials, those that bought again as cases.
        median_days: shape (k,), of those who did; 0 when nobody did.
    """

    window: int
    purchase: IntArray
    went_on: Share
    median_days: FloatArray


def ladder_window(purchases: Purchases, as_of: int) -> int:
    """Return the days within which the next purchase is waited for.

    A year, or the 80 % quantile of all intervals if that is longer; but half of the
    history at most, so that there are clients old enough. At least one day.
    """
    if not len(purchases):
        return YEAR
    days = np.diff(purchases.day)[np.diff(spread(purchases.start)) == 0]
    usual = float(np.quantile(days, LONG_WAIT)) if len(days) else 0.0
    known = as_of - int(purchases.day.min())
    return max(1, min(max(YEAR, round(usual)), known // 2))


def ladder(purchases: Purchases, as_of: int, window: int, steps: int = 10) -> Ladder:
    """Return the share that goes on from purchase n to n + 1, for n up to `steps`.

    Raises:
        ValueError: a purchase lies after `as_of`, or the window is no day long.
    """
    check_none_after(purchases, as_of)
    if window < 1 or steps < 1:
        raise ValueError(f"window is {window} days, steps are {steps}: at least 1 each")
    number = np.arange(len(purchases.day)) - purchases.start[spread(purchases.start)]
    wait, bought = _waits(purchases, as_of)
    old = (as_of - purchases.day >= window) & (number < steps)
    on = old & bought & (wait <= window)
    went_on = wilson(
        np.bincount(number[on], minlength=steps),
        np.bincount(number[old], minlength=steps),
    )
    medians = [_median(wait[on & (number == step)]) for step in range(steps)]
    return Ladder(window, np.arange(steps) + 1, went_on, np.array(medians))


def time_to_next(purchases: Purchases, as_of: int, purchase: int = 1) -> Survival:
    """Return how long clients wait after their n-th purchase until the next one.

    Who has not bought again counts as still waiting.

    Raises:
        ValueError: a purchase lies after `as_of`, or its number is below 1.
    """
    check_none_after(purchases, as_of)
    if purchase < 1:
        raise ValueError(f"purchase is {purchase}: 1 is the first")
    wait, bought = _waits(purchases, as_of)
    at = purchases.start[:-1][purchases.count >= purchase] + purchase - 1
    return kaplan_meier(wait[at], bought[at])


def check_none_after(purchases: Purchases, as_of: int) -> None:
    """Raise ValueError if a purchase or refund lies after the day that is judged."""
    last = max(
        purchases.day.max(initial=as_of), purchases.refund_day.max(initial=as_of)
    )
    late = int(last) - as_of
    if late:
        raise ValueError(f"a purchase lies {late} days after the day judged")


def _waits(purchases: Purchases, as_of: int) -> tuple[IntArray, BoolArray]:
    """Return the days from each purchase to the next, or up to now, and which it is."""
    wait = as_of - purchases.day
    bought = np.ones(len(wait), np.bool_)
    bought[purchases.start[1:] - 1] = False
    between = np.flatnonzero(bought)
    wait[between] = purchases.day[between + 1] - purchases.day[between]
    return wait, bought


def _median(days: IntArray) -> float:
    return float(np.median(days)) if len(days) else 0.0
