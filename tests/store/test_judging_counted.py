"""Which leads count, whose summaries follow, and who is to be judged."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from kommo_sync.model.histories import History, pack
from kommo_sync.model.judged import CountedDeal
from kommo_sync.model.purchases import PurchaseRules, ZeroPrice
from kommo_sync.store import columns
from kommo_sync.store.account import AccountStore
from kommo_sync.store.judging import Judging
from kommo_sync.store.store import Store
from kommo_sync.store.summaries import data_hash
from kommo_sync.store.tables import counted_deals, summaries
from tests.store.judged import (
    ANN,
    BOB,
    FIRM,
    RULES,
    count,
    deals,
    entries,
    ids,
    rebuilt,
)
from tests.store.rows import ACCOUNT, OTHER, own_rows
from tests.store.test_plans import plans


@pytest.fixture
def account(new_account: AccountStore) -> AccountStore:
    return new_account


@pytest.fixture
def judging(account: AccountStore) -> Judging:
    return account.judging()


def test_counted_leads_touch_their_clients(account: AccountStore, judging: Judging):
    assert count(judging, {2: (FIRM, 9, -50), 1: (ANN, 8, 100)}) == [ANN, FIRM]
    rows = [(1, ANN, 8, 100), (2, FIRM, 9, -50)]
    assert own_rows(account, counted_deals) == rows


@pytest.mark.parametrize("now", [(ANN, 9, 100), (ANN, 8, 101)])
def test_a_deal_that_differs_touches_its_client(
    account: AccountStore, judging: Judging, now: tuple[int, int, int]
):
    count(judging, {1: (ANN, 8, 100), 2: (BOB, 8, 100)})
    assert count(judging, {1: now, 2: (BOB, 8, 100)}) == [ANN]
    assert own_rows(account, counted_deals)[0] == (1, *now)


def test_a_deal_that_changes_hands_touches_both(judging: Judging):
    count(judging, {1: (BOB, 8, 100)})
    assert count(judging, {1: (ANN, 8, 100)}) == [ANN, BOB]


def test_a_deal_that_is_gone_touches_its_client(
    account: AccountStore, judging: Judging
):
    count(judging, {1: (ANN, 8, 100), 2: (BOB, 8, 100)})
    assert count(judging, {}, 1, 7) == [ANN]
    assert [row[0] for row in own_rows(account, counted_deals)] == [2]
    assert count(judging, {}) == count(judging, {}, 1) == []


def test_only_leads_that_differ_are_written(account: AccountStore, judging: Judging):
    count(judging, dict.fromkeys(range(1, 9), (ANN, 8, 100)))
    written: list[int] = []

    def note(_made, cursor, statement, *_more):
        if statement.startswith("INSERT INTO counted_deals"):
            written.append(cursor.rowcount)

    event.listen(account.database.writer, "after_cursor_execute", note)
    leads = {one: (ANN, 8, 100 + one // 8) for one in range(1, 9)}
    assert count(judging, leads) == [ANN]
    assert count(judging, leads) == []
    assert written == [1]


@pytest.mark.parametrize("lead_ids", [(1, 1), (1, 2, 3), (1, 7)])
def test_leads_that_are_not_named_once_are_refused(
    judging: Judging, lead_ids: tuple[int, ...]
):
    two = deals((ANN, 8, 100), (ANN, 9, 100))
    with pytest.raises(ValueError, match="each once"):
        judging.put_counted(ids(*lead_ids), two, ids(7))


def test_a_clients_deals_are_told_by_day(judging: Judging):
    count(judging, {3: (ANN, 8, 1), 1: (ANN, 9, 2), 2: (ANN, 8, 3), 4: (BOB, 1, 4)})
    found = judging.deals_of(ANN)
    assert [one.lead_id for one in found] == [2, 3, 1]
    assert found[0] == CountedDeal(2, ANN, 8, 3)
    assert judging.deals_of(FIRM) == ()


def test_a_counted_lead_tells_its_client(judging: Judging):
    count(judging, {1: (ANN, 8, 1), 2: (FIRM, 8, 1)})
    assert [judging.client_of_lead(one) for one in (1, 2, 3)] == [ANN, FIRM, None]


def test_what_was_settled_of_a_client_stays_until_its_deals_change(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5), 2: (BOB, 9, 5)})
    assert judging.histories_of(ids(ANN, BOB)).standing == [b"", b""]
    judging.put_standings(ids(BOB, ANN), [b"\x00b", b"a"])
    judging.put_standings(ids(), [])
    [read] = judging.histories()
    assert read.standing == [b"a", b"\x00b"]
    assert entries(read) == {ANN: [(9, 5)], BOB: [(9, 5)]}
    assert rebuilt(judging, {1: (ANN, 9, 6)}).standing == [b""]
    assert judging.histories_of(ids(ANN, BOB)).standing == [b"", b"\x00b"]


def test_what_was_settled_can_be_forgotten(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5), 2: (BOB, 9, 5)})
    judging.put_standings(ids(BOB), [b"b"])
    judging.forget_standings()
    assert judging.histories_of(ids(ANN, BOB)).standing == [b"", b""]


def test_who_is_touched_stays_noted_page_by_page(judging: Judging):
    count(judging, {1: (BOB, 8, 1), 2: (FIRM, 8, 1)})
    count(judging, {2: (FIRM, 8, 2), 3: (ANN, 8, 1)})
    assert judging.touched(limit=2).tolist() == [ANN, BOB]
    assert judging.touched(after=BOB).tolist() == [FIRM]
    judging.write_judgements([], judged=ids(ANN, FIRM))
    assert judging.touched().tolist() == [BOB]


def test_everybody_can_be_touched_also_who_has_nothing_left(judging: Judging):
    count(judging, {1: (BOB, 8, 1), 2: (FIRM, 8, 1), 3: (FIRM, 9, 1)})
    judging.write_judgements([], judged=ids(FIRM))
    count(judging, {}, 1)
    judging.touch_all()
    assert judging.touched().tolist() == [BOB, FIRM]


def test_a_summary_is_what_is_left_of_the_deals(
    account: AccountStore, judging: Judging
):
    leads = {1: (BOB, 9, 500), 2: (BOB, 5, 100), 3: (BOB, 7, 300), 4: (BOB, 8, -300)}
    known = rebuilt(judging, leads | {5: (BOB, 10, -50), 6: (ANN, 4, -1)})
    [ann, bob] = own_rows(account, summaries)
    assert bob[:6] == (BOB, 2, 550, 5, 9, 500)
    assert ann[:6] == (ANN, 0, 0, 0, 0, 0)
    assert [ann[6], bob[6]] == known.data_hash.tolist()
    assert [ann[7], bob[7]] == pack(known.history)


def test_the_plain_numbers_follow_the_rules(account: AccountStore, judging: Judging):
    count(judging, {1: (ANN, 5, 0), 2: (ANN, 6, 10)})
    rules = PurchaseRules(zero_price=ZeroPrice.COUNT, merge_gap_days=0)
    judging.rebuild(ids(ANN), rules)
    assert own_rows(account, summaries)[0][1:4] == (2, 10, 5)
    judging.rebuild(ids(ANN), RULES)
    assert own_rows(account, summaries)[0][1:4] == (1, 10, 6)


def test_a_rebuilt_client_is_told_as_it_is_read(judging: Judging):
    known = rebuilt(judging, {1: (FIRM, 9, 5), 2: (ANN, 3, 7), 3: (ANN, 2, -7)})
    assert entries(known) == {ANN: [(2, -7), (3, 7)], FIRM: [(9, 5)]}
    [read] = judging.histories()
    assert entries(read) == entries(known)
    assert read.data_hash.tolist() == known.data_hash.tolist()


def test_who_has_no_deals_left_loses_its_summary(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5), 2: (BOB, 9, 5)})
    known = judging.rebuild(ids(*count(judging, {}, 1), FIRM), RULES)
    assert len(known) == len(judging.history_of(ANN)) == 0
    assert list(entries(judging.history_of(BOB))) == [BOB]


def test_summaries_that_were_not_asked_for_stay(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5)})
    count(judging, {1: (ANN, 9, 6), 2: (BOB, 9, 6)})
    judging.rebuild(ids(BOB), RULES)
    [read] = judging.histories()
    assert entries(read) == {ANN: [(9, 5)], BOB: [(9, 6)]}


def test_histories_come_in_portions_in_order(judging: Judging):
    rebuilt(judging, {one: (one * 2, one, one) for one in (5, 3, 1, 4, 2)})
    portions = list(judging.histories(portion=2))
    assert [list(entries(one)) for one in portions] == [[2, 4], [6, 8], [10]]
    assert entries(portions[2]) == {10: [(5, 5)]}


def test_histories_hold_nobody_up(judging: Judging):
    rebuilt(judging, {one: (one * 2, one, one) for one in (1, 2, 3)})
    reading = judging.histories(portion=1)
    first = next(reading)
    rebuilt(judging, {3: (6, 3, 77)})
    assert entries(first) == {2: [(1, 1)]}
    assert [entries(one) for one in islice(reading, 1, None)] == [{6: [(3, 77)]}]


def test_some_clients_are_read_alone(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5), 2: (BOB, 8, 5), 3: (FIRM, 7, 5)})
    found = judging.histories_of(ids(FIRM, 99, ANN))
    assert entries(found) == {ANN: [(9, 5)], FIRM: [(7, 5)]}
    assert len(judging.histories_of(ids())) == 0


def test_an_empty_account_has_nothing_to_judge(judging: Judging):
    assert list(judging.histories()) == []
    assert judging.touched().tolist() == []
    judging.touch_all()
    assert len(judging.rebuild(ids(), RULES)) == 0
    assert judging.touched().dtype == np.int64


def test_the_hash_is_of_the_deals_alone():
    # blake2b(b"", digest_size=8), as b2sum -l 64 tells it: e4a6a0577479b2b4.
    assert data_hash(b"") == int.from_bytes(
        bytes.fromhex("e4a6a0577479b2b4"), "little", signed=True
    )
    assert data_hash(b"1") != data_hash(b"2")


def test_deals_of_another_account_are_not_ours(store: Store):
    ours, theirs = (store.account(one).judging() for one in (ACCOUNT, OTHER))
    rebuilt(theirs, {1: (ANN, 9, 5)})
    theirs.put_standings(ids(ANN), [b"theirs"])
    ours.put_standings(ids(ANN), [b"ours"])
    ours.forget_standings()
    assert theirs.history_of(ANN).standing == [b"theirs"]
    assert (ours.deals_of(ANN), ours.client_of_lead(1)) == ((), None)
    assert len(ours.history_of(ANN)) == len(ours.rebuild(ids(ANN), RULES)) == 0
    assert list(ours.histories()) == [] == ours.touched().tolist()
    ours.touch_all()
    assert count(ours, {}, 1) == [] == ours.touched().tolist()
    assert count(ours, {1: (BOB, 9, 5)}) == [BOB]
    ours.write_judgements([], judged=ids(ANN, BOB))
    assert (theirs.touched().tolist(), len(theirs.history_of(ANN))) == ([ANN], 1)


def test_a_crash_while_leads_are_counted_leaves_nothing_half(
    account: AccountStore, judging: Judging
):
    count(judging, {1: (ANN, 8, 100)})
    judging.write_judgements([], judged=ids(ANN))

    def crash(_made, _cursor, statement, *_more):
        if "touched_clients" in statement:
            raise KeyboardInterrupt

    event.listen(account.database.writer, "before_cursor_execute", crash)
    with pytest.raises(KeyboardInterrupt):
        count(judging, {1: (ANN, 9, 100), 2: (BOB, 1, 1)})
    event.remove(account.database.writer, "before_cursor_execute", crash)
    assert own_rows(account, counted_deals) == [(1, ANN, 8, 100)]
    assert count(judging, {1: (ANN, 9, 100), 2: (BOB, 1, 1)}) == [ANN, BOB]


def test_counted_deals_are_read_by_the_index_alone(file_store: Store):
    account = file_store.account(ACCOUNT)
    judging = account.judging()
    count(judging, {1: (ANN, 8, 100)})
    found = plans(account, "counted_deals", lambda: judging.rebuild(ids(ANN), RULES))
    assert ["COVERING INDEX" in step and "client=?" in step for step in found] == [True]


@pytest.mark.parametrize("scale", [1, 10**14])
@given(numbers=st.lists(st.integers(-9, 9)), others=st.sets(st.integers(-9, 9)))
def test_numbers_without_others_ascend_each_once(
    scale: int, numbers: list[int], others: set[int]
):
    given, taken = ids(*numbers) * scale, ids(*others) * scale
    left = [one * scale for one in sorted(set(numbers) - others)]
    assert columns.without(given, taken).tolist() == left


@pytest.mark.parametrize("size", [0, 1, 3, 7])
def test_columns_are_whole_however_the_driver_gives_them(
    judging: Judging, monkeypatch: pytest.MonkeyPatch, size: int
):
    monkeypatch.setattr(columns, "_AT_ONCE", 3)
    rebuilt(judging, {one: (one * 2, one, -one) for one in range(1, size + 1)})
    wanted = {one * 2: [(one, -one)] for one in range(1, size + 1)}
    found = {
        key: one for known in judging.histories() for key, one in entries(known).items()
    }
    assert found == wanted
    assert judging.touched().tolist() == list(wanted)


LEADS = st.dictionaries(
    st.integers(1, 6),
    st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(-2, 2)),
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(LEADS, min_size=1, max_size=3))
def test_summaries_kept_up_to_date_are_those_made_at_once(
    judging: Judging, steps: list[dict[int, tuple[int, int, int]]]
):
    for leads in steps:
        gone = [one for one in range(1, 7) if one not in leads]
        judging.rebuild(ids(*count(judging, leads, *gone)), RULES)
    at_once = History.of(deals(*steps[-1].values()))
    found = {
        key: one for known in judging.histories() for key, one in entries(known).items()
    }
    assert list(found) == at_once.client.tolist()
    assert [pair for one in found.values() for pair in one] == list(
        zip(at_once.day.tolist(), at_once.amount.tolist(), strict=True)
    )
