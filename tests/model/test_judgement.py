"""The judgement as a whole: no look ahead, one like a million, who is flagged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kommo_sync.model.btyd import Ages, MbgCnbd, count_moments, next_purchase
from kommo_sync.model.flagging import FlagBy, Flagging, can_leave
from kommo_sync.model.histories import History
from kommo_sync.model.judgement import (
    Judged,
    Rules,
    Scoring,
    judge,
    judge_at,
    learn_scoring,
    worth,
)
from kommo_sync.model.lifecycle import Stage
from kommo_sync.model.purchases import PurchaseRules, settle
from kommo_sync.model.rfm import TypedCuts
from tests.model.deals import DEALS, Deal, history_of
from tests.model.markets import FIRST, LAST, history, is_sound, market, plain, rows_of

seldom = hypothesis_settings(deadline=None, max_examples=6)
seeds = st.integers(0, 10_000)
LATER = st.lists(
    st.tuples(st.integers(2, 40), st.integers(1, 200), st.integers(-9_000, 9_000)),
    max_size=30,
)
"""Clients, days after the one that is judged, and amounts."""
MIDDLE = (FIRST + LAST) // 2


def judged_by(deals: History, as_of: int, rules: Rules) -> tuple[Judged, Scoring]:
    scoring = learn_scoring(deals, as_of, rules)
    purchases = settle(deals.until(as_of), rules.purchases)
    return judge(purchases, as_of, scoring, rules), scoring


@given(seed=seeds, as_of=st.integers(MIDDLE - 100, LAST), later=LATER)
@seldom
def test_whatever_happens_after_a_day_the_answer_of_that_day_stays(seed, as_of, later):
    deals = market(seed)
    before = [deal for deal in deals if deal[1] <= as_of]
    otherwise = [(client, as_of + days, price) for client, days, price in later]
    found = judge_at(history_of(deals), as_of, Rules())
    again = judge_at(history_of(before + otherwise), as_of, Rules())
    assert plain(again) == plain(found)


@given(seed=seeds, later=LATER)
@seldom
def test_what_is_learned_on_a_day_looks_at_nothing_later(seed, later):
    deals = [deal for deal in market(seed) if deal[1] <= MIDDLE]
    otherwise = [(client, MIDDLE + days, price) for client, days, price in later]
    found = learn_scoring(history_of(deals), MIDDLE, Rules())
    assert learn_scoring(history_of(deals + otherwise), MIDDLE, Rules()) == found


def alone(deals: History, client: int, as_of: int, scoring: Scoring) -> Any:
    """Return what is thought of one client, judged by itself."""
    rows = np.flatnonzero(deals.client == client)
    settled = settle(deals.take(rows).until(as_of), PurchaseRules())
    [found] = rows_of(judge(settled, as_of, scoring, Rules()), scoring)
    return found


@given(
    seed=seeds,
    evenness=st.sampled_from([0.7, 1.0, 4.0, 9.0]),
    days=st.integers(0, 90),
    phases=st.sampled_from([0, 3]),
)
@seldom
def test_one_client_is_judged_as_among_all_bit_by_bit(seed, evenness, days, phases):
    deals = history(seed, evenness=evenness)
    scoring = learn_scoring(deals, LAST, Rules())
    if phases:
        model = replace(scoring.fit.model, k=phases)
        scoring = replace(scoring, fit=replace(scoring.fit, model=model))
    found = judge(settle(deals, PurchaseRules()), LAST + days, scoring, Rules())
    rows = rows_of(found, scoring)
    for at in range(0, len(rows), 5):
        client = int(found.summary.client[at])
        assert alone(deals, client, LAST + days, scoring) == rows[at]


@pytest.mark.parametrize("phases", [1, 2, 5, 19])
def test_what_is_expected_does_not_depend_on_who_else_is_asked(phases):
    chance, clients = np.random.default_rng(phases), 60
    repeats = chance.integers(0, 900, clients).astype(np.float64)
    bought_until = np.where(repeats > 0, chance.integers(1, 900, clients), 0.0)
    ages = Ages(repeats, bought_until, bought_until + chance.integers(0, 300, clients))
    model = MbgCnbd(1.3, float(chance.uniform(1, 200)), 0.4, 9.0, phases)
    mean, square = count_moments(ages, model, 3_650.0)
    for row in range(0, clients, 6):
        one = ages.take(np.array([row]))
        assert count_moments(one, model, 3_650.0) == (mean[row], square[row])


@pytest.mark.parametrize("seed", range(8))
def test_when_a_client_buys_next_does_not_depend_on_who_else_is_asked(seed):
    chance, clients = np.random.default_rng(seed), 40
    repeats = chance.integers(0, 60, clients).astype(np.float64)
    bought_until = np.where(repeats > 0, chance.integers(1, 900, clients), 0.0)
    ages = Ages(repeats, bought_until, bought_until + chance.integers(0, 300, clients))
    model = MbgCnbd(1.3, float(chance.uniform(1, 200)), 0.4, 9.0, 2 + 2 * seed)
    soon = next_purchase(ages, model, 0.9)
    alone = [
        next_purchase(ages.take(np.array([n])), model, 0.9) for n in range(clients)
    ]
    assert np.concatenate(alone).tolist() == soon.tolist()


def test_who_buys_every_day_in_many_phases_is_judged_as_among_all():
    """So many take another way to the sum of what is expected."""
    often = [
        (client, FIRST + day, 100 + client)
        for client, step in ((90, 1), (92, 1), (94, 2))
        for day in range(0, 400, step)
    ]
    deals, as_of = history_of(often), FIRST + 400
    scoring = learn_scoring(deals, as_of, Rules())
    fitted = replace(scoring.fit, model=MbgCnbd(1.0, 20.0, 0.1, 30.0, k=20))
    scoring = replace(scoring, fit=fitted, clv_days=730)
    found = judge(settle(deals, PurchaseRules()), as_of, scoring, Rules())
    rows = rows_of(found, scoring)
    assert [alone(deals, client, as_of, scoring) for client in (90, 92, 94)] == rows


@given(deals=DEALS, as_of=st.integers(0, 120), gap=st.integers(0, 8))
@hypothesis_settings(deadline=None, max_examples=40)
def test_any_few_deals_are_judged_in_numbers(deals, as_of, gap):
    rules = Rules(PurchaseRules(merge_gap_days=gap))
    found, scoring = judged_by(history_of(deals), as_of, rules)
    assert is_sound(found, scoring)
    assert not found.flagged[found.summary.count == 1].any()


CENTURY = 36_525
HARD: dict[str, list[Deal]] = {
    "nobody": [],
    "one deal": [(2, LAST, 100)],
    "one client": [(2, FIRST + day, 100) for day in range(0, 400, 40)],
    "all on one day": [(client, FIRST, 100) for client in range(2, 40)],
    "only refunds": [(client, FIRST, -100) for client in range(2, 40)],
    "all for nothing": [(c, FIRST + day, 0) for c in (2, 4) for day in (0, 9)],
    "all after the day": [(2, LAST + 1, 100), (4, LAST + 9, 100)],
    "a century": [(c, day, 100) for c in (2, 4, 6) for day in range(0, CENTURY, 900)],
    "the same every day": [(2, LAST - day, 5) for day in range(3_000)],
    "riches": [(2, FIRST, 10**15), (2, FIRST + 9, 10**15), (4, FIRST, 1)],
    "everything given back": [(2, FIRST, 100), (2, FIRST + 1, 300), (2, LAST, -399)],
}


@pytest.mark.parametrize("name", HARD)
def test_hard_histories_are_judged_in_numbers(name):
    found, scoring = judged_by(history_of(HARD[name]), LAST, Rules())
    assert is_sound(found, scoring)
    assert scoring.horizon >= 1


def test_nobody_is_judged_where_nobody_bought():
    found, scoring = judged_by(history_of([]), LAST, Rules())
    assert (len(found), scoring.clients, scoring.fit.repeats) == (0, 0, 0)
    assert len(worth(found, scoring, np.empty(0, np.int64)).ltv) == 0


def flagged_by(deals: History, **flagging: Any) -> tuple[Judged, Scoring]:
    return judged_by(deals, LAST, Rules(flagging=Flagging(**flagging)))


@given(seed=seeds)
@seldom
def test_who_is_gone_or_bought_once_or_is_silent_for_a_horizon_is_not_flagged(seed):
    for by in FlagBy:
        found, _ = flagged_by(history(seed), by=by, capacity=10_000)
        gone = np.isin(found.stages.code, [Stage.DORMANT.code, Stage.LOST.code])
        silent = found.summary.days_since_last >= found.summary.horizon
        once = found.summary.count == 1
        assert not found.flagged[gone | silent | once].any()
        assert (can_leave(found.summary) == ~(silent | once)).all()


@given(seed=seeds)
@seldom
def test_left_to_itself_it_flags_whoever_is_likelier_to_leave(seed):
    found, scoring = flagged_by(history(seed))
    could = can_leave(found.summary) & ~np.isin(
        found.stages.code, [Stage.DORMANT.code, Stage.LOST.code]
    )
    likely = found.p_no_purchase >= scoring.flag_above
    assert (found.flagged == (could & likely)).all()
    assert not could.any() or found.p_no_purchase[can_leave(found.summary)].max() >= (
        scoring.flag_above
    )


def test_by_profit_a_talk_must_save_more_than_it_costs():
    found, scoring = flagged_by(
        history(5), by=FlagBy.PROFIT, save_rate=0.25, contact_cost=40
    )
    saved = found.expected_loss * 0.25
    may = can_leave(found.summary) & (found.stages.code != Stage.DORMANT.code)
    may &= found.stages.code != Stage.LOST.code
    assert scoring.flag_above == 161
    assert 0 < found.flagged.sum() < may.sum()
    assert (found.flagged == (may & (saved > 40))).all()


@pytest.mark.parametrize("cost", [0, 1, 10**11])
def test_a_talk_that_keeps_nobody_is_worth_with_nobody(cost):
    found, _ = flagged_by(
        history(5), by=FlagBy.PROFIT, save_rate=0.0, contact_cost=cost
    )
    assert not found.flagged.any()


def test_a_talk_for_nothing_is_worth_with_whoever_brings_anything():
    found, _ = flagged_by(history(5), by=FlagBy.PROFIT, contact_cost=0)
    assert found.flagged.any()
    assert (found.expected_loss[found.flagged] > 0).all()


@pytest.mark.parametrize("capacity", [1, 4])
def test_by_capacity_the_most_money_at_stake_comes_first(capacity):
    found, _ = flagged_by(history(5, 60), by=FlagBy.CAPACITY, capacity=capacity)
    others = can_leave(found.summary) & ~found.flagged
    others &= ~np.isin(found.stages.code, [Stage.DORMANT.code, Stage.LOST.code])
    assert 1 <= found.flagged.sum() <= capacity
    least = found.expected_loss[found.flagged].min()
    assert (found.expected_loss[others] <= least).all()


def test_nobody_without_money_at_stake_takes_a_place():
    free = [(c, day, 0) for c in range(2, 9) for day in (LAST - 20, LAST - 10, LAST)]
    rules = Rules(
        PurchaseRules(zero_price="count"),  # type: ignore[arg-type]
        flagging=Flagging(FlagBy.CAPACITY),
    )
    found, _ = judged_by(history_of(free), LAST, rules)
    assert can_leave(found.summary).all()
    assert not found.flagged.any()


def test_the_admins_horizon_and_cuts_are_taken_as_they_are():
    rules = Rules(horizon_days=33, cuts=TypedCuts((1, 2, 3, 4), (2, 3, 4, 5), None))
    scoring = learn_scoring(history(1), LAST, rules)
    assert scoring.horizon == 33
    assert scoring.cuts.days.cuts == (1, 2, 3, 4)
    assert scoring.cuts.counts.cuts == (2, 3, 4, 5)
    assert learn_scoring(history(1), LAST, Rules()).horizon != 33


def test_terms_at_hand_are_kept_and_the_missing_learned():
    deals = history(2)
    first, *others = learn_scoring(deals, LAST, Rules()).terms
    odd = replace(first, horizon=first.horizon + 50)
    found = learn_scoring(deals, LAST, Rules(), [odd])
    assert found.terms == (odd, *others)


def test_the_quarter_of_the_day_has_terms_though_nobody_bought_in_it():
    deals = history(2).until(LAST - 200)
    scoring = learn_scoring(deals, LAST, Rules())
    bought = history_of([*market(2)[:3], (2, LAST, 500)])
    found = judge(settle(bought, PurchaseRules()), LAST, scoring, Rules())
    assert found.stages.since_day.max() == LAST


def test_the_future_is_looked_at_for_twice_the_past_and_two_years_at_most():
    young = history_of([(2, LAST - 9, 100), (2, LAST, 100)])
    assert learn_scoring(young, LAST, Rules()).clv_days == 20
    assert learn_scoring(history(2), LAST, Rules()).clv_days == 730


@given(seed=seeds)
@seldom
def test_the_window_of_the_next_purchase_lies_ahead_in_order(seed):
    found, scoring = judged_by(history(seed), LAST, Rules())
    next_days = worth(found, scoring, np.arange(len(found))).next_days
    assert (next_days >= LAST).all()
    assert (np.diff(next_days, axis=1) >= 0).all()


def test_an_advocate_is_who_was_named_and_is_loyal():
    deals = history_of([(2, LAST - 9 * n, 100) for n in range(6)] + [(4, LAST, 100)])
    scoring = learn_scoring(deals, LAST, Rules())
    purchases = settle(deals, PurchaseRules())
    both = np.array([True, True])
    found = judge(purchases, LAST, scoring, Rules(), both)
    assert [found.stages.stage(row) for row in (0, 1)] == [Stage.ADVOCATE, Stage.NEW]
    nobody = judge(purchases, LAST, scoring, Rules())
    assert nobody.stages.stage(0) == Stage.LOYAL


def test_a_later_day_is_judged_by_what_was_learned_before():
    deals = history(4)
    scoring = learn_scoring(deals, MIDDLE, Rules())
    known = settle(deals.until(MIDDLE), PurchaseRules())
    soon, later = (judge(known, MIDDLE + d, scoring, Rules()) for d in (1, 60))
    assert (later.summary.days_since_last - soon.summary.days_since_last == 59).all()
    assert (later.p_alive <= soon.p_alive).all()
