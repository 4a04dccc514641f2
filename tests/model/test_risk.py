"""Who leaves: nothing of the future is known, every answer is a chance, cuts add up."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.btyd import Ages, MbgCnbd, p_alive, p_no_purchase
from kommo_sync.model.btyd_fit import USUAL_GAP_DAYS, FitSource
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    settle,
    summarize,
)
from kommo_sync.model.risk import (
    SHIPPED,
    SHORTEST_HORIZON,
    USUAL_HORIZON,
    choose_horizon,
    cut_by_capacity,
    cut_by_expected_f1,
    cut_by_profit,
    expected_loss,
    learn,
    p0,
    universal,
)
from kommo_sync.model.risk_features import FEATURES, Usual, features, standardised
from kommo_sync.model.risk_past import (
    MOST_CLIENTS,
    draw,
    lessons_of,
    past_cutoffs,
    stayed_away,
)

Deal = tuple[int, int, int]
RULES = PurchaseRules()
DEAL = st.tuples(st.integers(0, 6), st.integers(0, 400), st.integers(-900, 900))
DEALS = st.lists(DEAL, max_size=40)
CHANCES = st.lists(st.floats(0.01, 0.99), min_size=1, max_size=8)


def history_of(deals: Sequence[Deal]) -> History:
    table = np.array(sorted(deals), np.int64).reshape(-1, 3)
    return History.of(Deals(*np.ascontiguousarray(table.T)))


def shop(clients: int = 150, days: int = 500, seed: int = 3) -> list[Deal]:
    """Return an account whose clients buy by chance and leave, now and then."""
    chance = np.random.default_rng(seed)
    deals: list[Deal] = []
    for client in range(clients):
        day, usual = chance.uniform(0, days * 0.7), 25 * chance.gamma(3, 1 / 3)
        while day < days:
            deals.append((client, int(day), int(chance.gamma(4, 500)) + 1))
            if chance.random() < 0.15:
                break
            day += 1 + chance.exponential(usual)
    return deals


SHOP = shop()
AS_OF, HORIZON = 400, 60
LEARNED = learn(history_of(SHOP), RULES, AS_OF, HORIZON)


def summary_of(
    deals: Sequence[Deal], as_of: int = AS_OF, horizon: int = HORIZON
) -> PurchaseSummary:
    return summarize(settle(history_of(deals).until(as_of), RULES), as_of, horizon)


def chances(
    deals: Sequence[Deal], as_of: int = AS_OF, horizon: int = HORIZON
) -> FloatArray:
    model = learn(history_of(deals), RULES, as_of, horizon)
    return p0(summary_of(deals, as_of, horizon), model.fit, model)


def days(*columns: Sequence[int]) -> Purchases:
    """Return purchases of clients on these days, at one each."""
    return settle(
        history_of([(i, day, 100) for i, row in enumerate(columns) for day in row]),
        RULES,
    )


@settings(max_examples=40, deadline=None)
@given(DEALS, st.integers(0, 420), st.integers(1, 200))
def test_every_answer_is_a_chance_and_no_loss_is_negative(deals, as_of, horizon):
    found = chances(deals, as_of, horizon)
    summary = summary_of(deals, as_of, horizon)
    assert len(found) == len(summary)
    assert ((found > 0) & (found < 1)).all()
    assert (expected_loss(found, summary) >= 0).all()


@settings(max_examples=25, deadline=None)
@given(DEALS)
def test_nothing_after_the_day_alters_what_is_learned(later):
    future = [(client, AS_OF + 1 + day, amount) for client, day, amount in later]
    known = [deal for deal in SHOP if deal[1] <= AS_OF]
    assert learn(history_of(known + future), RULES, AS_OF, HORIZON) == LEARNED


def test_the_order_of_the_deals_does_not_matter():
    deals = Deals(*np.ascontiguousarray(np.array(SHOP[::-1], np.int64).T))
    assert learn(History.of(deals), RULES, AS_OF, HORIZON) == LEARNED


def test_one_client_is_judged_alone_as_among_all():
    summary = summary_of(SHOP)
    among = p0(summary, LEARNED.fit, LEARNED)
    for row in (0, 7, len(summary) - 1):
        alone = p0(summary.take(np.array([row])), LEARNED.fit, LEARNED)
        assert alone.tolist() == among[[row]].tolist()


def test_money_in_another_unit_changes_nothing():
    cheap = [(client, day, amount * 100) for client, day, amount in SHOP]
    assert chances(cheap) == pytest.approx(chances(SHOP), abs=1e-9)


def test_days_twice_as_long_change_next_to_nothing():
    slow = [(client, 2 * day, amount) for client, day, amount in SHOP]
    found, slower = chances(SHOP), chances(slow, 2 * AS_OF, 2 * HORIZON)
    assert np.abs(slower - found).mean() < 0.01
    assert slower == pytest.approx(found, abs=0.06)


def test_an_account_without_a_past_is_told_by_other_businesses():
    young = learn(history_of(SHOP), RULES, 2 * HORIZON - 2, HORIZON)
    assert (young.weights, young.lessons) == (SHIPPED.weights, 0)


def test_an_account_with_a_past_is_told_by_it_too():
    first_day = min(day for _, day, _ in SHOP)
    model = learn(history_of(SHOP), RULES, first_day + 2 * HORIZON - 1, HORIZON)
    assert model.lessons > 0
    assert model.weights != SHIPPED.weights


def test_few_repeat_purchases_leave_the_rhythm_to_other_businesses():
    few = learn(history_of(SHOP[:25]), RULES, AS_OF, HORIZON)
    assert few.fit.source is FitSource.PRIOR
    assert few.plain == few.fit.model


def test_the_plain_rhythm_is_no_more_even_than_chance():
    even = [(i, day, 100) for i in range(60) for day in range(i % 20, 400, 20)]
    model = learn(history_of(even), RULES, AS_OF, HORIZON)
    assert (model.fit.model.k > 1, model.plain.k) == (True, 1)


def test_nobody_at_all_is_a_defined_answer():
    model = learn(history_of([]), RULES, AS_OF, HORIZON)
    assert model.weights == SHIPPED.weights
    assert p0(summary_of([]), model.fit, model).shape == (0,)


def test_what_is_learned_agrees_with_how_many_left():
    """Of those who were still buying; the past has hundreds of lessons."""
    summary = summary_of(SHOP)
    buying = summary.days_since_last < HORIZON
    later = settle(history_of(SHOP), RULES)
    left = stayed_away(summary.client, later, AS_OF + 1, HORIZON)
    said = p0(summary, LEARNED.fit, LEARNED)
    assert LEARNED.lessons > 500
    assert said[buying].mean() == pytest.approx(left[buying].mean(), abs=0.06)
    assert said[left & buying].mean() > said[~left & buying].mean() + 0.1


def test_the_weights_balance_the_past_against_the_belief():
    """The share of leavers is believed ten times less firmly than the rest."""
    known = history_of(SHOP).until(AS_OF)
    models = (LEARNED.fit.model, LEARNED.plain, LEARNED.usual)
    past = lessons_of(known, RULES, summary_of(SHOP), models)
    columns = standardised(past.columns, SHIPPED)
    surprise = past.weight * (past.left - expit(columns @ np.array(LEARNED.weights)))
    moved = np.array(LEARNED.weights) - np.array(SHIPPED.weights)
    firmly = np.array([1.0] + [10.0] * len(FEATURES))
    assert columns.T @ surprise == pytest.approx(firmly * moved, abs=1e-6)


def test_the_past_can_overrule_other_businesses():
    """Nobody ever leaves here, however silent: each buys every 50 days."""
    loyal = [(i, day, 100) for i in range(80) for day in range(i % 50, 900, 50)]
    summary = summary_of(loyal, 800)
    model = learn(history_of(loyal), RULES, 800, HORIZON)
    others = replace(model, weights=SHIPPED.weights)
    assert p0(summary, model.fit, model).max() < 0.02
    assert p0(summary, model.fit, others).max() > 0.1


def test_longer_silence_is_more_risk():
    deals = [(i, day, 100) for i in range(8) for day in (0, 30, 60, 90, 120 + 25 * i)]
    model = universal(LEARNED.fit, LEARNED.plain, LEARNED.usual)
    found = p0(summary_of(deals, 330), model.fit, model)
    assert (np.diff(found) < 0).all()


def test_without_an_account_the_usual_is_supposed():
    model = universal()
    assert model.usual == Usual(USUAL_GAP_DAYS, 1.0, 1.0)
    assert (model.others, model.weights, model.lessons) == (SHIPPED, SHIPPED.weights, 0)


OWN = MbgCnbd(r=1.0, alpha=20.0, a=0.5, b=2.0, k=2)
PLAIN = replace(OWN, k=1)


def feature_row(
    deals: Sequence[Deal], as_of: int, horizon: int, usual: Usual
) -> tuple[dict[str, float], Ages]:
    summary = summary_of(deals, as_of, horizon)
    row = features(summary, OWN, PLAIN, usual)[0]
    return dict(zip(FEATURES, row.tolist(), strict=True)), Ages.of(summary)


def test_features_are_as_computed_by_hand():
    bought = [(0, 0, 300), (0, 10, 300), (0, 40, 600), (0, 95, -200)]
    found, ages = feature_row(bought, 99, 50, Usual(20.0, 500.0, 100.0))
    chance, plain = (p_no_purchase(ages, model, 50)[0] for model in (OWN, PLAIN))
    assert found == pytest.approx(
        {
            "log_odds_plain": np.log(plain / (1 - plain)),
            "log_odds_own": np.log(chance / (1 - chance)),
            "silence_survival": (60 / 119) ** 5 * (1 + 5 * 59 / 119),
            "p_alive": p_alive(ages, OWN)[0],
            "log_silence": 0.0,  # 60 days of a horizon of 50, told as 50
            "log_count": np.log(3),
            "bought_once": 0.0,
            "log_age": np.log(2),
            "log_recent": 0.0,
            "log_earlier": np.log(4),
            # gaps 10 and 30, variance 100; the mean gap is shrunk to 60 / 3 = 20
            "log_variation": np.log((2 * 100 / 400 + 2) / 4) / 2,
            "log_value": np.log((500 / 100 + 0.1) / 1.1),
            "log_amount": np.log((1000 / 3 / 500 + 0.1) / 1.1),
            # 3 in two horizons and a gap of 0.4: 1.25 a horizon
            "log_change": np.log(0.5 / (1.25 + 0.5)),
            "log_active": np.log(1.5 / 1.5),
        }
    )


def test_who_bought_once_is_told_apart():
    found, _ = feature_row([(0, 90, 300)], 99, 50, Usual(20.0, 500.0, 100.0))
    assert (found["bought_once"], found["log_variation"]) == (1.0, 0.0)
    assert found["log_silence"] == pytest.approx(np.log(10 / 50))
    assert found["log_active"] == pytest.approx(np.log(1.5 / 0.5))


def test_windows_that_hold_a_purchase_are_counted_back_to_the_sixth():
    bought = [(0, 100 - back, 100) for back in (0, 3, 9, 10, 35, 59, 60, 99)]
    summary = summary_of(
        [*bought, *[(i, 39 + min(i, 2), 100) for i in (1, 2, 3)]], 100, 10
    )
    assert summary.active_windows.tolist() == [4, 0, 1, 1]


def test_what_is_usual_are_medians_of_those_who_have_any():
    deals = [(0, 0, 100), (0, 10, 300), (1, 5, 600), (2, 0, 100), (2, 50, -500)]
    summary = summary_of(deals, 60, 30)
    usual = Usual.of(settle(history_of(deals), RULES), summary)
    assert usual == Usual(gap=10.0, amount=400.0, value=(150 + 300) / 2)


def test_nothing_is_farther_off_than_five_standard_deviations():
    far = np.full((1, len(FEATURES)), 1e9)
    assert standardised(far, SHIPPED).tolist() == [[1.0] + [5.0] * len(FEATURES)]


def test_features_are_told_in_standard_deviations():
    centre = np.array([SHIPPED.centre]) + 2 * np.array([SHIPPED.scale])
    assert standardised(centre, SHIPPED)[0, 1:] == pytest.approx(2)


@pytest.mark.parametrize(
    ("first_day", "as_of", "horizon", "expected"),
    [
        (0, 58, 30, []),
        (0, 59, 30, [30]),
        (0, 69, 30, [40, 30]),
        (100, 179, 30, [150, 140, 130]),
        (0, 10, 1, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_past_cut_offs_have_a_horizon_before_and_after(
    first_day, as_of, horizon, expected
):
    assert past_cutoffs(first_day, as_of, horizon) == expected


def test_past_cut_offs_are_the_latest_two_dozen():
    assert past_cutoffs(0, 9_999, 30) == [9_970 - 10 * back for back in range(24)]


def test_lessons_are_of_those_who_were_not_silent_for_the_horizon():
    deals = [(0, 0, 100), (0, 35, 100), (1, 1, 100), (2, 29, 100)]
    summary = summary_of(deals, 59, 30)
    models = (OWN, PLAIN, Usual.of(settle(history_of(deals), RULES), summary))
    past = lessons_of(history_of(deals), RULES, summary, models)
    assert past.left.tolist() == [False, True, True]
    assert past.weight.tolist() == [1 / 3] * 3
    then = summary_of(deals, 29, 30)
    assert past.columns.tolist() == features(then, *models).tolist()


def test_a_lesson_needs_a_silence_below_the_horizon():
    deals = [(0, 0, 100), (1, 1, 100)]
    summary = summary_of(deals, 60, 30)
    models = (OWN, PLAIN, Usual(10.0, 1.0, 1.0))
    past = lessons_of(history_of(deals), RULES, summary, models)
    assert len(past) == 1  # at the cut-off 31, the first was silent for 31 days


def test_staying_away_ends_with_the_first_purchase_of_the_horizon():
    bought = days([9], [10], [19], [20])
    found = stayed_away(np.arange(4), bought, cutoff=10, horizon=10)
    assert found.tolist() == [True, False, False, True]


def test_huge_accounts_are_drawn_from_to_learn():
    """All bought on three days: the only past cut-off would have 20,100 rows."""
    client = np.repeat(np.arange(MOST_CLIENTS + 100), 3)
    day = np.tile([0, 20, 45], MOST_CLIENTS + 100)
    known = History.of(Deals(client, day, np.full(len(day), 100)))
    summary = summarize(settle(known, RULES), 60, 30)
    past = lessons_of(known, RULES, summary, (OWN, PLAIN, Usual(20.0, 100.0, 100.0)))
    assert len(past) == MOST_CLIENTS


def test_a_draw_depends_on_keys_alone():
    whole = history_of([(2 * i, 5, 100) for i in range(400)])
    some = draw(whole, 100)
    kept = set(some.client.tolist())
    fewer = whole.take(np.flatnonzero(np.isin(whole.client, [*kept][:40])))
    assert len(some) == 100
    assert draw(whole, 400) is whole
    assert set(draw(whole, 200).client.tolist()) > kept
    assert set(draw(fewer, 30).client.tolist()) < kept
    assert abs(np.median(some.client) - 400) < 120


@pytest.mark.parametrize(
    ("columns", "as_of", "expected"),
    [
        ([], 500, USUAL_HORIZON),
        ([[5], [9]], 500, USUAL_HORIZON),
        ([[0, 40]], 399, 40),
        ([[0, 40]], 99, 25),
        ([[0, 1]], 399, SHORTEST_HORIZON),
        ([[0, 40]], 3, SHORTEST_HORIZON),
    ],
)
def test_the_horizon_follows_the_rhythm_within_limits(columns, as_of, expected):
    assert choose_horizon(days(*columns) if columns else days(), as_of) == expected


def test_a_client_weighs_one_however_often_it_buys():
    often = list(range(0, 300, 3))
    seldom = [[0, 50], [0, 60], [0, 70], [0, 80], [0, 90]]
    assert choose_horizon(days(often, *seldom), 999) == 90
    assert choose_horizon(days(often, often, often, *seldom[:2]), 999) == 60


def test_what_is_lost_is_the_chance_times_half_of_two_horizons():
    deals = [(0, 390, 5_000), (0, 299, 1_001), (0, 200, 900), (1, 390, 10), (2, 399, 7)]
    summary = summary_of([*deals, (1, 395, -30)], 400, 60)
    assert expected_loss(np.array([0.5, 0.9, 0.4]), summary).tolist() == [1500, 0, 1]


@given(CHANCES)
def test_the_cut_has_the_best_expected_f1(chance):
    p = np.array(chance)
    flags = cut_by_expected_f1(p)
    expected = 2 * p[flags].sum() / (flags.sum() + p.sum())
    for size in range(1, len(p) + 1):
        for rows in combinations(range(len(p)), size):
            some = p[list(rows)].sum()
            assert 2 * some / (size + p.sum()) <= expected + 1e-9


def test_equals_are_flagged_together():
    assert cut_by_expected_f1(np.array([0.2, 0.9, 0.2, 0.9])).tolist() == [
        False,
        True,
        False,
        True,
    ]
    assert cut_by_expected_f1(np.zeros(0)).tolist() == []


def test_a_talk_must_be_worth_more_than_it_costs():
    chance, value = np.array([0.5, 0.5, 1.0]), np.array([4_000, 4_001, 2_000])
    assert cut_by_profit(chance, value, 0.1, 200).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("save_rate", "cost", "complaint"),
    [(1.1, 1, "save_rate is 1.1"), (-0.1, 1, "save_rate"), (0.1, -1, "cost is -1")],
)
def test_a_profit_out_of_range_is_refused(save_rate, cost, complaint):
    with pytest.raises(ValueError, match=complaint):
        cut_by_profit(np.ones(1), np.ones(1), save_rate, cost)


def test_capacity_goes_to_the_most_at_stake_and_never_to_nothing():
    loss = np.array([5, 0, 9, 5, 0])
    chosen = [np.flatnonzero(cut_by_capacity(loss, n)).tolist() for n in (0, 1, 2, 5)]
    assert chosen == [[], [2], [0, 2], [0, 2, 3]]


def test_a_negative_capacity_is_refused():
    with pytest.raises(ValueError, match="capacity is -1"):
        cut_by_capacity(np.ones(2, np.int64), -1)
