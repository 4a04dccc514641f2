"""RFM: cuts, ties, small accounts, segments."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kommo_sync.model.purchases import PurchaseSummary
from kommo_sync.model.rfm import (
    DEFINITION,
    SEGMENTS,
    Cuts,
    CutSource,
    Segment,
    TypedCuts,
    active,
    learn_cuts,
    score,
    segment_of,
)

law = settings(max_examples=60, deadline=None)
Client = tuple[int, int, int]
Rows = list[list[int]]

AS_OF = 20_000
HORIZON = 90
CLIENT = st.tuples(st.integers(0, 200), st.integers(1, 12), st.integers(-50, 900))
MANY = st.lists(CLIENT, min_size=75, max_size=90)
TRIPLES = list(product(range(1, 6), repeat=3))


def summary_of(clients: Sequence[Client]) -> PurchaseSummary:
    """Return a summary of rows (days of silence, purchases, hundredths)."""
    rows = np.array(clients, np.int64).reshape(-1, 3)
    none = np.zeros(len(rows), np.int64)
    last_day = AS_OF - rows[:, 0]
    return PurchaseSummary(
        as_of=AS_OF,
        horizon=HORIZON,
        client=np.arange(len(rows)),
        count=rows[:, 1],
        first_day=last_day,
        last_day=last_day,
        total=rows[:, 2],
        squared_gaps=none,
        longest_gap=none,
        last_amount=none,
        recent_count=none,
        earlier_count=none,
        recent_total=none,
        active_windows=none,
    )


def scored(clients: Sequence[Client], cuts: Cuts) -> tuple[Rows, Rows]:
    found = score(summary_of(clients), cuts)
    columns = (found.r, found.f, found.m)
    percents = (found.r_percent, found.f_percent, found.m_percent)
    return np.stack(columns, 1).tolist(), np.stack(percents, 1).tolist()


def share(value: int, base: Sequence[int]) -> Fraction:
    """Return the mid-rank percentile of a value, exactly."""
    less, same = sum(v < value for v in base), sum(v == value for v in base)
    return Fraction(2 * less + same, 2 * len(base))


def part(value: int, base: Sequence[int], parts: int) -> int:
    return min(int(share(value, base) * parts), parts - 1)


@law
@given(MANY, st.lists(CLIENT, max_size=20))
def test_scores_and_percents_are_shares_of_the_active_clients(clients, strangers):
    cuts = learn_cuts(summary_of(clients))
    base = [client for client in clients if client[0] <= 2 * HORIZON]
    assume(len(base) >= 50)
    silences, counts, totals = zip(*base, strict=True)
    haste = [-days for days in silences]
    again = [count for count in counts if count > 1]
    scores, percents = scored(strangers, cuts)
    for (days, count, total), found, hundredths in zip(
        strangers, scores, percents, strict=True
    ):
        assert found[0] == 1 + part(-days, haste, 5)
        assert count == 1 or len(again) < 50 or found[1] == 2 + part(count, again, 4)
        assert found[2] == 1 + part(total, totals, 5)
        assert hundredths[0] == part(-days, haste, 100)
        assert hundredths[1] == part(count, counts, 100)
        assert hundredths[2] == part(total, totals, 100)


@law
@given(MANY, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(clients, chance):
    mixed = clients[:]
    chance.shuffle(mixed)
    cuts = learn_cuts(summary_of(clients))
    assert learn_cuts(summary_of(mixed)) == cuts
    by_row = dict(zip(clients, scored(clients, cuts)[0], strict=True))
    assert [by_row[row] for row in mixed] == scored(mixed, cuts)[0]


@law
@given(MANY)
def test_better_is_never_scored_worse_and_equal_is_scored_alike(clients):
    cuts = learn_cuts(summary_of(clients))
    scores, _ = scored(clients, cuts)
    for column, sign in ((0, -1), (1, 1), (2, 1)):
        both = zip(clients, scores, strict=True)
        pairs = sorted((sign * c[column], s[column]) for c, s in both)
        ranked = [found for _, found in pairs]
        assert ranked == sorted(ranked)
        assert len(set(pairs)) == len({value for value, _ in pairs})


@law
@given(st.lists(CLIENT, max_size=90))
def test_one_purchase_is_f_1_and_two_are_more(clients):
    scores, _ = scored(clients, learn_cuts(summary_of(clients)))
    assert [f > 1 for _, f, _ in scores] == [count > 1 for _, count, _ in clients]


@law
@given(st.lists(CLIENT, max_size=90), st.data())
def test_one_client_is_scored_as_among_all(clients, data):
    cuts = learn_cuts(summary_of(clients))
    scores, percents = scored(clients, cuts)
    for row in data.draw(st.sets(st.integers(0, max(len(clients) - 1, 0)))):
        if row < len(clients):
            assert scored([clients[row]], cuts) == ([scores[row]], [percents[row]])


@law
@given(MANY, st.lists(st.tuples(st.integers(181, 9_999), *[st.integers(1, 99)] * 2)))
def test_clients_silent_for_two_horizons_set_no_cuts_and_have_r_1(clients, silent):
    cuts = learn_cuts(summary_of(clients))
    assert learn_cuts(summary_of(clients + silent)) == cuts
    assert {r for r, _, _ in scored(silent, cuts)[0]} <= {1}


def test_two_horizons_of_silence_are_active_and_a_day_more_is_not():
    assert active(summary_of([(180, 1, 1), (181, 1, 1)])).tolist() == [True, False]


def test_fifty_active_clients_are_cut_into_fifths():
    cuts = learn_cuts(summary_of([(day, 1, 100 * day) for day in range(50)]))
    assert cuts.days.cuts == (9, 19, 29, 39)
    assert cuts.money.cuts == (901, 1_901, 2_901, 3_901)
    assert cuts.days.source is cuts.money.source is CutSource.LEARNED
    assert cuts.days.clients == 50


def test_fewer_than_fifty_are_cut_into_thirds():
    clients = [(day, 1, 100 * day) for day in range(49)]
    cuts = learn_cuts(summary_of(clients))
    assert cuts.days.source is cuts.money.source is CutSource.THIRDS
    scores, _ = scored(clients, cuts)
    assert [r for r, _, _ in scores] == [5] * 16 + [3] * 17 + [1] * 16
    assert [m for _, _, m in scores] == [1] * 16 + [3] * 17 + [5] * 16


def test_ten_active_clients_are_enough_for_thirds_and_nine_are_not():
    clients = [(day, 1, 100) for day in range(10)] + [(999, 1, 100)]
    assert learn_cuts(summary_of(clients)).days.source is CutSource.THIRDS
    assert learn_cuts(summary_of(clients[1:])).days.source is CutSource.TYPICAL


def test_with_a_handful_of_clients_days_are_parts_of_the_horizon():
    cuts = learn_cuts(summary_of([(3, 2, 500)] * 9))
    assert cuts.days.cuts == (22, 45, 90, 180)
    days = (22, 23, 45, 46, 90, 91, 180, 181)
    scores, _ = scored([(day, 1, 1) for day in days], cuts)
    assert [r for r, _, _ in scores] == [5, 4, 4, 3, 3, 2, 2, 1]


def test_with_a_handful_of_clients_money_is_multiples_of_the_median():
    cuts = learn_cuts(summary_of([(3, 2, total) for total in (100, 400, 900)]))
    assert cuts.money.cuts == (100, 200, 600, 1_200)
    assert cuts.money.source is CutSource.TYPICAL


def test_counts_are_learned_from_fifty_who_bought_again():
    again = [(5, 2 + row // 10, 100) for row in range(50)]
    once = [(5, 1, 100)] * 70
    cuts = learn_cuts(summary_of(again + once))
    assert cuts.counts.cuts == (2, 3, 4, 6)
    assert (cuts.counts.source, cuts.counts.clients) == (CutSource.LEARNED, 50)
    few = learn_cuts(summary_of(again[1:] + once))
    assert few.counts.cuts == (2, 3, 5, 10)
    assert (few.counts.source, few.counts.clients) == (CutSource.TYPICAL, 49)


def test_clients_who_are_all_the_same_are_all_in_the_middle():
    clients = [(7, 1, 300)] * 60
    scores, percents = scored(clients, learn_cuts(summary_of(clients)))
    assert scores == [[3, 1, 3]] * 60
    assert percents == [[50, 50, 50]] * 60


def test_an_account_without_clients_has_cuts():
    cuts = learn_cuts(summary_of([]))
    assert scored([], cuts) == ([], [])
    assert scored([(0, 1, 100), (500, 12, -100)], cuts) == (
        [[5, 1, 5], [1, 5, 1]],
        [[0, 0, 0], [0, 0, 0]],
    )


@pytest.mark.parametrize("total", [-500, 0, 1, 7, 500])
def test_an_only_client_is_in_the_middle_or_near_it(total):
    clients = [(40, 1, total)]
    ((_, f, m),), percents = scored(clients, learn_cuts(summary_of(clients)))
    assert f == 1
    assert m == 1 if total < 0 else m in {3, 4}
    assert percents == [[50, 50, 50]]


def test_typed_cuts_stand_and_the_rest_is_learned():
    clients = [(day, 1, 100 * day) for day in range(50)]
    typed = TypedCuts(days=(10, 20, 200, 400), counts=(3, 6, 9, 12))
    cuts = learn_cuts(summary_of(clients), typed)
    assert cuts.days.cuts == (10, 20, 200, 400)
    assert cuts.days.source is cuts.counts.source is CutSource.TYPED
    assert cuts.money == learn_cuts(summary_of(clients)).money
    assert cuts.days.percents == learn_cuts(summary_of(clients)).days.percents
    scores, _ = scored([(10, 2, 0), (11, 3, 0), (400, 11, 0), (401, 12, 0)], cuts)
    assert [row[:2] for row in scores] == [[5, 1], [4, 2], [2, 4], [1, 5]]


def test_typed_money_is_at_least():
    cuts = learn_cuts(summary_of([]), TypedCuts(money=(0, 10, 20, 30)))
    scores, _ = scored([(0, 1, total) for total in (-1, 0, 9, 10, 30)], cuts)
    assert [m for _, _, m in scores] == [1, 2, 2, 3, 5]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"days": (-1, 2, 3, 4)}, r"days are \(-1, 2, 3, 4\).*the first 0 or more"),
        ({"days": (1, 2, 2, 4)}, "each larger than the one before"),
        ({"days": (4, 3, 2, 1)}, "each larger than the one before"),
        ({"counts": (1, 2, 3, 4)}, "counts are.*the first 2 or more"),
        ({"money": (1, 2, 3)}, "four whole numbers"),
        ({"money": (1, 2, 3, 4, 5)}, "four whole numbers"),
        ({"money": (1, 2, 3, 4.5)}, "four whole numbers"),
        ({"money": ()}, "four whole numbers"),
    ],
)
def test_typed_cuts_that_make_no_sense_are_refused(typed, sentence):
    with pytest.raises(ValueError, match=f"^rfm cuts of .*{sentence}"):
        TypedCuts(**typed)


@law
@given(st.lists(CLIENT, max_size=90))
def test_cuts_are_kept_as_text(clients):
    cuts = learn_cuts(summary_of(clients), TypedCuts(counts=(2, 4, 6, 8)))
    kept = Cuts.from_text(cuts.to_text())
    assert kept == cuts
    assert kept.counts.source is CutSource.TYPED


def test_the_definition_covers_each_of_the_125_triples_once():
    claims = [
        cells.segment
        for triple in TRIPLES
        for cells in DEFINITION
        if all(
            low <= s <= high for s, (low, high) in zip(triple, cells[1:], strict=True)
        )
    ]
    assert len(claims) == 125
    r, f, m = np.array(TRIPLES).T
    assert [SEGMENTS[at] for at in segment_of(r, f, m)] == claims
    assert set(claims) == set(Segment)
    assert len(SEGMENTS) == 11


def test_who_bought_once_is_no_champion_and_not_loyal():
    r, m = np.array(list(product(range(1, 6), repeat=2))).T
    names = {SEGMENTS[at] for at in segment_of(r, np.ones_like(r), m)}
    assert names == {
        Segment.NEW,
        Segment.PROMISING,
        Segment.ABOUT_TO_SLEEP,
        Segment.HIBERNATING,
        Segment.LOST,
    }


@pytest.mark.parametrize(
    ("triple", "segment"),
    [
        ((5, 5, 5), Segment.CHAMPION),
        ((5, 5, 3), Segment.LOYAL),
        ((3, 4, 1), Segment.LOYAL),
        ((4, 2, 5), Segment.POTENTIAL_LOYALIST),
        ((5, 1, 5), Segment.NEW),
        ((4, 1, 1), Segment.PROMISING),
        ((3, 3, 3), Segment.NEEDS_ATTENTION),
        ((3, 3, 2), Segment.ABOUT_TO_SLEEP),
        ((1, 5, 5), Segment.CANNOT_LOSE),
        ((2, 4, 3), Segment.AT_RISK),
        ((2, 2, 4), Segment.AT_RISK),
        ((1, 2, 4), Segment.HIBERNATING),
        ((1, 3, 2), Segment.LOST),
    ],
)
def test_a_triple_of_scores_has_a_name(triple, segment):
    assert SEGMENTS[segment_of(*np.array(triple))] is segment


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("wrong", [0, 6, -1])
def test_a_score_that_cannot_be_has_no_segment(at, wrong):
    triple = [np.array([3]), np.array([3]), np.array([3])]
    triple[at] = np.array([wrong])
    with pytest.raises(ValueError, match=f"^{'rfm'[at]} holds a score .* not 1 to 5"):
        segment_of(*triple)


def test_scores_are_read_as_three_digits_and_as_a_segment():
    clients = [(day, 1, 100 * day) for day in range(50)]
    found = score(summary_of(clients), learn_cuts(summary_of(clients)))
    assert found.rfm_score[[0, 49]].tolist() == [511, 115]
    assert [SEGMENTS[at] for at in found.segment[[0, 49]]] == ["new", "lost"]


def test_amounts_of_a_century_are_scored():
    clients = [(row, 40_000, 10**15 * row) for row in range(60)]
    scores, percents = scored(clients, learn_cuts(summary_of(clients)))
    assert scores[0][2] == 1
    assert scores[59][2] == 5
    assert percents[59][2] == 99
