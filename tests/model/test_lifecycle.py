"""One stage a client, by its purchases alone; silence leads towards lost only."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.btyd import MbgCnbd
from kommo_sync.model.btyd_fit import Fit, FitSource
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.lifecycle import (
    NEVER,
    SILENT,
    LifecycleRules,
    Potential,
    Stage,
    Stages,
    definition,
    stages,
    standing_of,
    usual_limits,
    with_potential,
)
from kommo_sync.model.limits import Terms, terms_days
from kommo_sync.model.purchases import PurchaseRules, settle, summarize

RULES = LifecycleRules()
QUARTERS = (0, 90, 181, 273)  # of 1970
LAST = 160


def history_of(*deals: tuple[int, int]) -> History:
    """Return the history of deals at one unit each, given as client and day."""
    columns = np.array(deals, np.int64).reshape(-1, 2)
    return History.of(Deals(columns[:, 0], columns[:, 1], np.full(len(deals), 100)))


def terms_of(model: MbgCnbd, horizon: int, day: int = 0) -> Terms:
    return Terms(day, Fit(model, 0.0, 1000, FitSource.ACCOUNT, ()), horizon)


TERMS = tuple(terms_of(MbgCnbd(2, 20, 0.5, 2, 2), 20, day) for day in QUARTERS)


def stages_on(day: int, history: History, terms=TERMS, advocates=()) -> Stages:
    purchases = settle(history.until(day), PurchaseRules())
    summary = summarize(purchases, day, 30)
    standing = standing_of(purchases, terms, RULES)
    return stages(summary, standing, RULES, np.isin(summary.client, advocates))


def stage_on(day: int, *days: int, terms=TERMS, advocate: bool = False) -> Stage:
    """Return the stage of a client that bought on some days."""
    history = history_of(*((1, bought) for bought in days))
    return stages_on(day, history, terms, (1,) if advocate else ()).stage(0)


deals = st.lists(st.tuples(st.integers(0, 3), st.integers(0, LAST)), max_size=14)
models = st.builds(
    MbgCnbd,
    st.floats(0.2, 5),
    st.floats(0.5, 40),
    st.floats(0.05, 2),
    st.floats(0.2, 5),
    st.integers(1, 3),
)
one_terms = st.builds(terms_of, models, st.integers(1, 12))


@st.composite
def many_terms(draw) -> tuple[Terms, ...]:
    found = [draw(one_terms) for _ in QUARTERS]
    return tuple(
        Terms(day, one.fit, one.horizon)
        for day, one in zip(QUARTERS, found, strict=True)
    )


def test_the_first_purchase_makes_a_client_new():
    assert stage_on(10, 10) is Stage.NEW


@pytest.mark.parametrize(
    ("count", "stage"),
    [(2, Stage.REPEAT), (3, Stage.REPEAT), (4, Stage.LOYAL), (9, Stage.LOYAL)],
)
def test_purchases_in_rhythm_make_a_client_loyal(count, stage):
    assert stage_on(count - 1, *range(count)) is stage


def test_a_loyal_client_that_recommends_is_an_advocate():
    assert stage_on(3, 0, 1, 2, 3, advocate=True) is Stage.ADVOCATE


def test_who_recommends_without_being_loyal_is_no_advocate():
    assert stage_on(2, 0, 1, 2, advocate=True) is Stage.REPEAT


def test_an_advocate_that_falls_silent_is_no_advocate_any_more():
    assert stage_on(LAST, 0, 1, 2, 3, advocate=True) is Stage.LOST


def test_silence_leads_through_all_stages_on_the_days_of_the_limits():
    limits = stages_on(0, history_of((1, 0))).limits[0].tolist()
    found = [stage_on(day, 0) for day in limits]
    assert found == list(SILENT)
    assert [stage_on(day - 1, 0) for day in limits] == [Stage.NEW, *SILENT[:-1]]


def test_a_purchase_after_the_dormant_limit_wins_a_client_back():
    dormant = int(stages_on(0, history_of((1, 0))).limits[0, 2])
    assert stage_on(dormant + 1, 0, dormant + 1) is Stage.WON_BACK


def test_a_purchase_on_the_day_of_the_dormant_limit_comes_in_time():
    dormant = int(stages_on(0, history_of((1, 0))).limits[0, 2])
    assert stage_on(dormant, 0, dormant) is Stage.REPEAT


def test_a_client_won_back_is_judged_by_its_count_from_the_next_purchase_on():
    assert stage_on(151, 0, 150, 151) is Stage.REPEAT


def test_a_client_won_back_falls_silent_like_any_other():
    since = stages_on(150, history_of((1, 0), (1, 150)))
    due = 150 + int(since.limits[0, 0])
    assert stage_on(due - 1, 0, 150) is Stage.WON_BACK
    assert stage_on(due, 0, 150) is Stage.DUE


def test_the_day_of_entry_and_the_day_of_the_next_change_are_told():
    at = stages_on(5, history_of((1, 5)))
    due, slipping = (5 + at.limits[0, :2]).tolist()
    assert (at.since_day[0], at.next_change_day[0]) == (5, due)
    later = stages_on(slipping - 1, history_of((1, 5)))
    assert (later.since_day[0], later.next_change_day[0]) == (due, slipping)


def test_a_lost_client_changes_no_more_by_itself():
    assert stages_on(LAST, history_of((1, 0))).next_change_day[0] == NEVER


def test_a_loyal_client_is_so_since_it_became_it():
    history = history_of(*((1, day) for day in (0, 2, 4, 6, 8, 10)))
    assert stages_on(10, history).since_day[0] == 6


@settings(max_examples=60, deadline=None)
@given(deals, many_terms(), st.integers(0, LAST))
def test_every_client_is_in_one_stage(found, terms, day):
    history = history_of(*found)
    at = stages_on(day, history, terms)
    assert at.client.tolist() == sorted({who for who, when in found if when <= day})
    assert at.counts().sum() == len(at)
    assert Stage.POTENTIAL.code not in at.code
    assert (at.since_day <= day).all()
    assert (at.next_change_day > day).all()
    assert (np.diff(at.limits, axis=1) >= 1).all()


def rank(code: int) -> int:
    """Return how near to lost a stage is: 0 for all active ones."""
    codes = [stage.code for stage in SILENT]
    return codes.index(code) + 1 if code in codes else 0


@settings(max_examples=40, deadline=None)
@given(deals, many_terms(), many_terms(), st.integers(0, LAST), st.integers(1, 300))
def test_days_without_a_purchase_lead_towards_lost_only(
    found, terms, others, day, silence
):
    """Whatever is learned in later quarters: only a purchase moves a client back."""
    quarter = max(begin for begin in QUARTERS if begin <= day)
    learned = tuple(
        old if old.day <= quarter else new
        for old, new in zip(terms, others, strict=True)
    )
    history = history_of(*found).until(day)
    before = stages_on(day, history, terms)
    after = stages_on(day + silence, history, learned)
    for old, new in zip(before.code.tolist(), after.code.tolist(), strict=True):
        assert rank(old) < rank(new) or old == new


@settings(max_examples=60, deadline=None)
@given(deals, many_terms())
def test_a_purchase_makes_a_client_active(found, terms):
    for client, day in found:
        at = stages_on(day, history_of(*found), terms)
        assert rank(int(at.code[at.client == client][0])) == 0


@settings(max_examples=40, deadline=None)
@given(deals, deals, many_terms(), st.integers(0, LAST))
def test_what_happens_later_alters_no_stage(found, others, terms, day):
    known = [deal for deal in found if deal[1] <= day]
    later = [deal for deal in others if deal[1] > day]
    same = stages_on(day, history_of(*known, *later), terms)
    assert_same(same, stages_on(day, history_of(*known), terms))


@settings(max_examples=40, deadline=None)
@given(deals, many_terms(), st.randoms())
def test_the_order_of_deals_and_terms_alters_no_stage(found, terms, chance):
    mixed, mixed_terms = list(found), list(terms)
    chance.shuffle(mixed)
    chance.shuffle(mixed_terms)
    at = stages_on(LAST, history_of(*mixed), mixed_terms)
    assert_same(at, stages_on(LAST, history_of(*found), terms))


@settings(max_examples=40, deadline=None)
@given(deals, many_terms(), st.integers(0, 3))
def test_a_client_is_judged_alike_alone_and_among_others(found, terms, client):
    alone = stages_on(LAST, history_of(*(d for d in found if d[0] == client)), terms)
    among = stages_on(LAST, history_of(*found), terms)
    here = among.client == client
    assert alone.code.tolist() == among.code[here].tolist()
    assert alone.limits.tolist() == among.limits[here].tolist()
    assert alone.since_day.tolist() == among.since_day[here].tolist()


def assert_same(one: Stages, other: Stages) -> None:
    for name in Stages.__slots__:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_no_client_at_all_has_no_stage():
    at = stages_on(0, history_of())
    assert (len(at), at.counts().sum(), at.limits.shape) == (0, 0, (0, 4))
    assert usual_limits(at.limits) == (0, 0, 0, 0)


def test_a_standing_of_older_purchases_is_refused():
    history = history_of((1, 0), (1, 9))
    summary = summarize(settle(history, PurchaseRules()), 9, 30)
    old = settle(history.until(5), PurchaseRules())
    standing = standing_of(old, TERMS, RULES)
    with pytest.raises(ValueError, match="not of the last purchases"):
        stages(summary, standing, RULES, np.zeros(1, bool))


def test_a_standing_of_other_clients_is_refused():
    summary = summarize(settle(history_of((1, 0)), PurchaseRules()), 9, 30)
    standing = standing_of(settle(history_of((2, 0)), PurchaseRules()), TERMS, RULES)
    with pytest.raises(ValueError, match="not of the clients"):
        stages(summary, standing, RULES, np.zeros(1, bool))


def test_loyalty_from_the_first_purchase_on_is_refused():
    with pytest.raises(ValueError, match="loyal_purchases is 1"):
        LifecycleRules(1)


def test_contacts_that_never_bought_are_potential():
    potential = Potential(
        np.array([0, 1, 5, 7]),
        np.array([2, 0, 3, 99]),
        np.array([False, True, True, False]),
    )
    at = with_potential(stages_on(9, history_of((1, 9), (6, 9))), potential)
    assert at.client.tolist() == [0, 1, 5, 6]
    assert [at.stage(row) for row in range(4)] == [
        Stage.POTENTIAL,
        Stage.NEW,
        Stage.POTENTIAL,
        Stage.NEW,
    ]
    assert at.open_deal.tolist() == [False, False, True, False]
    assert at.since_day.tolist() == [2, 9, 3, 9]
    assert at.next_change_day[0] == NEVER
    assert at.limits.shape == (4, 4)


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_a_definition(stage):
    assert definition(stage, RULES).key == f"stage.{stage}"


def test_definitions_show_their_numbers():
    assert definition(Stage.LOYAL, LifecycleRules(3)).params == {"purchases": 3}
    assert definition(Stage.REPEAT, RULES).params == {"purchases": 2, "below": 4}
    assert definition(Stage.SLIPPING, RULES).params == {"intervals": 0.8, "horizons": 2}
    assert definition(Stage.LOST, RULES).params["alive"] == 0.1


def test_the_usual_limits_are_the_medians():
    limits = np.array([[1, 3, 7, 14], [2, 4, 8, 16], [9, 20, 30, 40]])
    assert usual_limits(limits) == (2, 4, 8, 16)


def test_terms_are_needed_for_each_quarter_with_a_deal():
    days = terms_days(history_of((1, 0), (1, 89), (2, 90), (1, 300)))
    assert [str(date(1970, 1, 1).fromordinal(719163 + d)) for d in days.tolist()] == [
        "1970-01-01",
        "1970-04-01",
        "1970-10-01",
    ]
