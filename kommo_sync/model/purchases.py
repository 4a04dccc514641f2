"""Won deals become purchases, and purchases one row of numbers a client.

Deals → `History` (all that is known, by client and day) → `History.until(day)` (what
was known then) → `settle` (rules: cancelled, zero, instalments) → `Purchases` →
`summarize` → `PurchaseSummary`. Rules are applied after the cut, so that nothing that
happens after a day can alter what that day was told.
"""

from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray, spread
from kommo_sync.model.histories import History

WINDOWS = 6
"""Horizons that are looked back on for those with a purchase."""


class ZeroPrice(StrEnum):
    """What a won deal at nothing is."""

    SKIP = "skip"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class PurchaseRules:
    """What counts as a purchase.

    Args:
        zero_price: whether won deals without a price count.
        merge_gap_days: won deals not farther apart than this are one purchase, dated by
            the last of them: instalments, split invoices. 0 joins those of one day.
        cancel_matched: a refund of exactly the amount of an earlier deal takes that
            deal away; any other refund only lowers the money.
    """

    zero_price: ZeroPrice = ZeroPrice.SKIP
    merge_gap_days: int = 0
    cancel_matched: bool = True

    def __post_init__(self) -> None:
        if self.merge_gap_days < 0:
            raise ValueError(f"merge_gap_days is {self.merge_gap_days}: 0 or more")


@dataclass(frozen=True, slots=True)
class Purchases:
    """Purchases by client, after the rules; everybody has at least one.

    Args:
        client: shape (n,), ascending keys.
        start: shape (n + 1,); row i has the purchases start[i]:start[i + 1].
        day: shape (m,), strictly ascending within a client.
        amount: shape (m,), hundredths, never negative.
        refund_row: shape (k,), whose money went back.
        refund_day: shape (k,).
        refund_amount: shape (k,), hundredths, positive.
    """

    client: IntArray
    start: IntArray
    day: IntArray
    amount: IntArray
    refund_row: IntArray
    refund_day: IntArray
    refund_amount: IntArray

    def __len__(self) -> int:
        return len(self.client)

    @property
    def count(self) -> IntArray:
        """How many purchases each client made: shape (n,)."""
        return np.diff(self.start)


def settle(history: History, rules: PurchaseRules) -> Purchases:
    """Return the purchases that a history holds; who has none left is absent."""
    least = 1 if rules.zero_price is ZeroPrice.SKIP else 0
    paid, back = history.amount >= least, history.amount < 0
    if rules.cancel_matched and back.any():
        left = ~_cancelled(spread(history.start), history)
        paid, back = paid & left, back & left
    deals = history.where(paid)
    last = _last_of_merged(deals, rules.merge_gap_days)
    day, amount, start = deals.day, deals.amount, deals.start
    if not last.all():
        ends = np.flatnonzero(last)
        amount = np.diff(np.cumsum(amount)[ends], prepend=0)
        day, start = day[ends], np.searchsorted(ends, start)
    refund = np.flatnonzero(back)
    of = np.searchsorted(history.start, refund, "right") - 1
    at = np.searchsorted(deals.client, history.client[of])
    known = at < len(deals)
    known[known] = deals.client[at[known]] == history.client[of[known]]
    refund = refund[known]
    return Purchases(
        deals.client,
        start,
        day,
        amount,
        at[known],
        history.day[refund],
        -history.amount[refund],
    )


def _cancelled(row: IntArray, history: History) -> BoolArray:
    """Return which entries are deals that a refund took back whole, and those refunds.

    Each refund takes the latest deal of its amount that is not taken yet, as a closing
    bracket takes the opening one at its depth; at one depth the two take turns.
    """
    gone, size = np.zeros(len(row), np.bool_), np.abs(history.amount)
    is_refund = history.amount < 0
    some = np.flatnonzero(np.isin(row, row[is_refund]) & (size > 0))  # few clients
    some = some[np.lexsort((is_refund[some], history.day[some], size[some], row[some]))]
    closing, begins = is_refund[some], np.ones(len(some), np.bool_)
    begins[1:] = (np.diff(row[some]) != 0) | (np.diff(size[some]) != 0)
    group, depth = np.cumsum(begins), np.cumsum(np.where(closing, -1, 1)) + closing
    order = np.lexsort((depth, group))
    opening, following = order[:-1], order[1:]
    pair = (
        closing[following]
        & (group[opening] == group[following])
        & (depth[opening] == depth[following])
    )
    gone[some[opening[pair]]] = gone[some[following[pair]]] = True
    return gone


def _last_of_merged(deals: History, gap: int) -> BoolArray:
    """Return which deals are the last of a purchase."""
    last = np.ones(len(deals.day), np.bool_)
    last[:-1] = np.diff(deals.day) > gap
    last[deals.start[1:] - 1] = True
    return last


@dataclass(frozen=True, slots=True)
class PurchaseSummary:
    """What the scores are made of, one row a client; shape (n,) each.

    Args:
        as_of: the day that it speaks of, counted in days since 1970-01-01.
        horizon: days of the windows below.
        client: ascending keys.
        count: purchases.
        first_day: of the first purchase.
        last_day: of the last purchase, `as_of` at most.
        total: hundredths, refunds taken off.
        squared_gaps: sum of the squared days between purchases.
        longest_gap: days; 0 with one purchase.
        last_amount: hundredths.
        recent_count: purchases in the last horizon.
        earlier_count: purchases in the horizon before that.
        recent_total: hundredths of the last two horizons, refunds taken off.
        active_windows: how many of the last `WINDOWS` horizons hold a purchase.
    """

    as_of: int
    horizon: int
    client: IntArray
    count: IntArray
    first_day: IntArray
    last_day: IntArray
    total: IntArray
    squared_gaps: IntArray
    longest_gap: IntArray
    last_amount: IntArray
    recent_count: IntArray
    earlier_count: IntArray
    recent_total: IntArray
    active_windows: IntArray

    def __len__(self) -> int:
        return len(self.client)

    def take(self, rows: IntArray) -> "PurchaseSummary":
        """Return some rows, by position."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name not in ("as_of", "horizon")
        }
        return PurchaseSummary(self.as_of, self.horizon, **columns)

    @property
    def repeats(self) -> IntArray:
        """Purchases after the first: x of the BTYD papers."""
        return self.count - 1

    @property
    def last_purchase_age(self) -> IntArray:
        """Days from the first purchase to the last: t_x."""
        return self.last_day - self.first_day

    @property
    def age(self) -> IntArray:
        """Days since the first purchase: T."""
        return self.as_of - self.first_day

    @property
    def days_since_last(self) -> IntArray:
        """Days of silence: the R of RFM."""
        return self.as_of - self.last_day

    @property
    def run_rate(self) -> FloatArray:
        """Hundredths a horizon, by the last two; never less than nothing."""
        return np.maximum(self.recent_total, 0) / 2

    @property
    def mean_gap(self) -> FloatArray:
        """Mean days between purchases; 0 with one purchase."""
        return self.last_purchase_age / np.maximum(self.repeats, 1)


def summarize(purchases: Purchases, as_of: int, horizon: int) -> PurchaseSummary:
    """Return each client's row.

    Args:
        purchases: settled, none after `as_of`.
        as_of: the day that is judged, included.
        horizon: days, at least one.

    Raises:
        ValueError: a purchase or refund is later, or the horizon is no day long.
    """
    if horizon < 1:
        raise ValueError(f"horizon is {horizon} days: at least 1")
    day, start, count = purchases.day, purchases.start, purchases.count
    latest = max(day.max(initial=as_of), purchases.refund_day.max(initial=as_of))
    if latest > as_of:
        raise ValueError(f"a deal lies {latest - as_of} days after the day judged")
    first, last = start[:-1], start[1:] - 1
    gaps = np.diff(day, prepend=day[:1])
    gaps[first] = 0
    silent = as_of - day
    refunds = -_sums_of(purchases, purchases.refund_amount)
    fresh = purchases.refund_day > as_of - 2 * horizon
    fresh_refunds = -_sums_of(purchases, purchases.refund_amount * fresh)
    recent = silent < 2 * horizon
    return PurchaseSummary(
        as_of=as_of,
        horizon=horizon,
        client=purchases.client,
        count=count,
        first_day=day[first],
        last_day=day[last],
        total=_sum(purchases.amount, start) + refunds,
        squared_gaps=_sum(gaps * gaps, start),
        longest_gap=np.maximum.reduceat(gaps, first) if len(day) else gaps,
        last_amount=purchases.amount[last],
        recent_count=_sum(silent < horizon, start),
        earlier_count=_sum((silent >= horizon) & recent, start),
        recent_total=_sum(purchases.amount * recent, start) + fresh_refunds,
        active_windows=_active_windows(silent // horizon, start),
    )


def _active_windows(windows_ago: IntArray, start: IntArray) -> IntArray:
    opens = np.diff(windows_ago, prepend=WINDOWS) != 0
    opens[start[:-1]] = True
    return _sum(opens & (windows_ago < WINDOWS), start)


def _sum(entries: IntArray | BoolArray, start: IntArray) -> IntArray:
    sums = np.zeros(len(entries) + 1, np.int64)
    np.cumsum(entries, out=sums[1:])
    return np.diff(sums[start])


def _sums_of(purchases: Purchases, amount: IntArray) -> IntArray:
    found = np.zeros(len(purchases), np.int64)
    np.add.at(found, purchases.refund_row, amount)
    return found
