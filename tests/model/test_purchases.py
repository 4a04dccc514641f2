"""Purchases: what counts, and the row of numbers of each client."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.histories import pack, unpack
from kommo_sync.model.purchases import (
    WINDOWS,
    PurchaseRules,
    PurchaseSummary,
    ZeroPrice,
    settle,
    summarize,
)
from tests.model.deals import DEALS, RULES, Deal, columns, history_of, law

PLAIN = PurchaseRules()
COUNTING = PurchaseRules(zero_price=ZeroPrice.COUNT)
KEEPING = PurchaseRules(cancel_matched=False)


def bought(deals: Sequence[Deal], rules: PurchaseRules = PLAIN) -> list[Deal]:
    """Return the purchases as (client, day, hundredths)."""
    found = settle(history_of(deals), rules)
    clients = np.repeat(found.client, found.count).tolist()
    return list(zip(clients, found.day.tolist(), found.amount.tolist(), strict=True))


def summary_of(
    deals: Sequence[Deal], as_of: int, horizon: int, rules: PurchaseRules = PLAIN
) -> PurchaseSummary:
    return summarize(settle(history_of(deals), rules), as_of, horizon)


@dataclass
class ByHand:
    """One client's purchases, worked out deal by deal."""

    purchases: list[tuple[int, int]]
    refunds: list[tuple[int, int]]

    @classmethod
    def of(cls, deals: Iterable[tuple[int, int]], rules: PurchaseRules) -> "ByHand":
        paid: list[tuple[int, int]] = []
        refunds: list[tuple[int, int]] = []
        for day, amount in sorted(deals, key=lambda deal: (deal[0], -deal[1])):
            if amount >= 0:
                paid.append((day, amount))
                continue
            same = [at for at, deal in enumerate(paid) if deal[1] == -amount]
            if rules.cancel_matched and same:
                del paid[same[-1]]
            else:
                refunds.append((day, -amount))
        merged: list[tuple[int, int]] = []
        for day, amount in paid:
            if amount == 0 and rules.zero_price is ZeroPrice.SKIP:
                continue
            if merged and day - merged[-1][0] <= rules.merge_gap_days:
                merged[-1] = (day, merged[-1][1] + amount)
            else:
                merged.append((day, amount))
        return cls(merged, refunds)

    def row(self, as_of: int, horizon: int) -> dict[str, int]:
        days = [day for day, _ in self.purchases]
        gaps = [later - day for day, later in pairwise(days)]
        money = self.purchases + [(day, -amount) for day, amount in self.refunds]
        silences = [as_of - day for day in days]
        windows = {silence // horizon for silence in silences}
        return {
            "count": len(days),
            "first_day": days[0],
            "last_day": days[-1],
            "total": sum(amount for _, amount in money),
            "squared_gaps": sum(gap * gap for gap in gaps),
            "longest_gap": max(gaps, default=0),
            "active_windows": len(windows & set(range(WINDOWS))),
            "last_amount": self.purchases[-1][1],
            "recent_count": sum(days < horizon for days in silences),
            "earlier_count": sum(horizon <= days < 2 * horizon for days in silences),
            "recent_total": sum(
                amount for day, amount in money if as_of - day < 2 * horizon
            ),
        }


@settings(law, max_examples=300)
@given(DEALS, RULES, st.integers(1, 30))
def test_rows_are_what_one_works_out_by_hand(deals, rules, horizon):
    found = columns(summary_of(deals, 45, horizon, rules))
    expected = {}
    for client in sorted({client for client, _, _ in deals}):
        theirs = [(day, amount) for who, day, amount in deals if who == client]
        hand = ByHand.of(theirs, rules)
        if hand.purchases:
            expected[client] = hand.row(45, horizon)
    assert found["client"] == list(expected)
    for name in next(iter(expected.values()), {}):
        assert found[name] == [row[name] for row in expected.values()]


@law
@given(DEALS, RULES, st.integers(0, 40), DEALS)
def test_what_happens_later_does_not_alter_what_a_day_was_told(
    deals, rules, day, later
):
    known = [deal for deal in deals if deal[1] <= day]
    after = [(client, day + 1 + when, amount) for client, when, amount in later]
    full = history_of(known + after)
    assert columns(full.until(day)) == columns(history_of(known))
    then = summarize(settle(full.until(day), rules), day, 7)
    assert columns(then) == columns(summary_of(known, day, 7, rules))


@law
@given(DEALS, RULES, st.data())
def test_some_clients_have_the_rows_that_they_have_among_all(deals, rules, data):
    history = history_of(deals)
    rows = data.draw(st.sets(st.integers(0, len(history) - 1))) if deals else set()
    some = history.take(np.array(sorted(rows), np.int64))
    assert some.client.tolist() == history.client[sorted(rows)].tolist()
    alone = columns(summarize(settle(some, rules), 40, 9))
    everybody = columns(summarize(settle(history, rules), 40, 9))
    at = [everybody["client"].index(client) for client in alone["client"]]
    for name in set(alone) - {"as_of", "horizon"}:
        assert alone[name] == [everybody[name][row] for row in at]


def test_a_deal_without_a_price_is_no_purchase_unless_wanted():
    deals = [(2, 1, 100), (2, 5, 0), (4, 6, 0)]
    assert bought(deals) == [(2, 1, 100)]
    assert bought(deals, COUNTING) == [(2, 1, 100), (2, 5, 0), (4, 6, 0)]


def test_a_refund_lowers_the_money_and_is_never_a_purchase():
    summary = summary_of([(2, 1, 500), (2, 8, -200)], 10, 30)
    assert summary.total.tolist() == summary.recent_total.tolist() == [300]
    assert (summary.count.tolist(), summary.last_day.tolist()) == ([1], [1])
    assert summary.last_amount.tolist() == [500]


def test_a_refund_of_a_whole_deal_takes_the_deal_away():
    deals = [(2, 1, 500), (2, 4, 300), (2, 9, -300), (4, 1, 50), (4, 2, -50)]
    assert bought(deals) == [(2, 1, 500)]
    assert settle(history_of(deals), PLAIN).refund_amount.tolist() == []


def test_where_refunds_take_no_deals_away_they_only_cost():
    deals = [(2, 1, 500), (2, 4, -500)]
    assert bought(deals, KEEPING) == [(2, 1, 500)]
    assert summary_of(deals, 9, 9, KEEPING).total.tolist() == [0]


def test_a_refund_takes_the_latest_deal_of_its_amount():
    assert bought([(2, 1, 70), (2, 5, 70), (2, 9, -70), (2, 12, 70)]) == [
        (2, 1, 70),
        (2, 12, 70),
    ]


def test_two_refunds_take_two_deals():
    deals = [(2, 1, 70), (2, 3, 70), (2, 5, 70), (2, 9, -70), (2, 11, -70)]
    assert bought(deals) == [(2, 1, 70)]


def test_a_third_refund_of_two_deals_is_money_given_back():
    deals = [(2, 1, 70), (2, 3, 70), (2, 4, 99), *[(2, day, -70) for day in (5, 6, 7)]]
    found = settle(history_of(deals), PLAIN)
    assert found.day.tolist() == [4]
    assert (found.refund_day.tolist(), found.refund_amount.tolist()) == ([7], [70])


def test_a_refund_before_any_deal_takes_none_away():
    deals = [(2, 1, -70), (2, 5, 70)]
    assert bought(deals) == [(2, 5, 70)]
    assert summary_of(deals, 9, 9).total.tolist() == [0]


def test_a_refund_on_the_day_of_the_deal_takes_it_away():
    assert bought([(2, 5, -70), (2, 5, 70), (2, 5, 30)]) == [(2, 5, 30)]


def test_a_refund_takes_no_deal_of_another_client():
    bare, other = [(2, 1, 70), (4, 0, 90)], [(2, 2, -30), (4, 3, -70)]
    assert bought(bare + other) == bare


def test_clients_with_refunds_only_are_absent():
    deals = [(2, 1, -70), (4, 1, 50), (6, 3, -1), (8, 4, 80), (8, 5, -20)]
    found = settle(history_of(deals), PLAIN)
    assert found.client.tolist() == [4, 8]
    assert (found.refund_row.tolist(), found.refund_amount.tolist()) == ([1], [20])


def test_deals_of_one_day_are_one_purchase():
    assert bought([(2, 5, 10), (2, 5, 20), (2, 6, 30)]) == [(2, 5, 30), (2, 6, 30)]


def test_near_deals_are_one_purchase_as_long_as_the_chain_holds():
    deals = [(2, 0, 10), (2, 5, 20), (2, 10, 40), (2, 16, 80), (4, 17, 1)]
    joined = [(2, 10, 70), (2, 16, 80), (4, 17, 1)]
    assert bought(deals, PurchaseRules(merge_gap_days=5)) == joined
    assert bought(deals, PurchaseRules(merge_gap_days=4)) == deals


def test_a_negative_gap_is_refused():
    with pytest.raises(ValueError, match=r"^merge_gap_days is -1: 0 or more"):
        PurchaseRules(merge_gap_days=-1)


def test_windows_begin_on_the_day_judged():
    deals = [(2, day, 10**at) for at, day in enumerate((80, 81, 90, 91, 100))]
    summary = summary_of(deals, 100, 10)
    assert summary.recent_count.tolist() == [2]
    assert summary.earlier_count.tolist() == [2]
    assert summary.recent_total.tolist() == [11_110]
    assert summary.total.tolist() == [11_111]


@pytest.mark.parametrize(("day", "left"), [(80, 700), (81, 600)])
def test_a_refund_counts_in_the_window_of_its_own_day(day, left):
    summary = summary_of([(2, 10, 900), (2, 95, 700), (2, day, -100)], 100, 10)
    assert summary.recent_total.tolist() == [left]
    assert summary.total.tolist() == [1_500]


def test_ages_have_the_names_of_the_papers():
    summary = summary_of([(2, 10, 1), (2, 30, 1), (2, 90, 1), (4, 99, 1)], 100, 10)
    assert summary.repeats.tolist() == [2, 0]
    assert summary.last_purchase_age.tolist() == [80, 0]
    assert summary.age.tolist() == [90, 1]
    assert summary.days_since_last.tolist() == [10, 1]
    assert summary.mean_gap.tolist() == [40.0, 0.0]
    assert summary.squared_gaps.tolist() == [20**2 + 60**2, 0]
    assert summary.longest_gap.tolist() == [60, 0]


@pytest.mark.parametrize("rules", [PLAIN, COUNTING, PurchaseRules(merge_gap_days=9)])
def test_without_deals_there_is_nobody(rules):
    history = history_of([])
    assert len(history) == len(history.until(5)) == len(settle(history, rules)) == 0
    assert len(history.take(np.array([], np.int64))) == 0
    summary = summary_of([], 5, 5, rules)
    assert len(summary) == 0
    assert {len(getattr(summary, name)) for name in ("total", "longest_gap")} == {0}
    assert len(unpack(history.client, pack(history))) == len(summary.mean_gap) == 0


def test_all_on_the_day_judged_is_one_purchase_each():
    summary = summary_of([(2, 7, 10), (2, 7, 20), (4, 7, 5)], 7, 1)
    assert summary.count.tolist() == summary.recent_count.tolist() == [1, 1]
    assert summary.age.tolist() == summary.days_since_last.tolist() == [0, 0]
    assert summary.earlier_count.tolist() == summary.longest_gap.tolist() == [0, 0]


@pytest.mark.parametrize("late", [(2, 12, 5), (2, 12, -5)])
def test_a_day_that_knows_the_future_is_refused(late):
    with pytest.raises(ValueError, match=r"^a deal lies 2 days after the day judged"):
        summary_of([(2, 1, 10), late], 10, 5)


def test_windows_without_a_day_are_refused():
    with pytest.raises(ValueError, match=r"^horizon is 0 days: at least 1"):
        summary_of([(2, 1, 10)], 10, 0)


def test_a_century_of_large_deals_is_added_up():
    deals = [(client, day, 10**14) for client in (2, 3) for day in (-18_000, 0, 18_525)]
    summary = summary_of(deals, 18_525, 365)
    assert summary.total.tolist() == [3 * 10**14] * 2
    assert summary.age.tolist() == [36_525] * 2
    assert summary.squared_gaps.tolist() == [18_000**2 + 18_525**2] * 2


@law
@given(DEALS, RULES, st.data())
def test_rows_are_taken_by_position_in_any_order(deals, rules, data):
    summary = summary_of(deals, 40, 9, rules)
    row = st.integers(0, max(len(summary) - 1, 0))
    rows = data.draw(st.lists(row)) if len(summary) else []
    taken, everybody = columns(summary.take(np.array(rows, np.int64))), columns(summary)
    assert (taken.pop("as_of"), taken.pop("horizon")) == ([40], [9])
    for name, values in taken.items():
        assert values == [everybody[name][row] for row in rows]


def test_windows_with_a_purchase_are_counted_once_each_and_six_back():
    days = (100, 91, 90, 70, 41, 40, 1)
    summary = summary_of([*((2, day, 1) for day in days), (4, 40, 1)], 100, 10)
    assert summary.active_windows.tolist() == [4, 0]
