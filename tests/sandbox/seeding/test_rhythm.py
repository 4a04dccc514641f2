from itertools import pairwise
from statistics import fmean, stdev

import pytest

from kommo_sync.sandbox.seeding.rhythm import (
    Buyer,
    Model,
    draw_ages,
    draw_amount,
    draw_buyer,
)
from tests.sandbox.chances import chance


def test_a_client_that_leaves_at_once_buys_exactly_once():
    buyer = Buyer(rate=1.0, dropout=1.0, nu=1.0)
    assert draw_ages(buyer, 2, 1_000.0, chance(1)) == ([0.0], True)


def test_a_client_that_never_leaves_buys_until_the_end_of_the_span():
    buyer = Buyer(rate=1.0, dropout=0.0, nu=1.0)
    ages, left = draw_ages(buyer, 2, 1_000.0, chance(1))
    assert not left
    assert 980 < ages[-1] <= 1_000
    assert ages == sorted(ages)


def test_clients_leave_after_any_purchase_with_their_own_probability():
    buyer, luck = Buyer(rate=1.0, dropout=0.25, nu=1.0), chance(2)
    counts = [len(draw_ages(buyer, 2, 1e9, luck)[0]) for _ in range(20_000)]
    assert counts.count(1) / 20_000 == pytest.approx(0.25, abs=0.01)
    assert counts.count(2) / counts.count(1) == pytest.approx(0.75, abs=0.03)
    assert fmean(counts) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_waits_are_erlang_distributed(k):
    buyer = Buyer(rate=0.1, dropout=0.0, nu=1.0)
    ages, _ = draw_ages(buyer, k, 1_000_000.0, chance(3))
    waits = [after - before for before, after in pairwise(ages)]
    assert fmean(waits) == pytest.approx(k / 0.1, rel=0.03)
    assert stdev(waits) / fmean(waits) == pytest.approx(k**-0.5, rel=0.03)


def test_amounts_of_one_client_average_shape_over_rate():
    buyer, luck = Buyer(rate=1.0, dropout=0.0, nu=0.02), chance(4)
    amounts = [draw_amount(Model(), buyer, luck) for _ in range(20_000)]
    assert fmean(amounts) == pytest.approx(Model().p / 0.02 * 100, rel=0.02)


def test_no_amount_is_less_than_one_hundredth():
    buyer = Buyer(rate=1.0, dropout=0.0, nu=1e9)
    assert draw_amount(Model(), buyer, chance(5)) == 1


def test_the_population_buys_every_45_days_for_300():
    model, luck = Model(), chance(6)
    buyers = [draw_buyer(model, luck) for _ in range(40_000)]
    assert (model.mean_wait_days, model.mean_amount) == (45, 300)
    assert fmean(model.k / b.rate for b in buyers) == pytest.approx(45, rel=0.03)
    assert fmean(model.p / b.nu for b in buyers) == pytest.approx(300, rel=0.03)
    mean_dropout = model.a / (model.a + model.b)
    assert fmean(b.dropout for b in buyers) == pytest.approx(mean_dropout, rel=0.03)
