"""Value: amounts, the run rate, the lifetime by formula and by model."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import Ages, MbgCnbd, expected_purchases
from kommo_sync.model.btyd_fit import Fit, FitSource, prior_fit
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    settle,
    summarize,
)
from kommo_sync.model.value import (
    MOST_YEARS,
    GammaGamma,
    client_ltv,
    clv,
    expected_spend,
    fit_gamma_gamma,
    gamma_gamma_likelihood,
    ltv,
)
from tests.model.btyd_cases import simulate

law = settings(deadline=None)
MODEL = MbgCnbd(0.9, 60, 0.3, 2)
SPEND = GammaGamma(3, 4, 10_000)
KNOWN = Fit(MODEL, 0.0, 1_000_000, FitSource.ACCOUNT, prior_fit(1).roots)
positive = st.floats(-2, 2).map(lambda power: 10**power)
spends = st.builds(
    GammaGamma, positive, positive.map(lambda q: 1 + q), positive, st.floats(-1, 1)
)


def purchases_of(*deals: tuple[int, int, int]) -> Purchases:
    """Return purchases of (client, day, hundredths)."""
    columns = np.array(deals, np.int64).reshape(-1, 3).T
    return settle(History.of(Deals(*columns.copy())), PurchaseRules())


def summary_of(*deals: tuple[int, int, int], as_of: int = 1000) -> PurchaseSummary:
    return summarize(purchases_of(*deals), as_of, 90)


def columns(*numbers: float) -> FloatArray:
    return np.array(numbers, np.float64)


@law
@given(spends, st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1e6)), min_size=1))
def test_an_expected_amount_lies_between_ones_own_and_that_of_all(model, clients):
    count, mean = (
        np.array(column, np.float64) for column in zip(*clients, strict=True)
    )
    found = expected_spend(count, mean, model)
    size = np.maximum(count, 1) ** model.slope
    of_all = expected_spend(np.zeros(len(count)), mean, replace(model, slope=0)) * size
    low, high = np.minimum(mean, of_all), np.maximum(mean, of_all)
    some = count > 0
    assert (found[some] >= low[some] * (1 - 1e-9)).all()
    assert (found[some] <= high[some] * (1 + 1e-9)).all()


def test_money_given_back_beyond_what_was_paid_counts_as_nothing():
    refunded, nothing = (
        expected_spend(columns(3), columns(mean), SPEND) for mean in (-500, 0)
    )
    assert refunded == nothing


def drawn(clients: int, slope: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return counts and mean amounts of clients of `SPEND`."""
    rng = np.random.default_rng(2)
    count = rng.integers(1, 20, clients).astype(np.float64)
    rate = rng.gamma(SPEND.q, 1 / SPEND.v, clients)
    mean = rng.gamma(SPEND.p * count, 1 / rate) / count
    return count, mean * count**slope


def test_parameters_of_amounts_are_found_again():
    count, mean = drawn(20_000)
    found = fit_gamma_gamma(count, mean)
    assert found.slope == 0
    assert found.p == pytest.approx(SPEND.p, rel=0.05)
    assert found.q == pytest.approx(SPEND.q, rel=0.1)
    assert found.v == pytest.approx(SPEND.v, rel=0.1)


def test_amounts_that_grow_with_the_number_are_told_apart():
    count, mean = drawn(5000, slope=0.8)
    found = fit_gamma_gamma(count, mean)
    assert found.slope == pytest.approx(0.8, abs=0.1)
    few, many = expected_spend(columns(1, 19), mean[:2] * 0, found)
    guess = expected_spend(columns(0, 0), columns(0, 0), found)
    assert many > few * 0.1
    assert guess[0] == guess[1]


def test_of_many_clients_an_even_part_tells_the_same_in_any_order():
    count, mean = drawn(60_000)
    order = np.random.default_rng(3).permutation(len(count))
    found = fit_gamma_gamma(count, mean)
    assert fit_gamma_gamma(count[order], mean[order]) == found
    assert found.p == pytest.approx(SPEND.p, rel=0.08)
    assert found.v == pytest.approx(SPEND.v, rel=0.08)


def test_a_likelihood_is_highest_at_the_fit():
    count, mean = drawn(800, slope=0.8)
    found = fit_gamma_gamma(count, mean, penalised=False)
    best = gamma_gamma_likelihood(count, mean, found)
    for change in ({"p": found.p * 1.1}, {"q": found.q * 1.1}, {"v": found.v * 1.1}):
        assert gamma_gamma_likelihood(count, mean, replace(found, **change)) < best


def test_a_likelihood_is_a_density_of_the_mean_amount():
    model = GammaGamma(3, 4, 10, slope=0.5)
    mean = np.linspace(1e-4, 4000, 400_000)
    each = [
        gamma_gamma_likelihood(columns(9), mean[i : i + 1], model)
        for i in range(0, 400_000, 100)
    ]
    assert np.trapezoid(np.exp(each), mean[::100]) == pytest.approx(1, abs=0.001)


def test_a_few_amounts_stay_near_other_businesses():
    few = fit_gamma_gamma(columns(2, 3), columns(100, 100_000))
    alone = fit_gamma_gamma(columns(2, 3), columns(100, 100_000), penalised=False)
    assert abs(math.log(few.q / 3)) < abs(math.log(alone.q / 3))


@pytest.mark.parametrize("amounts", [[], [0.0], [-5.0, 0.0], [7.0], [7.0, 7.0, 7.0]])
def test_amounts_that_tell_nothing_have_parameters(amounts):
    mean = np.array(amounts)
    found = fit_gamma_gamma(np.ones(len(mean)), mean)
    assert np.isfinite(expected_spend(np.ones(len(mean)), mean, found)).all()
    assert found.slope == 0


def test_the_unit_of_amounts_changes_nothing():
    count, mean = drawn(500)
    one, other = fit_gamma_gamma(count, mean), fit_gamma_gamma(count, mean / 100)
    assert other.v * 100 == pytest.approx(one.v, rel=1e-4)
    assert other.p == pytest.approx(one.p, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"p": 0.0}, "p is 0.0"), ({"q": 1.0}, "q is 1.0"), ({"v": math.inf}, "v is inf")],
)
def test_impossible_parameters_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(SPEND, **change)


def test_a_run_rate_is_half_of_what_two_horizons_brought():
    summary = summary_of((1, 100, 5000), (1, 950, 9000), (1, 900, 9000), (2, 990, 0))
    assert summary.run_rate.tolist() == [9_000]


def test_who_got_more_back_than_it_paid_brings_nothing():
    assert summary_of((1, 100, 9000), (1, 990, -500)).run_rate.tolist() == [0]


def test_the_formula_multiplies_order_number_and_years():
    year_before = [(client, 500, 1000) for client in range(4)]
    last_year = [(0, 700, 1000), (0, 900, 3000), (1, 800, 2000), (9, 800, 2000)]
    found = ltv(purchases_of(*year_before, *last_year, (3, 500, -1000)), 1000)
    assert found.retention == 2 / 3  # whose only purchase was taken back is no buyer
    assert found.average_order == 11_000 / 7
    assert found.purchases_a_year == 4 / 3
    assert found.years_retained == pytest.approx(3)
    assert found.value == round(11_000 / 7 * 4 / 3 * 3)


def test_years_of_a_formula_are_bounded():
    everybody_stays = ltv(purchases_of((1, 500, 100), (1, 900, 100)), 1000)
    assert everybody_stays.years_retained == MOST_YEARS
    nobody_before = ltv(purchases_of((1, 900, 100)), 1000)
    assert (nobody_before.retention, nobody_before.years_retained) == (0, 1)
    assert ltv(purchases_of(), 1000).value == 0


def test_a_clients_formula_knows_its_own_orders():
    summary = summary_of((1, 1, 5000), (1, 500, 5000), (2, 990, 700))
    years = (1000 - 1) / 365.25
    assert client_ltv(summary, 3).tolist() == [round(10_000 / years * 3), 2100]


def crowd(clients: int = 3000) -> tuple[PurchaseSummary, IntArray]:
    """Return a simulated account as of day 1000, and what each brings in 300 days."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 1000, clients)
    client, when, _ = simulate(MODEL, (1300 - first).astype(np.float64), rng)
    client = np.concatenate((np.arange(clients), client))
    day = np.concatenate((first, np.ceil(first[client[clients:]] + when)))
    rate = rng.gamma(SPEND.q, 1 / SPEND.v, clients)
    amount = np.maximum(rng.gamma(SPEND.p, 1 / rate[client]), 1)
    whole = (column.astype(np.int64) for column in (client, day, amount))
    history = History.of(Deals(*whole))
    late = (history.day > 1000) & (history.day <= 1300)
    row = np.repeat(np.arange(clients), np.diff(history.start))
    brought = np.bincount(row[late], history.amount[late], clients).astype(np.int64)
    known = settle(history.until(1000), PurchaseRules())
    return summarize(known, 1000, 90), brought


def test_lifetime_values_add_up_to_what_comes_and_four_of_five_lie_in_the_range():
    summary, brought = crowd()
    found = clv(summary, KNOWN, SPEND, 300, yearly_discount=0)
    assert found.mean.sum() == pytest.approx(brought.sum(), rel=0.05)
    assert (brought > found.high).mean() == pytest.approx(0.1, abs=0.02)
    assert (brought < found.low).mean() <= 0.1
    some = found.low > 0
    assert (brought < found.low)[some].mean() == pytest.approx(0.1, abs=0.03)


def test_a_value_without_discount_is_number_by_amount():
    summary, _ = crowd(50)
    found = clv(summary, KNOWN, SPEND, 300, yearly_discount=0).mean
    count = summary.count.astype(np.float64)
    each = expected_spend(count, summary.total / count, SPEND)
    number = expected_purchases(Ages.of(summary), MODEL, 300)
    assert found == pytest.approx(each * number, abs=0.51)


def test_later_money_is_worth_less():
    summary, _ = crowd(200)
    plain, less = (clv(summary, KNOWN, SPEND, 730, rate).mean for rate in (0.0, 0.5))
    assert (less <= plain).all()
    ratio = less.sum() / plain.sum()
    assert 1.5**-2 < ratio < 1
    assert ratio == pytest.approx(1.5**-0.9, abs=0.05)  # mostly within the first year


def test_a_range_widens_with_the_doubt_on_parameters():
    summary, _ = crowd(200)
    doubtful = replace(KNOWN, repeats=100)
    sure, unsure = (clv(summary, fit, SPEND, 300) for fit in (KNOWN, doubtful))
    assert (unsure.mean == sure.mean).all()
    assert unsure.high.sum() > sure.high.sum()


def test_a_client_is_worth_the_same_alone_as_among_others():
    summary, _ = crowd(50)
    among = clv(summary, KNOWN, SPEND, 700)
    alone = clv(summary.take(np.array([17])), KNOWN, SPEND, 700)
    assert (alone.mean[0], alone.low[0]) == (among.mean[17], among.low[17])
    assert alone.high[0] == among.high[17]


@law
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 36525), st.integers(-9, 9**9)),
        max_size=20,
    ),
    st.floats(0, 3650),
)
def test_a_value_lies_in_its_range_or_the_range_is_nothing(deals, days):
    summary = summary_of(*deals, as_of=36525)
    found = clv(summary, prior_fit(60), SPEND, days)
    assert (found.low >= 0).all()
    assert (found.high >= found.low).all()
    assert (found.mean >= found.low).all()


@pytest.mark.parametrize(
    ("days", "rate"), [(-1, 0), (math.inf, 0), (9, -0.1), (9, math.nan)]
)
def test_impossible_days_and_discounts_are_refused(days, rate):
    with pytest.raises(ValueError, match="0 or more, finite"):
        clv(summary_of((1, 1, 100)), KNOWN, SPEND, days, rate)
