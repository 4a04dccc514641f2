"""Moves are dated by purchases and limits: day by day comes to the same."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.lifecycle import Stage
from kommo_sync.model.purchases import PurchaseRules, settle
from kommo_sync.model.transitions import Days, Transitions, transitions
from tests.model.test_lifecycle import (
    LAST,
    RULES,
    TERMS,
    deals,
    history_of,
    many_terms,
    stages_on,
)

ADVOCATES = (0, 2)
ALL = Days(-1, LAST)
Move = tuple[int, int, int, int]


def moves_of(found, days: Days, terms=TERMS) -> list[Move]:
    """Return client, day, stage before and after of each move."""
    purchases = settle(history_of(*found), PurchaseRules())
    flagged = np.isin(purchases.client, ADVOCATES)
    moves = transitions(purchases, terms, RULES, flagged, days)
    return listed(moves)


def listed(moves: Transitions) -> list[Move]:
    columns = (moves.client, moves.day, moves.before, moves.after)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_the_first_purchase_leads_out_of_potential():
    assert moves_of([(1, 7)], Days(6, 7)) == [
        (1, 7, Stage.POTENTIAL.code, Stage.NEW.code)
    ]


def test_silence_leads_through_all_stages():
    due, slipping, dormant, lost = stages_on(0, history_of((1, 0))).limits[0].tolist()
    assert [(day, to) for _, day, _, to in moves_of([(1, 0)], ALL)] == [
        (0, Stage.NEW.code),
        (due, Stage.DUE.code),
        (slipping, Stage.SLIPPING.code),
        (dormant, Stage.DORMANT.code),
        (lost, Stage.LOST.code),
    ]


@pytest.mark.parametrize("client", [1, 2])
def test_a_purchase_that_changes_no_stage_is_no_move(client):
    assert moves_of([(client, day) for day in range(6)], Days(3, 5)) == []


def test_an_advocate_leaves_as_one():
    moves = moves_of([(2, day) for day in range(6)], ALL)
    assert Stage.ADVOCATE.code in [before for _, _, before, _ in moves]
    assert Stage.LOYAL.code not in [before for _, _, before, _ in moves]


def test_the_first_day_is_not_asked_for_and_the_last_one_is():
    assert moves_of([(1, 3), (2, 5)], Days(3, 5)) == [
        (2, 5, Stage.POTENTIAL.code, Stage.NEW.code)
    ]


def test_days_that_end_before_they_begin_are_refused():
    with pytest.raises(ValueError, match="until is 3: not before 4"):
        Days(4, 3)


def test_nobody_moves_where_nobody_is():
    assert moves_of([], ALL) == []


@settings(max_examples=25, deadline=None)
@given(deals, many_terms())
def test_moves_are_those_seen_by_looking_each_day(found, terms):
    history, seen = history_of(*found), []
    stage: dict[int, int] = {}
    entered: dict[int, int] = {}
    for day in range(LAST + 1):
        at = stages_on(day, history, terms, ADVOCATES)
        for row, client in enumerate(at.client.tolist()):
            before, after = stage.get(client, 0), int(at.code[row])
            if before != after:
                seen.append((client, day, before, after))
                stage[client], entered[client] = after, day
            assert at.since_day[row] == entered[client]
    assert moves_of(found, ALL, terms) == sorted(seen)


@settings(max_examples=60, deadline=None)
@given(deals, many_terms(), st.lists(st.integers(0, LAST - 1), max_size=6))
def test_nights_that_are_missed_change_no_move(found, terms, nights):
    bounds = [-1, *sorted(nights), LAST]
    pieces = [
        move
        for after, until in pairwise(bounds)
        for move in moves_of(found, Days(after, until), terms)
    ]
    assert sorted(pieces) == moves_of(found, ALL, terms)


@settings(max_examples=60, deadline=None)
@given(deals, many_terms())
def test_each_move_begins_where_the_last_one_ended(found, terms):
    moves = moves_of(found, ALL, terms)
    for (client, day, _, after), (other, later, before, _) in pairwise(moves):
        assert client != other or (day < later and after == before)


@settings(max_examples=60, deadline=None)
@given(deals, many_terms())
def test_only_the_dormant_and_the_lost_are_won_back(found, terms):
    back = Stage.WON_BACK.code
    gone = {Stage.DORMANT.code, Stage.LOST.code}
    for _, _, before, after in moves_of(found, ALL, terms):
        assert (after == back) == (before in gone and after != Stage.LOST.code)
