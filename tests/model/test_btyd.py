"""Laws of the closed forms, for any parameters and any clients."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaln

from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.btyd import (
    Ages,
    MbgCnbd,
    count_moments,
    expected_purchases,
    expected_total,
    next_purchase,
    p_alive,
    p_no_purchase,
    silence_for_p_alive,
    silence_for_quantile,
    silence_quantile,
)
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.purchases import PurchaseRules, settle, summarize
from tests.model.btyd_cases import ages_of, crowds, models

law = settings(deadline=None, max_examples=50)
long_law = settings(deadline=None, max_examples=25)
horizons = st.floats(0, 36525)
inside = st.floats(0.01, 0.99)
FAR = 1e9
REGULAR = MbgCnbd(0.9, 30, 0.25, 2, k=3)
PLAIN = MbgCnbd(0.9, 30, 0.25, 2)


def later(ages: Ages, days: float) -> Ages:
    return Ages(ages.repeats, ages.last_purchase_age, ages.age + days)


def silent(ages: Ages, days: FloatArray) -> Ages:
    """Return who is silent for so many days, where that is less than `FAR`."""
    near = days < FAR
    last = ages.last_purchase_age[near]
    return Ages(ages.repeats[near], last, last + days[near])


def is_chance(column: FloatArray) -> bool:
    return bool(((column >= 0) & (column <= 1)).all())


@law
@given(crowds(), models, horizons)
def test_a_chance_lies_between_nothing_and_certainty(ages, model, horizon):
    assert is_chance(p_alive(ages, model))
    assert is_chance(silence_quantile(ages, model))
    assert is_chance(p_no_purchase(ages, model, horizon))


@law
@given(crowds(), models, st.floats(0, 1000))
def test_silence_makes_life_less_likely_and_itself_more_unusual(ages, model, days):
    then = later(ages, days)
    assert (p_alive(then, model) <= p_alive(ages, model) + 1e-12).all()
    unusual = silence_quantile(ages, model)
    assert (silence_quantile(then, model) >= unusual - 1e-12).all()


@long_law
@given(crowds(), models, horizons, horizons)
def test_a_longer_horizon_holds_more_purchases(ages, model, one, other):
    near, far = sorted((one, other))
    nothing = p_no_purchase(ages, model, near)
    assert (p_no_purchase(ages, model, far) <= nothing + 1e-12).all()
    count = expected_purchases(ages, model, near)
    assert (expected_purchases(ages, model, far) >= count * (1 - 1e-5) - 1e-7).all()


@long_law
@given(crowds(), models, horizons)
def test_counts_are_finite_and_agree_with_the_chance_of_none(ages, model, horizon):
    mean, variance = count_moments(ages, model, horizon)
    assert np.isfinite(mean).all()
    assert np.isfinite(variance).all()
    some = 1 - p_no_purchase(ages, model, horizon)
    assert (mean >= some * (1 - 1e-5) - 1e-7).all()
    assert (variance >= 0).all()


@law
@given(crowds(), models)
def test_no_horizon_holds_no_purchase(ages, model):
    assert p_no_purchase(ages, model, 0) == pytest.approx(1)
    assert expected_purchases(ages, model, 0) == pytest.approx(0)


@long_law
@given(crowds(), models, st.floats(-2, 2), horizons)
def test_a_unit_of_time_changes_nothing(ages, model, power, horizon):
    scale = 10**power
    scaled = Ages(ages.repeats, ages.last_purchase_age * scale, ages.age * scale)
    other = MbgCnbd(
        model.r, model.alpha * scale, model.a, model.b, model.k, model.modified
    )
    assert p_alive(scaled, other) == pytest.approx(p_alive(ages, model), abs=1e-9)
    there = expected_purchases(scaled, other, horizon * scale)
    here = expected_purchases(ages, model, horizon)
    assert there == pytest.approx(here, rel=1e-5, abs=1e-7)


@long_law
@given(crowds(), models, horizons)
def test_the_order_of_clients_does_not_matter(ages, model, horizon):
    back = ages.take(np.arange(len(ages))[::-1])
    here = expected_purchases(ages, model, horizon)
    assert (expected_purchases(back, model, horizon)[::-1] == here).all()
    assert (p_alive(back, model)[::-1] == p_alive(ages, model)).all()


@law
@given(crowds(), models, inside, inside)
def test_the_quantiles_of_the_next_purchase_ascend(ages, model, one, other):
    early, late = sorted((one, other))
    soon = next_purchase(ages, model, early)
    assert (soon >= 0).all()
    assert (soon <= next_purchase(ages, model, late) + 1e-6).all()
    assert (next_purchase(ages, model, late) <= 36525).all()


@law
@given(crowds(), models, inside)
def test_by_a_quantile_of_the_next_purchase_its_share_has_bought(ages, model, quantile):
    days = next_purchase(ages, model, quantile)
    reached = (days > 1e-3) & (days < 36524) & (p_alive(ages, model) > 1e-3)
    chance = 1 - p_no_purchase(ages, model, days)
    alive = p_alive(ages, model)[reached]
    assert chance[reached] / alive == pytest.approx(quantile, abs=1e-6)


@law
@given(crowds(), models, inside)
def test_after_the_silence_for_a_quantile_it_is_reached(ages, model, quantile):
    days = silence_for_quantile(ages.repeats, ages.last_purchase_age, model, quantile)
    found = silence_quantile(silent(ages, days), model)
    assert (days >= 0).all()
    assert found == pytest.approx(quantile, abs=1e-6)


@law
@given(crowds(), models, inside)
def test_after_the_silence_for_a_chance_of_life_it_has_fallen(ages, model, chance):
    days = silence_for_p_alive(ages.repeats, ages.last_purchase_age, model, chance)
    found = p_alive(silent(ages, days), model)
    at_once = days[days < FAR] == 0
    assert (days >= 0).all()
    assert found[~at_once] == pytest.approx(chance, abs=1e-6)
    assert (found[at_once] <= chance + 1e-9).all()


def test_a_cap_bounds_the_silences():
    repeats, last = np.array([0.0, 3.0]), np.array([0.0, 900.0])
    assert silence_for_quantile(repeats, last, PLAIN, 0.9, cap=20).tolist() == [20, 20]
    assert silence_for_p_alive(repeats, last, PLAIN, 0.1, cap=20).tolist() == [20, 20]
    assert next_purchase(ages_of(0, 0, 9), REGULAR, 0.9, cap=20).tolist() == [20]
    assert next_purchase(ages_of(0, 0, 9), PLAIN, 0.9, cap=20).tolist() == [20]


def test_without_a_first_chance_to_leave_nobody_leaves_before_a_repeat():
    model = MbgCnbd(0.9, 30, 0.25, 2, modified=False)
    nothing = np.zeros(1)
    assert p_alive(ages_of(0, 0, 36525), model).tolist() == [1]
    assert silence_for_p_alive(nothing, nothing, model, 0.3).tolist() == [math.inf]


def direct(
    ages: Ages, model: MbgCnbd, horizon: float, most: int
) -> tuple[float, float]:
    """Return mean and variance from the series, term by term, for one client."""
    x, last, age = ages.repeats[0], ages.last_purchase_age[0], ages.age[0]
    shape, m = model.r + model.k * x, np.arange(1, most + 1)
    z, v = (age - last) / (model.alpha + age), horizon / (model.alpha + age + horizon)
    j = np.arange(model.k)
    weight = np.array([betainc(k + 1, shape, z) for k in range(model.k)])
    weight = -np.diff(np.append(1.0, weight))  # of j phases in the silence
    weight /= weight.sum()
    loyal = model.b + x + model.modified
    chance = weight @ betainc(m * model.k - j[:, None], shape + j[:, None], v)
    chance = chance * np.exp(betaln(model.a, loyal + m - 1) - betaln(model.a, loyal))
    alive = p_alive(ages, model)[0]
    mean = alive * chance.sum()
    return mean, alive * ((2 * m - 1) * chance).sum() - mean**2


@pytest.mark.parametrize("horizon", [0.5, 365, 5000, 36525])
@pytest.mark.parametrize("client", [(0, 0, 3), (7, 40, 60), (200, 90, 91)])
@pytest.mark.parametrize("model", [PLAIN, REGULAR, MbgCnbd(2, 9, 0.01, 0.5, k=2)])
def test_counts_are_the_series_whether_short_or_long(model, client, horizon):
    ages = ages_of(*client)
    mean, variance = direct(ages, model, horizon, most=150_000)
    found = count_moments(ages, model, horizon)
    assert found[0][0] == pytest.approx(mean, rel=1e-6, abs=1e-8)
    assert found[1][0] == pytest.approx(variance, rel=1e-5, abs=1e-7)


def test_a_new_client_is_one_of_age_nothing():
    times = np.array([0.0, 10.0, 400.0])
    new = ages_of(0, 0, np.zeros(3))
    assert expected_total(REGULAR, times) == pytest.approx(
        expected_purchases(new, REGULAR, times)
    )


def test_each_client_can_have_its_own_horizon():
    ages = ages_of([0, 5], [0, 80], 90)
    both = p_no_purchase(ages, REGULAR, np.array([7.0, 700.0]))
    alone = [p_no_purchase(ages, REGULAR, horizon) for horizon in (7, 700)]
    assert both.tolist() == [alone[0][0], alone[1][1]]


def test_ages_are_the_days_of_a_summary():
    days = np.array([10, 15, 40], np.int64)
    deals = Deals(np.zeros(3, np.int64), days, np.full(3, 100, np.int64))
    purchases = settle(History.of(deals), PurchaseRules())
    ages = Ages.of(summarize(purchases, 100, 30))
    found = ages.repeats, ages.last_purchase_age, ages.age
    assert [column.tolist() for column in found] == [[2], [30], [90]]


def test_nobody_has_no_scores():
    nobody = ages_of([], [], [])
    assert len(p_alive(nobody, REGULAR)) == 0
    assert len(expected_purchases(nobody, REGULAR, 30)) == 0
    assert len(next_purchase(nobody, REGULAR, 0.5)) == 0
    nothing = nobody.repeats
    assert len(silence_for_quantile(nothing, nothing, REGULAR, 0.5)) == 0


@pytest.mark.parametrize(
    ("client", "sentence"),
    [
        ((-1, 0, 3), "repeats of row 0 is -1.0: 0 or more"),
        ((1, 2, math.nan), "age of row 0 is nan: 0 or more"),
        ((1, 2, math.inf), "age of row 0 is inf: 0 or more"),
        ((1, 4, 3), "last_purchase_age of row 0 is 4.0: at most the age"),
        ((1.5, 2, 3), "repeats of row 0 is 1.5: a whole number"),
        ((0, 2, 3), "last_purchase_age of row 0 is 2.0: 0 without a repeat"),
    ],
)
def test_impossible_ages_are_refused(client, sentence):
    with pytest.raises(ValueError, match=sentence):
        ages_of(*client)


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"age has shape \(1,\)"):
        Ages(np.zeros(2), np.zeros(2), np.zeros(1))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"r": 0.0}, "r is 0.0"),
        ({"alpha": math.nan}, "alpha is nan"),
        ({"b": 1e10}, "b is 10000000000"),
        ({"k": 0}, "k is 0"),
    ],
)
def test_impossible_parameters_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        MbgCnbd(**{"r": 1.0, "alpha": 1.0, "a": 1.0, "b": 1.0, **change})


@pytest.mark.parametrize("horizon", [-1.0, math.inf, math.nan])
def test_an_impossible_horizon_is_refused(horizon):
    with pytest.raises(ValueError, match="horizon is"):
        p_no_purchase(ages_of(0, 0, 3), PLAIN, horizon)


@pytest.mark.parametrize("value", [0.0, 1.0, math.nan])
def test_a_quantile_is_between_nothing_and_one(value):
    nothing = np.zeros(1)
    with pytest.raises(ValueError, match="quantile is"):
        next_purchase(ages_of(0, 0, 3), PLAIN, value)
    with pytest.raises(ValueError, match="quantile is"):
        silence_for_quantile(nothing, nothing, PLAIN, value)
    with pytest.raises(ValueError, match="probability is"):
        silence_for_p_alive(nothing, nothing, PLAIN, value)
