"""The owner's money: who brings it, the key figures, and where it goes from here."""

from dataclasses import dataclass

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray, spread
from kommo_sync.model.estimates import Share, weighted_share, wilson
from kommo_sync.model.purchases import Purchases

YEAR = 365
TOP_SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
MOST = (0.6, 0.8)
"""Shares of the revenue for which the clients that bring them are counted."""
COUNTS = 5
"""Clients with this many purchases and more are one group."""
UPLIFTS = (0.0, 0.01, 0.05, 0.1)


def revenue_of(purchases: Purchases, after: int, until: int) -> IntArray:
    """Return what each client brought from the day after one to another: shape (n,).

    Hundredths; money given back in these days is taken off.
    """
    inside = (purchases.day > after) & (purchases.day <= until)
    back = (purchases.refund_day > after) & (purchases.refund_day <= until)
    found = np.zeros(len(purchases), np.int64)
    np.add.at(found, spread(purchases.start)[inside], purchases.amount[inside])
    np.subtract.at(found, purchases.refund_row[back], purchases.refund_amount[back])
    return found


@dataclass(frozen=True, slots=True)
class Concentration:
    """How much of the revenue how few clients bring.

    Args:
        clients: all that are counted.
        revenue: hundredths that they bring.
        top: shape (t,), shares of the clients, the best first.
        top_revenue: shape (t,), the share of revenue that these bring.
        most: shape (s,), shares of the revenue.
        most_clients: shape (s,), how few clients bring as much.
        most_share: shape (s,), the same as a share of all.
        curve: shape (101,), share of revenue of the best 0, 1 … 100 % of clients.
    """

    clients: int
    revenue: int
    top: FloatArray
    top_revenue: FloatArray
    most: FloatArray
    most_clients: IntArray
    most_share: FloatArray
    curve: FloatArray


def concentration(revenue: IntArray) -> Concentration:
    """Return the Pareto curve of revenues, one a client.

    A client that brought less than nothing counts as one that brought nothing. Between
    whole clients the curve is straight. Without any revenue all shares of it are 0.
    """
    best = np.sort(np.maximum(revenue, 0))[::-1]
    clients, total = len(best), int(best.sum())
    summed = np.concatenate(([0], np.cumsum(best)))
    reached = summed / max(total, 1)
    at = np.linspace(0, 1, clients + 1) if clients else np.zeros(1)
    few = np.searchsorted(reached, np.array(MOST) - 1e-12) if total else np.zeros(2)
    few = few.astype(np.int64)
    top = np.array(TOP_SHARES)
    return Concentration(
        clients,
        total,
        top,
        np.interp(top, at, reached),
        np.array(MOST),
        few,
        few / max(clients, 1),
        np.interp(np.arange(101) / 100, at, reached),
    )


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """What the owner asks first; the year is the last 365 days.

    Args:
        clients: that ever bought.
        purchases: of all of them.
        revenue: hundredths, refunds taken off.
        repeat_rate: of the clients, the share with two purchases or more.
        average_order: hundredths of revenue a purchase.
        revenue_per_client: hundredths, over the whole time.
        lifetime_days: from the first purchase to the last, the mean of clients with
            two or more: so far, since many go on.
        year_buyers: clients that bought in the year.
        purchases_a_year: purchases in the year by `year_buyers`.
        loyal_share: of the `year_buyers`, those that count as loyal.
        repeat_buyers: of the `year_buyers`, the share with two purchases or more ever.
        repeat_revenue: of the year's revenue, the share that these bring.
        clients_by_count: shape (5,), clients with 1, 2, 3, 4, 5 or more purchases.
        revenue_by_count: shape (5,), hundredths a client of each group.
    """

    clients: int
    purchases: int
    revenue: int
    repeat_rate: float
    average_order: int
    revenue_per_client: int
    lifetime_days: float
    year_buyers: int
    purchases_a_year: float
    loyal_share: float
    repeat_buyers: float
    repeat_revenue: float
    clients_by_count: IntArray
    revenue_by_count: IntArray


def key_figures(purchases: Purchases, as_of: int, loyal_purchases: int) -> KeyFigures:
    """Return the key figures of a day; every one is 0 where there is nothing to count.

    Args:
        purchases: settled, none after `as_of`.
        as_of: days since 1970-01-01.
        loyal_purchases: from how many purchases on a client is loyal.
    """
    count, total = purchases.count, revenue_of(purchases, *_ALWAYS)
    year = revenue_of(purchases, as_of - YEAR, as_of)
    bought = _bought(purchases, as_of - YEAR, as_of)
    recent = int(np.count_nonzero(purchases.day > as_of - YEAR))
    repeat, buyers = count >= 2, int(bought.sum())
    lived = (purchases.day[purchases.start[1:] - 1] - _first_day(purchases))[repeat]
    group = np.minimum(count, COUNTS) - 1
    clients = np.bincount(group, minlength=COUNTS)
    brought = np.bincount(group, total, COUNTS)
    return KeyFigures(
        clients=len(purchases),
        purchases=len(purchases.day),
        revenue=int(total.sum()),
        repeat_rate=_part(repeat.sum(), len(purchases)),
        average_order=round(_part(total.sum(), len(purchases.day))),
        revenue_per_client=round(_part(total.sum(), len(purchases))),
        lifetime_days=_part(lived.sum(), len(lived)),
        year_buyers=buyers,
        purchases_a_year=_part(recent, buyers),
        loyal_share=_part((bought & (count >= loyal_purchases)).sum(), buyers),
        repeat_buyers=_part((bought & repeat).sum(), buyers),
        repeat_revenue=_part(np.maximum(year, 0)[repeat].sum(), _gains(year)),
        clients_by_count=clients,
        revenue_by_count=np.rint(brought / np.maximum(clients, 1)).astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class SecondPurchase:
    """What one more first-time client in a hundred buying again would bring.

    Args:
        newcomers: clients whose first purchase lies in the last year.
        returned: of those that first bought in the year before it, the share that
            bought again within a year.
        later_spend: hundredths, what one of these brought in the year after the first
            purchase, that purchase left out; the mean.
        gain: hundredths a year: newcomers x 1 % x later_spend, if the additional ones
            behaved like those who returned.
    """

    newcomers: int
    returned: Share
    later_spend: int
    gain: int


def second_purchase(purchases: Purchases, as_of: int) -> SecondPurchase:
    """Return the worth of the second purchase; nothing where it is not known yet."""
    first, row = _first_day(purchases), spread(purchases.start)
    newcomers = int(np.count_nonzero(first > as_of - YEAR))
    older = (first <= as_of - YEAR) & (first > as_of - 2 * YEAR)
    wait = purchases.day - first[row]
    later = older[row] & (wait > 0) & (wait <= YEAR)
    refund_wait = purchases.refund_day - first[purchases.refund_row]
    spent = np.zeros(len(purchases), np.int64)
    np.add.at(spent, row[later], purchases.amount[later])
    again = np.zeros(len(purchases), np.bool_)
    again[row[later]] = True
    back = again[purchases.refund_row] & (refund_wait > 0) & (refund_wait <= YEAR)
    spent_net = int(spent.sum()) - int(purchases.refund_amount[back].sum())
    returned = wilson(np.array([again.sum()]), np.array([older.sum()]))
    later_spend = _part(max(spent_net, 0), int(again.sum()))
    gain = round(newcomers * later_spend / 100)
    return SecondPurchase(newcomers, returned, round(later_spend), gain)


@dataclass(frozen=True, slots=True)
class Projection:
    """Revenue of the coming years, at today's retention and at a better one.

    Args:
        known: whether two years are: before that nobody can tell who is new, nor
            who stays, and the rest is not worth showing.
        clients_kept: shape (1,), of the clients that bought in the year before the
            last one, the share that bought in the last year too.
        revenue_kept: shape (1,), of the revenue of that year, the share of these
            clients: the retention that is projected.
        last_year: hundredths of the last 365 days.
        new: of these, what clients brought whose first purchase lies in them.
        lost: hundredths of the year before, of clients that bought no more.
        uplifts: shape (u,), points of retention gained, 0 the first.
        revenue: shape (u, years), hundredths, each year by itself.
        low: shape (u, years), if retention is at the low end of its range.
        high: shape (u, years), at the high end.
    """

    known: bool
    clients_kept: Share
    revenue_kept: Share
    last_year: int
    new: int
    lost: int
    uplifts: FloatArray
    revenue: IntArray
    low: IntArray
    high: IntArray


def projection(purchases: Purchases, as_of: int, years: int = 3) -> Projection:
    """Return what the next years bring: revenue(t) = retention x revenue(t-1) + new.

    It assumes that clients that stay spend what they spent, that each year keeps the
    share of the revenue that the last one kept, and that newcomers bring each year
    what they brought in the last one. Retention does not rise above 1.
    """
    last = revenue_of(purchases, as_of - YEAR, as_of)
    before = revenue_of(purchases, as_of - 2 * YEAR, as_of - YEAR)
    stayed = _bought(purchases, as_of - YEAR, as_of)
    earlier = _bought(purchases, as_of - 2 * YEAR, as_of - YEAR)
    clients = wilson(np.array([(earlier & stayed).sum()]), np.array([earlier.sum()]))
    spent = np.maximum(before[earlier], 0)
    retention = weighted_share(spent, stayed[earlier])
    base = max(int(last.sum()), 0)
    first = _first_day(purchases)
    new = max(int(last[first > as_of - YEAR].sum()), 0)
    known = bool((first <= as_of - 2 * YEAR).any())
    uplifts = np.array(UPLIFTS)
    ways = [
        _project(base, new, np.minimum(kept + uplifts, 1), years)
        for kept in (retention.share, retention.low, retention.high)
    ]
    lost = int(spent[~stayed[earlier]].sum())
    return Projection(known, clients, retention, base, new, lost, uplifts, *ways)


def _project(base: int, new: int, retention: FloatArray, years: int) -> IntArray:
    found = np.empty((len(retention), years))
    revenue = np.full(len(retention), float(base))
    for year in range(years):
        revenue = retention * revenue + new
        found[:, year] = revenue
    return np.rint(found).astype(np.int64)


_ALWAYS = (-(2**62), 2**62)


def _first_day(purchases: Purchases) -> IntArray:
    return purchases.day[purchases.start[:-1]]


def _bought(purchases: Purchases, after: int, until: int) -> BoolArray:
    """Return who bought from the day after one to another: shape (n,)."""
    inside = (purchases.day > after) & (purchases.day <= until)
    found = np.zeros(len(purchases), np.bool_)
    found[spread(purchases.start)[inside]] = True
    return found


def _gains(revenue: IntArray) -> int:
    return int(np.maximum(revenue, 0).sum())


def _part(amount: float, of: int) -> float:
    return float(amount) / of if of else 0.0
