"""Parameters: found where they are, near other businesses' where little is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.btyd import Ages, MbgCnbd, p_no_purchase
from kommo_sync.model.btyd_fit import (
    PRIOR,
    USUAL_GAP_DAYS,
    FitSource,
    fit,
    median_gap,
    p_no_purchase_range,
    prior_fit,
    sum_log_gaps,
)
from kommo_sync.model.btyd_likelihood import Rows, log_likelihood
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.purchases import PurchaseRules, Purchases, settle
from tests.model.btyd_cases import ages_of, crowds, simulate

TRUTH = MbgCnbd(0.9, 30, 0.3, 2, k=3)


def crowd(clients: int, seed: int = 0, model: MbgCnbd = TRUTH) -> tuple[Ages, float]:
    """Return ages in days of simulated clients, and the sum of their log intervals."""
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 1500, clients).astype(np.float64)
    client, when, _ = simulate(model, age, rng)
    order = np.lexsort((when, client))
    client, when = client[order], when[order]
    gaps = np.diff(when, prepend=0)
    new = np.diff(client, prepend=-1) != 0
    gaps[new] = when[new]
    last = np.zeros(clients)
    np.maximum.at(last, client, when)
    repeats = np.bincount(client, minlength=clients).astype(np.float64)
    return Ages(repeats, last, age), float(np.log(gaps).sum())


def theta(model: MbgCnbd, unit: float = 1.0) -> FloatArray:
    """Return the logarithms of the parameters."""
    return np.log([model.r, model.alpha / unit, model.a, model.b])


def pair(*deals: tuple[int, int]) -> Purchases:
    """Return purchases of (client, day)."""
    columns = np.array(deals, np.int64).reshape(-1, 2).T
    amount = np.full(len(deals), 100, np.int64)
    return settle(History.of(Deals(columns[0], columns[1], amount)), PurchaseRules())


@settings(deadline=None, max_examples=40)
@given(
    crowds(),
    st.tuples(*[st.floats(-2, 2)] * 4),
    st.integers(1, 6),
    st.booleans(),
)
def test_the_slope_is_that_of_the_likelihood(ages, place, k, modified):
    rows, here = Rows.of(ages, 100.0), np.array(place)
    _, slope = log_likelihood(here, rows, k, modified)
    for axis in range(4):
        step = np.eye(4)[axis] * 1e-5
        up, down = (
            log_likelihood(here + sign * step, rows, k, modified)[0] for sign in (1, -1)
        )
        expected = pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-3)
        assert slope[axis] == expected


@pytest.mark.parametrize("known", [True, False])
def test_phases_and_parameters_are_found_again(known):
    ages, log_gaps = crowd(4000)
    found = fit(ages, unit=100, log_gaps=log_gaps if known else None)
    assert found.model.k == 3
    assert found.source is FitSource.ACCOUNT
    off = theta(found.model) - theta(TRUTH)
    covariance = np.array(found.roots).T @ np.array(found.roots)
    assert off @ np.linalg.solve(covariance, off) < 13.3  # 99 % of chi squared, 4


def test_regular_intervals_decide_on_the_phases():
    ages, log_gaps = crowd(500, model=MbgCnbd(0.9, 60, 0.3, 2))
    again = ages.repeats > 0
    repeats, last = ages.repeats[again], ages.last_purchase_age[again]
    equal = float((repeats * np.log(last / repeats)).sum())
    assert fit(ages, unit=100, log_gaps=log_gaps).model.k == 1
    assert fit(ages, unit=100, log_gaps=equal).model.k > 3


@pytest.mark.parametrize("clients", [3000, 60_000])
@pytest.mark.parametrize("modified", [True, False])
def test_the_slope_vanishes_at_the_fit_also_if_it_began_on_a_sample(clients, modified):
    ages, log_gaps = crowd(clients)
    found = fit(
        ages, unit=100, log_gaps=log_gaps, k=3, modified=modified, penalised=False
    )
    rows = Rows.of(ages, 100.0)
    _, slope = log_likelihood(theta(found.model, 100), rows, 3, modified)
    assert np.abs(np.array(found.roots) @ slope).max() < 0.01


def test_a_root_is_one_standard_deviation():
    ages, log_gaps = crowd(3000)
    found = fit(ages, unit=100, log_gaps=log_gaps, penalised=False)
    rows, top = Rows.of(ages, 100.0), theta(found.model, 100)
    best, _ = log_likelihood(top, rows, 3, modified=True)
    for root in found.roots:
        lower, _ = log_likelihood(top + root, rows, 3, modified=True)
        assert best - lower == pytest.approx(0.5, abs=0.1)


def test_the_log_likelihood_is_a_density_of_the_unit_of_the_ages():
    ages, log_gaps = crowd(300)
    one, other = (
        fit(ages, unit=unit, log_gaps=log_gaps, k=2, penalised=False).log_likelihood
        for unit in (10, 200)
    )
    assert one == pytest.approx(other, abs=0.01)


@pytest.mark.parametrize("clients", [300, 40_000])
def test_the_order_of_clients_does_not_matter(clients):
    ages, log_gaps = crowd(clients)
    order = np.random.default_rng(3).permutation(clients)
    shuffled = fit(ages.take(order), unit=100, log_gaps=log_gaps)
    assert shuffled.model == fit(ages, unit=100, log_gaps=log_gaps).model


def test_weeks_give_the_same_as_days():
    ages, log_gaps = crowd(300)
    weeks = Ages(ages.repeats, ages.last_purchase_age / 7, ages.age / 7)
    in_weeks = log_gaps - ages.repeats.sum() * math.log(7)
    found = fit(weeks, unit=100 / 7, log_gaps=float(in_weeks)).model
    model = fit(ages, unit=100, log_gaps=log_gaps).model
    assert found.alpha * 7 == pytest.approx(model.alpha, rel=1e-3)
    assert found.r == pytest.approx(model.r, rel=1e-3)
    assert found.k == model.k


@pytest.mark.parametrize(
    ("repeats", "source"),
    [(29, FitSource.PRIOR), (30, FitSource.BLEND), (150, FitSource.ACCOUNT)],
)
def test_the_result_says_what_it_rests_on(repeats, source):
    ages = ages_of(np.ones(repeats), 40, np.arange(repeats) + 50.0)
    found = fit(ages, unit=40)
    assert (found.source, found.repeats) == (source, repeats)
    prior = prior_fit(40).model
    assert (found.model == prior) is (source is FitSource.PRIOR)


def test_the_prior_is_told_in_the_median_interval():
    found = prior_fit(40)
    assert found.model == MbgCnbd(PRIOR.r, 40 * PRIOR.alpha, PRIOR.a, PRIOR.b)
    assert found.repeats == 0


def test_few_purchases_stay_nearer_to_other_businesses_than_alone():
    ages = ages_of(np.ones(40), 1, np.arange(40) + 2.0)
    alone = fit(ages, unit=40, k=1, log_gaps=0, penalised=False).model
    blend = fit(ages, unit=40, k=1, log_gaps=0).model
    prior = theta(prior_fit(40).model)
    far = np.linalg.norm(theta(alone) - prior)
    assert np.linalg.norm(theta(blend) - prior) < far


def test_the_range_narrows_with_what_is_known():
    one = ages_of(3, 200, 260)
    widths = []
    for clients in (12, 120, 3000):
        found = fit(crowd(clients)[0], unit=100, k=3)
        low, high = p_no_purchase_range(one, found, 90)
        middle = p_no_purchase(one, found.model, 90)
        assert 0 < low[0] < middle[0] < high[0] < 1
        widths.append(high[0] - low[0])
    assert widths == sorted(widths, reverse=True)


@settings(deadline=None, max_examples=30)
@given(crowds(), st.floats(0, 36525))
def test_a_range_holds_its_middle_and_is_a_chance(ages, horizon):
    found = prior_fit(60)
    low, high = p_no_purchase_range(ages, found, horizon)
    middle = p_no_purchase(ages, found.model, horizon)
    assert ((low >= 0) & (high <= 1)).all()
    assert (low <= middle + 1e-12).all()
    assert (high >= middle - 1e-12).all()


def test_the_true_chance_lies_in_four_of_five_ranges():
    one, inside = ages_of(3, 200, 260), 0
    true = p_no_purchase(one, TRUTH, 90)
    for seed in range(30):
        found = fit(crowd(150, seed)[0], unit=100, k=3)
        low, high = p_no_purchase_range(one, found, 90)
        inside += bool(low <= true <= high)
    assert 19 <= inside <= 29


def test_each_client_weighs_one_in_the_median_interval():
    daily = [(1, day) for day in range(100)]
    assert median_gap(pair(*daily, (2, 0), (2, 30), (3, 0), (3, 50))) == 30


def test_the_usual_interval_is_supposed_before_anybody_buys_twice():
    assert median_gap(pair((1, 5), (2, 9))) == USUAL_GAP_DAYS
    assert median_gap(pair()) == USUAL_GAP_DAYS
    assert sum_log_gaps(pair()) == 0


def test_logarithms_of_all_intervals_are_added():
    purchases = pair((1, 0), (1, 2), (1, 12), (2, 3), (2, 6))
    assert sum_log_gaps(purchases) == pytest.approx(math.log(2 * 10 * 3))


@pytest.mark.parametrize("unit", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_unit_is_refused(unit):
    with pytest.raises(ValueError, match="unit is"):
        fit(ages_of(1, 2, 3), unit=unit)


def test_nobody_has_no_likelihood_but_a_prior():
    nobody = ages_of([], [], [])
    assert fit(nobody, unit=30).source is FitSource.PRIOR
    with pytest.raises(ValueError, match="nobody to fit"):
        fit(nobody, unit=30, penalised=False)


@pytest.mark.parametrize(
    "ages",
    [
        ages_of(0, 0, 0),
        ages_of(200, 36000, 36525),
        ages_of(np.ones(40), 0, 0),
        ages_of(np.full(40, 200), 36525, 36525),
    ],
)
@pytest.mark.parametrize("penalised", [True, False])
def test_the_strangest_accounts_have_parameters(ages, penalised):
    found = fit(ages, unit=30, penalised=penalised)
    assert math.isfinite(found.log_likelihood)
    assert np.isfinite(np.array(found.roots)).all()
    assert np.isfinite(p_no_purchase(ages, found.model, 30)).all()
