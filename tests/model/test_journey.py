"""Where clients go from each stage, and how soon: counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings

from kommo_sync.model.journey import ABSENT, journey, stage_matrix
from kommo_sync.model.lifecycle import Stage
from kommo_sync.model.purchases import PurchaseRules, settle
from kommo_sync.model.transitions import Days, Transitions, transitions
from tests.model.test_lifecycle import (
    LAST,
    RULES,
    deals,
    history_of,
    many_terms,
    stages_on,
)

NEW, REPEAT, DUE = Stage.NEW.code, Stage.REPEAT.code, Stage.DUE.code


def moves_of(*moves: tuple[int, int, int, int]) -> Transitions:
    """Return moves given as client, day, stage before and after."""
    columns = np.array(moves, np.int64).reshape(-1, 4).T
    codes = columns[2:].astype(np.int8)
    return Transitions(columns[0], columns[1], codes[0], codes[1])


def test_the_matrix_holds_who_went_from_where_to_where():
    history = history_of((1, 0), (2, 0), (2, 1), (3, 9))
    found = stage_matrix(stages_on(0, history), stages_on(9, history))
    assert found[NEW].sum() == 2
    assert found[ABSENT, NEW] == 1
    assert found.sum() == 3


def test_clients_that_are_known_no_more_are_absent_in_the_end():
    history = history_of((1, 0), (2, 9))
    found = stage_matrix(stages_on(9, history), stages_on(0, history))
    assert found[NEW, ABSENT] == 1
    assert found.shape == (11, 11)


def test_the_matrix_of_nobody_is_empty():
    nobody = stages_on(0, history_of())
    assert stage_matrix(nobody, nobody).sum() == 0


MOVES = moves_of(
    (1, 0, 0, NEW),
    (1, 10, NEW, REPEAT),
    (2, 0, 0, NEW),
    (2, 20, NEW, DUE),
    (3, 5, 0, NEW),
)


def test_the_journey_tells_where_those_went_that_entered_a_stage():
    found = journey(MOVES, 30)
    assert found.entered[[NEW, REPEAT, DUE]].tolist() == [3, 1, 1]
    assert (found.went[NEW, REPEAT], found.went[NEW, DUE]) == (1, 1)
    assert found.still[[NEW, REPEAT, DUE]].tolist() == [1, 1, 1]
    assert found.shares[NEW].sum() == pytest.approx(2 / 3)


def test_the_median_stay_counts_those_still_there():
    """By hand: 10, 20 and 25+: two thirds stay after 10 days, a third after 20."""
    found = journey(MOVES, 30)
    assert found.stay[NEW].days.tolist() == [10, 20]
    assert found.stay[NEW].waiting == pytest.approx([2 / 3, 1 / 3])
    assert found.median_days[NEW] == 20
    assert found.median_days[DUE] is None


def test_who_is_still_there_counts_up_to_the_last_day_only():
    """By hand: seen 19 days, the third says nothing of the 20th."""
    assert journey(MOVES, 24).stay[NEW].waiting == pytest.approx([2 / 3, 0])


def test_a_move_after_the_last_day_is_refused():
    with pytest.raises(ValueError, match="a move lies 1 days after"):
        journey(MOVES, 19)


def test_nobody_goes_anywhere():
    found = journey(moves_of(), 0)
    assert (found.entered.sum(), found.went.shape) == (0, (10, 10))
    assert found.median_days == (None,) * 10


@settings(max_examples=30, deadline=None)
@given(deals, many_terms())
def test_those_still_in_a_stage_are_those_found_there(found, terms):
    history = history_of(*found)
    purchases = settle(history, PurchaseRules())
    nobody = np.zeros(len(purchases), bool)
    moves = transitions(purchases, terms, RULES, nobody, Days(-1, LAST))
    at = stages_on(LAST, history, terms)
    assert journey(moves, LAST).still.tolist() == at.counts().tolist()
