"""Who comes back: small accounts counted by hand."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kommo_sync.model.cohorts import (
    Period,
    cohorts,
    ladder,
    ladder_window,
    period_of,
    time_to_next,
)
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.purchases import PurchaseRules, Purchases, settle


def day_of(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


def purchases_of(*deals: tuple[int, int, int]) -> Purchases:
    """Return the purchases of deals given as client, day and hundredths."""
    columns = np.array(deals, np.int64).reshape(-1, 3)
    history = History.of(Deals(columns[:, 0], columns[:, 1], columns[:, 2]))
    return settle(history, PurchaseRules())


THREE = purchases_of(
    (1, day_of("2024-01-31"), 100),
    (1, day_of("2024-02-01"), 50),
    (1, day_of("2024-02-20"), 50),
    (1, day_of("2024-04-01"), 70),
    (2, day_of("2024-01-01"), 10),
    (2, day_of("2024-03-31"), 20),
    (3, day_of("2024-03-05"), 5),
    (3, day_of("2024-04-02"), -2),
)


def test_the_triangle_holds_who_bought_so_many_months_later():
    found = cohorts(THREE, day_of("2024-04-15"), Period.MONTH)
    assert found.first.tolist() == [648, 649, 650, 651]
    assert found.size.tolist() == [2, 0, 1, 0]
    assert found.buyers.tolist() == [
        [2, 1, 1, 1],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_the_triangle_holds_the_money_with_refunds_taken_off():
    found = cohorts(THREE, day_of("2024-04-15"), Period.MONTH)
    assert found.revenue[0].tolist() == [110, 100, 20, 70]
    assert found.revenue[2].tolist() == [5, -2, 0, 0]
    assert found.revenue.sum() == THREE.amount.sum() - 2


def test_the_share_that_was_kept_is_of_those_who_began():
    found = cohorts(THREE, day_of("2024-04-15"), Period.MONTH)
    assert found.retention[0].tolist() == [1, 0.5, 0.5, 0.5]
    assert found.retention[1].tolist() == [0, 0, 0, 0]


def test_the_present_month_and_those_to_come_are_not_whole():
    found = cohorts(THREE, day_of("2024-04-29"), Period.MONTH)
    assert found.whole.astype(int).tolist() == [
        [1, 1, 1, 0],
        [1, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_a_month_is_whole_on_the_evening_of_its_last_day():
    found = cohorts(THREE, day_of("2024-04-30"), Period.MONTH)
    assert found.whole[0].all()
    assert len(found.first) == 4


@pytest.mark.parametrize(
    ("period", "size", "buyers"),
    [
        (Period.QUARTER, [3, 0], [[3, 1], [0, 0]]),
        (Period.YEAR, [3], [[3]]),
    ],
)
def test_cohorts_can_be_wider(period, size, buyers):
    found = cohorts(THREE, day_of("2024-04-15"), period)
    assert found.size.tolist() == size
    assert found.buyers.tolist() == buyers


def test_periods_count_from_1970_and_before():
    days = np.array([day_of("1970-01-31"), day_of("1970-02-01"), -1])
    assert period_of(days, Period.MONTH).tolist() == [0, 1, -1]
    assert period_of(days, Period.QUARTER).tolist() == [0, 0, -1]


def test_without_a_client_there_is_no_cohort():
    found = cohorts(purchases_of(), 100, Period.MONTH)
    assert (len(found.first), found.buyers.shape) == (0, (0, 0))
    assert found.retention.shape == (0, 0)


def test_a_refund_before_the_first_purchase_is_told_with_it():
    found = cohorts(purchases_of((1, 0, -5), (1, 40, 20)), 80, Period.MONTH)
    assert found.revenue.tolist() == [[15, 0], [0, 0]]


@pytest.mark.parametrize("deals", [[(1, 9, 5)], [(1, 3, 5), (1, 9, -2)]])
def test_what_lies_after_the_day_judged_is_refused(deals):
    with pytest.raises(ValueError, match="lies 4 days after the day judged"):
        cohorts(purchases_of(*deals), 5, Period.MONTH)


LADDER = purchases_of(
    *((1, day, 1) for day in (0, 10, 20)),  # every ten days, until 20
    *((2, day, 1) for day in (0, 30)),
    (3, 0, 1),
    *((4, day, 1) for day in (0, 60)),  # later than the window
    *((5, day, 1) for day in (95, 97)),  # too young to count
)


def test_the_ladder_counts_only_clients_old_enough_and_what_came_in_time():
    found = ladder(LADDER, 100, 30, steps=4)
    assert found.purchase.tolist() == [1, 2, 3, 4]
    assert found.went_on.trials.tolist() == [4, 3, 1, 0]
    assert found.went_on.cases.tolist() == [2, 1, 0, 0]
    assert found.went_on.share.tolist() == [0.5, 1 / 3, 0, 0]


def test_the_ladder_tells_how_soon_they_went_on():
    assert ladder(LADDER, 100, 30, steps=4).median_days.tolist() == [20, 10, 0, 0]


def test_a_purchase_exactly_as_old_as_the_window_counts():
    assert ladder(LADDER, 100, 100).went_on.trials[0] == 4
    assert ladder(LADDER, 100, 100).went_on.cases[0] == 3
    assert ladder(LADDER, 100, 101).went_on.trials[0] == 0


def test_the_window_is_a_year_where_the_history_is_long():
    assert ladder_window(purchases_of((1, 0, 1), (1, 9, 1)), 800) == 365


def test_the_window_is_longer_where_most_intervals_are():
    deals = [(who, day, 1) for who in (1, 2) for day in (0, 500, 1000)]
    assert ladder_window(purchases_of(*deals), 2000) == 500


def test_the_window_is_half_of_a_short_history():
    assert ladder_window(purchases_of((1, 20, 1)), 120) == 50


def test_the_window_of_an_account_of_one_day_is_a_day():
    assert ladder_window(purchases_of((1, 20, 1), (2, 20, 1)), 20) == 1


def test_the_gap_from_one_client_to_the_next_is_no_interval():
    apart = purchases_of((1, 0, 1), (2, 5000, 1), (3, 9000, 1))
    assert ladder_window(apart, 10000) == 365


def test_without_a_client_the_ladder_knows_nothing():
    found = ladder(purchases_of(), 100, ladder_window(purchases_of(), 100))
    assert found.went_on.trials.tolist() == [0] * 10
    assert found.went_on.high.tolist() == [1] * 10


@pytest.mark.parametrize(("window", "steps"), [(0, 1), (1, 0)])
def test_a_ladder_without_a_window_or_steps_is_refused(window, steps):
    with pytest.raises(ValueError, match="at least 1 each"):
        ladder(LADDER, 100, window, steps)


def test_the_wait_for_the_second_purchase_counts_those_still_waiting():
    """By hand: 5 after 2 days, of 5; 1 after 10 of 4; 2 after 30; 4 after 60."""
    found = time_to_next(LADDER, 100)
    assert found.days.tolist() == [2, 10, 30, 60]
    assert found.waiting == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert (found.cases, found.quantile(0.5)) == (5, 30)


def test_the_wait_for_the_third_purchase_is_of_those_with_two():
    """By hand: waits 3+, 10, 40+, 70+: of the three that wait 10 days one buys."""
    found = time_to_next(LADDER, 100, 2)
    assert (found.cases, found.days.tolist()) == (4, [10])
    assert found.waiting == pytest.approx([2 / 3])


def test_the_wait_for_the_purchase_before_the_first_is_refused():
    with pytest.raises(ValueError, match="1 is the first"):
        time_to_next(LADDER, 100, 0)


def test_nobody_waits_where_nobody_is():
    assert time_to_next(purchases_of(), 5).cases == 0


deals = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 900), st.integers(1, 99)), max_size=40
)


@given(deals, st.sampled_from(Period))
def test_every_client_and_all_money_is_in_one_cohort(found, period):
    purchases = purchases_of(*found)
    triangle = cohorts(purchases, 950, period)
    assert triangle.size.sum() == len(purchases)
    assert triangle.buyers[:, :1].sum() == len(purchases)
    assert triangle.revenue.sum() == purchases.amount.sum()
    assert (triangle.buyers <= triangle.size[:, None]).all()


@given(deals, st.integers(1, 400))
def test_who_went_on_was_old_enough_for_the_next_step_or_is_too_young(found, window):
    purchases = purchases_of(*found)
    steps = ladder(purchases, 950, window).went_on
    for number in range(10):
        reached = int(np.count_nonzero(purchases.count > number))
        assert steps.cases[number] <= steps.trials[number] <= reached
