"""The owner's money: small accounts reckoned by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kommo_sync.model.revenue import (
    concentration,
    key_figures,
    projection,
    revenue_of,
    second_purchase,
)
from tests.model.test_cohorts import deals, purchases_of

NOW = 1000
ACCOUNT = purchases_of(
    (1, 300, 100),  # bought in the year before, and again
    (1, 700, 300),
    (1, 900, 100),
    (1, 950, -50),
    (2, 400, 200),  # bought in the year before, lost
    (3, 800, 400),  # new
    (4, 100, 1000),  # long gone
)


def test_revenue_is_of_the_days_after_one_until_another():
    assert revenue_of(ACCOUNT, 300, 900).tolist() == [400, 200, 400, 0]


def test_money_given_back_is_taken_off_where_it_was_given_back():
    assert revenue_of(ACCOUNT, 900, 950).tolist() == [-50, 0, 0, 0]


def test_where_all_bring_the_same_the_curve_is_straight():
    found = concentration(np.full(10, 7))
    assert found.top_revenue == pytest.approx(found.top)
    assert found.curve == pytest.approx(np.linspace(0, 1, 101))
    assert found.most_clients.tolist() == [6, 8]


def test_where_one_brings_all_it_is_all_that_is_needed():
    found = concentration(np.array([0, 0, 500, 0, 0, 0, 0, 0, 0, 0]))
    assert found.top_revenue == pytest.approx([0.1, 0.5, 1, 1, 1])
    assert found.most_clients.tolist() == [1, 1]
    assert found.most_share.tolist() == [0.1, 0.1]
    assert (found.clients, found.revenue) == (10, 500)


def test_by_hand_two_of_five_bring_four_fifths():
    found = concentration(np.array([10, 50, 5, 30, 5]))
    assert found.most_clients.tolist() == [2, 2]
    assert found.curve[[0, 20, 40, 60, 80, 100]] == pytest.approx(
        [0, 0.5, 0.8, 0.9, 0.95, 1]
    )


def test_without_revenue_nobody_brings_anything():
    found = concentration(np.zeros(3, np.int64))
    assert found.top_revenue.tolist() == [0] * 5
    assert found.most_clients.tolist() == [0, 0]
    assert found.curve.tolist() == [0] * 101


def test_who_took_more_than_it_brought_counts_as_nothing():
    found = concentration(np.array([-100, 50, 50]))
    assert (found.revenue, found.clients) == (100, 3)
    assert found.most_clients.tolist() == [2, 2]


def test_nobody_brings_nothing():
    found = concentration(np.zeros(0, np.int64))
    assert (found.clients, found.revenue, found.curve.sum()) == (0, 0, 0)


@given(st.lists(st.integers(-5, 10**12), max_size=60))
def test_the_curve_rises_and_bends_down(revenue):
    curve = concentration(np.array(revenue, np.int64)).curve
    assert (np.diff(curve) >= -1e-12).all()
    assert (np.diff(curve, 2) <= 1e-9).all()
    assert round(curve[-1], 9) == float(any(amount > 0 for amount in revenue))


def test_the_key_figures_are_those_reckoned_by_hand():
    found = key_figures(ACCOUNT, NOW, 3)
    assert (found.clients, found.purchases, found.revenue) == (4, 6, 2050)
    assert found.repeat_rate == 0.25
    assert found.average_order == round(2050 / 6)
    assert found.revenue_per_client == round(2050 / 4)
    assert found.lifetime_days == 600
    assert (found.year_buyers, found.purchases_a_year) == (2, 1.5)
    assert (found.loyal_share, found.repeat_buyers) == (0.5, 0.5)
    assert found.repeat_revenue == 350 / 750
    assert found.clients_by_count.tolist() == [3, 0, 1, 0, 0]
    assert found.revenue_by_count.tolist() == [round(1600 / 3), 0, 450, 0, 0]


def test_clients_with_five_purchases_and_more_are_one_group():
    many = purchases_of(*((1, day, 10) for day in range(9)), (2, 0, 10))
    assert key_figures(many, 9, 4).clients_by_count.tolist() == [1, 0, 0, 0, 1]


def test_the_figures_of_nobody_are_nothing():
    found = key_figures(purchases_of(), NOW, 3)
    assert (found.clients, found.average_order, found.repeat_rate) == (0, 0, 0)
    assert (found.lifetime_days, found.purchases_a_year, found.loyal_share) == (0, 0, 0)


def test_the_second_purchase_is_worth_what_those_spent_who_made_it():
    """Of clients 1 and 2, first seen in the year before, 1 returned within a year."""
    account = purchases_of(
        (1, 300, 100), (1, 300, -7), (1, 310, -50), (1, 600, 250), (1, 666, 9),
        (2, 400, 200), (2, 450, -20), (60, 100, 1), (60, 150, 900),
        *((client, 800, 40) for client in range(3, 53)),
    )  # fmt: skip
    found = second_purchase(account, NOW)
    assert found.newcomers == 50
    assert (found.returned.cases[0], found.returned.trials[0]) == (1, 2)
    assert found.later_spend == 200
    assert found.gain == 100


def test_what_a_second_purchase_is_worth_is_not_known_at_first():
    found = second_purchase(purchases_of((1, NOW, 10)), NOW)
    assert (found.newcomers, found.later_spend, found.gain) == (1, 0, 0)
    assert found.returned.high[0] == 1


def test_the_projection_is_that_reckoned_by_hand():
    """A third of the money stays: 750 a year, 400 of it new; 750 / 3 + 400, …"""
    found = projection(ACCOUNT, NOW)
    assert found.clients_kept.share[0] == 0.5
    assert found.revenue_kept.share[0] == pytest.approx(1 / 3)
    assert (found.last_year, found.new, found.lost) == (750, 400, 200)
    assert found.revenue[0].tolist() == [650, round(650 / 3) + 400, 606]
    first = (1 / 3 + 0.1) * 750 + 400
    second = (1 / 3 + 0.1) * first + 400
    assert found.revenue[3, :2].tolist() == [round(first), round(second)]


def test_a_projection_is_known_after_two_years():
    assert projection(ACCOUNT, NOW).known
    assert projection(purchases_of((1, NOW - 730, 5)), NOW).known
    assert not projection(purchases_of((1, NOW - 729, 5)), NOW).known
    assert not projection(purchases_of(), NOW).known


def test_each_point_of_retention_adds_to_the_projection():
    found = projection(ACCOUNT, NOW)
    assert found.uplifts.tolist() == [0, 0.01, 0.05, 0.1]
    assert (np.diff(found.revenue, axis=0) > 0).all()
    assert (found.low < found.revenue).all()
    assert (found.revenue < found.high).all()


def test_retention_does_not_rise_above_all():
    kept = purchases_of((1, 400, 100), (1, 900, 100))
    found = projection(kept, NOW)
    assert found.revenue.tolist() == [[100, 100, 100]] * 4


def test_the_retention_of_a_first_year_may_be_anything():
    found = projection(purchases_of((1, NOW, 100)), NOW, years=1)
    assert found.clients_kept.trials[0] == 0
    assert (found.low[0, 0], found.revenue[0, 0], found.high[0, 0]) == (100, 100, 200)


def test_the_projection_of_nobody_is_nothing():
    assert projection(purchases_of(), NOW).high.sum() == 0


@given(deals)
def test_every_figure_is_defined(found):
    purchases = purchases_of(*found)
    figures = key_figures(purchases, 950, 4)
    assert 0 <= figures.loyal_share <= figures.repeat_buyers <= 1
    assert 0 <= figures.repeat_revenue <= 1
    assert figures.clients_by_count.sum() == figures.clients
    ahead = projection(purchases, 950)
    assert 0 <= ahead.new <= ahead.last_year
    assert (ahead.low <= ahead.revenue).all()
