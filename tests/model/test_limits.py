"""Limits of silence: by the client's rhythm, within bounds, set at its purchase."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model import limits
from kommo_sync.model.btyd import Ages, MbgCnbd, p_alive, silence_quantile
from kommo_sync.model.btyd_fit import PRIOR, FitSource, fit, sum_log_gaps
from kommo_sync.model.limits import learn_terms, limits_at, terms_days
from kommo_sync.model.purchases import PurchaseRules, settle, summarize
from tests.model.test_lifecycle import history_of, models, terms_of

CALM = MbgCnbd(2, 20, 0.05, 5, 2)  # few leave
FICKLE = MbgCnbd(2, 20, 4, 1, 2)  # most leave: the quantiles decide
WIDE = 10_000  # a horizon that bounds nothing


def limits_of(model: MbgCnbd, repeats: int, age: int, horizon: int = WIDE) -> list[int]:
    day, x, t_x = (np.array([value]) for value in (0, repeats, age))
    found: list[int] = limits_at(day, x, t_x, (terms_of(model, horizon),))[0].tolist()
    return found


def ages(repeats: int, age: int, silence: float) -> Ages:
    return Ages(*(np.array([float(x)]) for x in (repeats, age, age + silence)))


@pytest.mark.parametrize(("level", "share"), list(enumerate((0.5, 0.8, 0.95, 0.99))))
def test_a_limit_is_the_first_day_on_which_so_many_intervals_are_over(level, share):
    day = limits_of(FICKLE, 5, 150)[level]
    assert silence_quantile(ages(5, 150, day), FICKLE)[0] >= share
    assert silence_quantile(ages(5, 150, day - 1), FICKLE)[0] < share


@pytest.mark.parametrize(("level", "alive"), [(2, 0.3), (3, 0.1)])
def test_nobody_is_dormant_or_lost_that_may_well_buy_again(level, alive):
    loyal = MbgCnbd(2, 20, 0.001, 5, 1)
    day = limits_of(loyal, 5, 150)[level]
    assert p_alive(ages(5, 150, day), loyal)[0] <= alive
    assert p_alive(ages(5, 150, day - 1), loyal)[0] > alive


def test_who_has_probably_left_is_dormant_by_its_rhythm_nevertheless():
    day = limits_of(FICKLE, 5, 150)[2]
    assert p_alive(ages(5, 150, day - 1), FICKLE)[0] < 0.3
    assert silence_quantile(ages(5, 150, day - 1), FICKLE)[0] < 0.95


def test_the_horizon_bounds_the_limits():
    assert limits_of(MbgCnbd(0.1, 50, 0.05, 5), 0, 0, 30) == [30, 60, 120, 240]


def test_a_slow_rhythm_of_its_own_stretches_the_bounds():
    slow = MbgCnbd(0.1, 50, 0.001, 5)
    assert limits_of(slow, 5, 500, 10) == [81, 150, 200, 300]


def test_no_limit_is_nearer_than_the_shortest():
    hasty = MbgCnbd(50, 1, 4, 1, 1)
    assert limits_of(hasty, 0, 0) == [1, 3, 7, 14]


def test_who_buys_like_clockwork_is_not_slipping_a_day_late():
    """A business of one pace, ten days: it is nothing to a client of thirty."""
    one_pace = MbgCnbd(1000, 10_000, 0.5, 2, 1)
    assert limits_of(one_pace, 3, 90) == [7, 36, 37, 47]
    assert limits_of(one_pace, 2, 60)[1] < 30


@settings(max_examples=200)
@given(
    models,
    st.integers(1, 40_000),
    st.lists(st.tuples(st.integers(0, 36_500), st.integers(0, 36_500)), max_size=5),
)
def test_limits_ascend_from_the_first_day_on(model, horizon, clients):
    repeats = np.array([min(x, age) for x, age in clients], np.int64)
    age = np.array([age if x else 0 for x, age in clients], np.int64)
    zeros = np.zeros(len(clients), np.int64)
    found = limits_at(zeros, repeats, age, (terms_of(model, horizon),))
    assert found.shape == (len(clients), 4)
    assert (np.diff(found, axis=1) >= 1).all()
    assert (found >= [1, 3, 7, 14]).all()
    far = np.maximum(horizon, age / np.maximum(repeats, 1))
    assert (found <= 8 * far[:, None] + 14).all()


def test_the_terms_of_the_quarter_of_the_purchase_decide():
    slow, fast = MbgCnbd(2, 80, 0.5, 2), MbgCnbd(2, 8, 0.5, 2)
    terms = (terms_of(slow, WIDE, 90), terms_of(fast, WIDE, 0))
    days, zeros = np.array([0, 89, 90, 180]), np.zeros(4, np.int64)
    found = limits_at(days, zeros, zeros, terms)
    assert found[:2].tolist() == [limits_of(fast, 0, 0)] * 2
    assert found[2:].tolist() == [limits_of(slow, 0, 0)] * 2


@pytest.mark.parametrize("day", [-1, 200])
def test_terms_that_are_missing_are_named(day):
    zero = np.zeros(1, np.int64)
    with pytest.raises(
        ValueError, match=r"the quarter from 19\d\d-\d\d-01 are missing"
    ):
        limits_at(np.array([day]), zero, zero, (terms_of(CALM, 9),))


def test_terms_begin_with_a_quarter():
    with pytest.raises(ValueError, match="day is 31: no first day of a calendar"):
        terms_of(CALM, 9, 31)


def test_terms_without_a_horizon_are_refused():
    with pytest.raises(ValueError, match="horizon is 0 days"):
        terms_of(CALM, 0)


def rhythm(clients: int, gap: int, until: int) -> list[tuple[int, int]]:
    """Return deals of clients that begin day by day and buy in one rhythm."""
    return [(who, day) for who in range(clients) for day in range(who, until, gap)]


def test_an_account_of_which_nothing_is_known_is_taken_for_a_usual_one():
    (terms,) = learn_terms(history_of((1, 5)), PurchaseRules(), np.array([0]))
    assert (terms.day, terms.fit.source) == (0, FitSource.PRIOR)
    assert terms.fit.model.alpha == pytest.approx(60 * PRIOR.alpha)


def test_few_intervals_move_the_usual_rhythm_towards_their_own():
    """By hand: one interval of 10 days beside two of 60."""
    history = history_of((1, 5), (1, 15))
    (terms,) = learn_terms(history, PurchaseRules(), np.array([90]))
    assert terms.fit.model.alpha == pytest.approx((10 * 60 * 60) ** (1 / 3))


def test_the_horizon_of_a_young_account_is_not_taken_at_its_word():
    history = history_of(*rhythm(9, 7, 500))
    young, old = learn_terms(history, PurchaseRules(), np.array([273, 365]))
    assert (young.horizon, old.horizon) == (90, 7)


def test_terms_rest_on_how_even_the_intervals_are():
    history = history_of(*rhythm(9, 7, 90))
    (terms,) = learn_terms(history, PurchaseRules(), np.array([90]))
    purchases = settle(history, PurchaseRules())
    ages, gaps = Ages.of(summarize(purchases, 89, 7)), sum_log_gaps(purchases)
    known = fit(ages, unit=7, log_gaps=gaps)
    assert terms.fit.model.k == known.model.k > 1
    assert terms.fit.log_likelihood == pytest.approx(known.log_likelihood, rel=0.01)


def test_terms_know_nothing_of_their_own_quarter_or_later():
    known = rhythm(9, 7, 90)
    later = [(20, 90), (20, 91), (21, 200)]
    days = np.array([90])
    alone = learn_terms(history_of(*known), PurchaseRules(), days)
    assert learn_terms(history_of(*known, *later), PurchaseRules(), days) == alone
    assert alone[0].fit.repeats == len(known) - 9


def test_terms_are_learned_for_each_day_asked_for():
    history = history_of(*rhythm(9, 7, 200))
    days = terms_days(history)
    found = learn_terms(history, PurchaseRules(), days)
    assert [one.day for one in found] == days.tolist() == [0, 90, 181]
    assert found[0].fit.source is FitSource.PRIOR
    assert found[2].fit.source is FitSource.ACCOUNT


def test_of_a_large_account_some_clients_are_learned_from(monkeypatch):
    monkeypatch.setattr(limits, "LEARN_FROM", 5)
    history = history_of(*rhythm(9, 7, 90))
    once, again = (
        learn_terms(history, PurchaseRules(), np.array([90])) for _ in range(2)
    )
    assert once == again
    assert 5 * 10 < once[0].fit.repeats < 9 * 11
