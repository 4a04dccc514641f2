"""The replay: counted by hand, month by month, and without a look ahead."""

from datetime import date

import numpy as np
import pytest

from kommo_sync.model.arrays import IntArray, starts
from kommo_sync.model.backtest import (
    EPOCH,
    FEWEST_CLIENTS,
    MOST_MONTHS,
    Backtest,
    Flags,
    Month,
    Rule,
    Scene,
    counted,
    median_gaps,
    months_to_judge,
    replay,
)
from kommo_sync.model.judgement import Rules, judge_at
from tests.model.deals import Deal, history_of
from tests.model.markets import LAST, history, market

OTHERS = (Rule.OURS_BY_MONEY, Rule.AT_RISK, Rule.OWN_MEDIAN, Rule.LOW_RFM)


def scene(as_of: int, *rows: tuple[int, int, bool, int, bool]) -> Scene:
    """Make a month of (client, silence, left, worth, flagged by ours)."""
    client, silence, left, worth, ours = zip(*rows, strict=True)
    nobody = np.zeros(len(rows), np.bool_)
    return Scene(
        as_of,
        60,
        np.array(client, np.int64),
        np.array(silence, np.int64),
        np.array(left),
        np.array(worth, np.int64),
        {Rule.OURS: np.array(ours), **dict.fromkeys(OTHERS, nobody)},
    )


FIRST_MONTH = scene(
    1_000,
    (2, 1, False, 100, False),
    (4, 5, True, 200, False),
    (6, 10, False, 300, True),
    (8, 20, True, 400, True),
    (10, 25, True, 500, True),
    (12, 29, True, 600, False),
    (16, 40, False, 0, False),
    (18, 0, False, 50, False),
)
SECOND_MONTH = scene(
    1_030,
    (4, 35, True, 10, True),  # not flagged in this silence before
    (6, 3, False, 20, True),  # flagged before, but it bought since
    (8, 50, True, 30, True),  # flagged before, in this very silence
    (10, 55, True, 40, False),
    (12, 59, True, 60, False),
    (14, 8, False, 50, False),
)


def one_manager(client: IntArray) -> IntArray:
    return np.zeros(len(client), np.int64)


def test_two_months_of_nine_clients_are_counted_as_by_hand():
    found = counted([FIRST_MONTH, SECOND_MONTH], lambda client: client // 6)
    first, second = found.months
    assert (first.as_of, first.horizon) == (date(1972, 9, 27), 60)
    assert (first.at_stake, first.left, first.lost, first.managers) == (8, 4, 1_700, 4)
    assert (second.at_stake, second.left, second.lost) == (6, 4, 140)
    assert second.managers == 3
    assert first.flags[Rule.OURS] == Flags(3, 3, 2, (60 - 20) + (60 - 25), 900)
    assert second.flags[Rule.OURS] == Flags(3, 2, 2, (60 - 35) + (60 - 50), 40)


def test_the_days_of_silence_that_would_have_been_best_are_those_of_all_months():
    """More than 10 days: eight are flagged, seven of the eight that left; F1 7/8."""
    found = counted([FIRST_MONTH, SECOND_MONTH], one_manager)
    assert found.best_silence_days == 10
    first, second = (month.flags[Rule.SILENCE] for month in found.months)
    assert first == Flags(4, 4, 3, 40 + 35 + 31, 1_500)
    assert second == Flags(4, 1, 4, 25 + 10 + 5 + 1, 140)


def test_who_was_flagged_two_months_ago_but_not_last_month_is_fresh_again():
    between = scene(1_015, (8, 35, True, 400, False))
    last = counted([FIRST_MONTH, between, SECOND_MONTH], one_manager).months[-1]
    assert last.flags[Rule.OURS].fresh == 3


def test_a_rule_that_flags_nobody_was_neither_right_nor_wrong():
    found = counted([FIRST_MONTH, SECOND_MONTH], one_manager)
    assert all(
        month.flags[rule] == Flags(0, 0, 0, 0, 0)
        for month in found.months
        for rule in OTHERS
    )


def test_without_any_month_there_is_nothing_to_count():
    assert counted([], one_manager) == Backtest((), None)


def day(*ymd: int) -> int:
    return (date(*ymd) - EPOCH).days


def test_the_firsts_of_months_are_judged_from_a_quarter_of_the_past_on():
    deals = history_of([(2, day(2025, 1, 1), 1), (2, day(2025, 8, 1), 1)])
    found = months_to_judge(deals, day(2025, 9, 28))
    assert found == [day(2025, month, 1) for month in (4, 5, 6, 7, 8, 9)]


def test_no_more_than_two_years_are_replayed_and_none_of_no_past():
    old = history_of([(2, 0, 1)])
    assert len(months_to_judge(old, 20_000)) == MOST_MONTHS
    assert months_to_judge(history_of([]), 20_000) == []


def test_the_median_interval_is_that_of_each_client():
    days = [0, 10, 30, 7, 0, 1, 5, 50]
    start = starts(np.array([3, 1, 4]))
    found = median_gaps(np.array(days, np.int64), start)
    assert found.tolist() == [15.0, np.inf, 4.0]


def flat(seed: int, clients: int = 140) -> list[Deal]:
    return [(c, on, abs(price)) for c, on, price in market(seed, clients)]


def by_hand(deals: list[Deal], month: Month) -> tuple[int, int, int]:
    """Count at stake, left and lost by plain loops; nobody got money back."""
    as_of = (month.as_of - EPOCH).days
    horizon, staked, left, lost = month.horizon, 0, 0, 0
    for client in {deal[0] for deal in deals}:
        theirs = [(on, price) for c, on, price in deals if c == client]
        past = {on for on, _ in theirs if on <= as_of}
        if len(past) < 2 or as_of - max(past) >= horizon:
            continue
        staked += 1
        if not any(as_of < on <= as_of + horizon for on, _ in theirs):
            left += 1
            window = range(as_of - 2 * horizon + 1, as_of + 1)
            lost += sum(price for on, price in theirs if on in window) // 2
    return staked, left, lost


@pytest.mark.parametrize("seed", [1, 2])
def test_each_month_tells_who_was_at_stake_and_left_as_by_hand(seed):
    deals = flat(seed)
    found = replay(history_of(deals), Rules(), LAST, manager=one_manager)
    assert len(found.months) > 3
    for month in found.months:
        counts = (month.at_stake, month.left, month.lost)
        assert counts == by_hand(deals, month)
        assert month.at_stake >= FEWEST_CLIENTS
        assert (month.as_of - EPOCH).days + month.horizon <= LAST


def test_a_month_flags_whom_a_run_of_its_day_would_flag():
    deals = history(3, 140)
    found = replay(deals, Rules(), LAST, manager=one_manager)
    assert len(found.months) > 3
    for month in found.months:
        judged = judge_at(deals, (month.as_of - EPOCH).days, Rules())
        assert month.flags[Rule.OURS].flagged == judged.flagged.sum() > 0
        assert month.horizon == judged.summary.horizon


def told(found: Backtest) -> dict[date, object]:
    """Return what no later day can alter: all but the rule that is best in hindsight.

    Nor the first month: a longer past begins to be replayed later.
    """
    return {
        month.as_of: {r: f for r, f in month.flags.items() if r is not Rule.SILENCE}
        for month in found.months[1:]
    }


@pytest.mark.parametrize("seed", range(3))
def test_what_happens_after_a_months_horizon_does_not_alter_it(seed):
    cut = LAST - 60
    past = [deal for deal in flat(seed) if deal[1] <= cut]
    whole = past + [deal for deal in flat(seed + 100, 160) if deal[1] > cut]
    then = told(replay(history_of(past), Rules(), cut, manager=one_manager))
    for today in (cut + 1, LAST):
        now = told(replay(history_of(whole), Rules(), today, manager=one_manager))
        both = then.keys() & now.keys()
        assert len(both) > 1
        assert {day: now[day] for day in both} == {day: then[day] for day in both}


def test_what_lies_after_today_is_not_looked_at():
    deals = flat(1)
    today = LAST - 70
    found = replay(history_of(deals), Rules(), today, manager=one_manager)
    past = history_of([deal for deal in deals if deal[1] <= today])
    assert replay(past, Rules(), today, manager=one_manager) == found


def test_rules_of_thumb_flag_as_many_as_ours_where_they_rank():
    found = replay(history(4, 140), Rules(), LAST, manager=one_manager)
    assert len(found.months) > 3
    for month in found.months:
        ours = month.flags[Rule.OURS].flagged
        assert month.flags[Rule.OURS_BY_MONEY].flagged == ours
        assert month.flags[Rule.LOW_RFM].flagged == ours


def test_by_money_the_flags_catch_the_most_that_so_many_can():
    """Of those that leave, the ones with more revenue are flagged before others."""
    found = replay(history(4, 140), Rules(), LAST, manager=one_manager)
    caught = [
        sum(month.flags[rule].caught for month in found.months)
        for rule in (Rule.OURS_BY_MONEY, Rule.LOW_RFM)
    ]
    assert caught[0] > caught[1]


def test_beyond_twice_the_own_median_interval_is_flagged_by_that_rule():
    """Of 24 that buy every 10 days, half stop: after 20 days they are flagged."""
    stopped, end = LAST - 150, LAST - 40
    deals = [
        (client, on, 100)
        for client in range(2, 26)
        for on in range(end - 400, stopped if client % 2 else end, 10)
    ] + [(30, end - 400, 100), (30, end, 100)]
    found = replay(history_of(deals), Rules(horizon_days=30), end, manager=one_manager)
    after = [m for m in found.months if m.as_of > EPOCH.fromordinal(719163 + stopped)]
    flags = {m.as_of: m.flags[Rule.OWN_MEDIAN] for m in found.months}
    assert {one.flagged for one in flags.values()} <= {0, 12}
    assert after[0].left == 12


def test_progress_is_told_from_none_to_all():
    told: list[tuple[int, int]] = []
    replay(
        history(1),
        Rules(),
        LAST,
        manager=one_manager,
        tell=lambda done, of: told.append((done, of)),
    )
    months = len(told) - 1
    assert told == [(done, months) for done in range(months + 1)]


@pytest.mark.parametrize(
    "deals",
    [
        [],
        [(2, LAST, 100)],
        [(client, LAST - 200, 100) for client in range(2, 60)],
        [(client, LAST - 200, -100) for client in range(2, 60)],
        [(2, on, 100) for on in range(LAST - 900, LAST)],
        [(2, LAST + 5, 100)],
    ],
    ids=["nobody", "one deal", "one day", "refunds", "one client", "future"],
)
def test_too_little_to_replay_has_no_months(deals):
    found = replay(history_of(deals), Rules(), LAST, manager=one_manager)
    assert found == Backtest((), None)
