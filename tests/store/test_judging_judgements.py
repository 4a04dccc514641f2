"""What is thought of each client, the turns it took, and what they follow from."""

from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import event

from kommo_sync.errors import Busy
from kommo_sync.model.histories import pack, unpack
from kommo_sync.model.judged import GONE, BacktestRow, JudgementRow, LoggedJudgement
from kommo_sync.store.account import AccountStore
from kommo_sync.store.changes import Seen
from kommo_sync.store.judging import Judging
from kommo_sync.store.leases import Lease
from kommo_sync.store.store import Store
from kommo_sync.store.tables import judgement_log, judgements, summaries
from kommo_sync.store.tallies import Picture, Tally
from tests.store.judged import (
    ANN,
    BOB,
    FIRM,
    RULES,
    clients,
    count,
    deals,
    entries,
    ids,
    judgement,
    rebuilt,
    scoring,
    turn,
)
from tests.store.rows import ACCOUNT, OTHER, own_rows


@pytest.fixture
def account(new_account: AccountStore) -> AccountStore:
    return new_account


@pytest.fixture
def judging(account: AccountStore) -> Judging:
    return account.judging()


def test_the_columns_are_those_of_the_model():
    names = ("account_id", *JudgementRow._fields)
    assert tuple(judgements.c.keys()) == names
    assert tuple(judgement_log.c.keys()) == (*names, "entries")


def test_a_judgement_comes_back_to_the_bit(judging: Judging):
    row = judgement(ANN)
    judging.write_judgements([row])
    assert judging.judgements_of(ids(ANN)) == (row,)


def test_a_judgement_stands_in_the_place_of_the_earlier(judging: Judging):
    judging.write_judgements([judgement(ANN), judgement(BOB)])
    now = judgement(ANN, as_of=20_001, stage="at_risk", next_mid=None)
    judging.write_judgements([now])
    assert judging.judgements_of(ids(BOB, ANN, 99)) == (now, judgement(BOB))


def test_digests_are_told_by_client(judging: Judging):
    rows = [judgement(FIRM, digest=-5), judgement(ANN, digest=2**63 - 1)]
    judging.write_judgements(rows)
    client, digest = judging.digests()
    assert (client.tolist(), digest.tolist()) == ([ANN, FIRM], [2**63 - 1, -5])
    assert client.dtype == digest.dtype == np.int64


def test_an_empty_account_is_judged_by_nothing(judging: Judging):
    assert [column.tolist() for column in judging.digests()] == [[], []]
    assert (judging.judgements_of(ids(ANN)), judging.log_of(ANN)) == ((), ())
    assert (len(judging.standings(20_000)), judging.newest_scoring()) == (0, None)
    assert judging.terms() == judging.put_terms({}) == {}
    judging.write_judgements([])
    assert judging.drop_gone(ids(), 1, 1).tolist() == []


@pytest.mark.parametrize("value", [np.int64(5), np.float64(0.5)])
def test_numbers_that_a_database_would_misread_are_refused(
    judging: Judging, value: object
):
    row = judgement(ANN, p_alive=value)
    with pytest.raises(ValueError, match=r"p_alive is a \w+64"):
        judging.write_judgements([row])
    with pytest.raises(ValueError, match="p_alive"):
        judging.write_judgements([], [LoggedJudgement(row, b"")])


def test_turns_are_told_in_their_order(judging: Judging):
    late = turn(ANN, 20_001, stage="lost")
    early = turn(ANN, 19_000, scoring_id=12)
    again = turn(ANN, 20_001, scoring_id=10)
    judging.write_judgements([], [late, turn(BOB, 19_500)])
    judging.write_judgements([], [again, early])
    assert judging.log_of(ANN) == (early, late, again)
    assert judging.log_of(FIRM) == ()


def test_a_turn_told_twice_is_one(judging: Judging):
    for stage in ("at_risk", "active"):
        judging.write_judgements([], [turn(ANN, 20_000, stage=stage)])
    assert [one.row.stage for one in judging.log_of(ANN)] == ["active"]


def test_a_turn_holds_all_that_its_judgement_follows_from(judging: Judging):
    made = judging.add_scoring(scoring(parameters='{"r":0.30000000000000004}'))
    known = rebuilt(judging, {1: (ANN, 9, 5), 2: (ANN, 12, -5)})
    row = judgement(ANN, scoring_id=made.id, data_hash=int(known.data_hash[0]))
    [packed] = pack(known.history)
    judging.write_judgements([row], [LoggedJudgement(row, packed)])
    rebuilt(judging, {1: (ANN, 10, 6)})
    [logged] = judging.log_of(ANN)
    assert (logged.row, judging.scoring(logged.row.scoring_id)) == (row, made)
    assert unpack(ids(ANN), [logged.entries]).day.tolist() == [9, 12]


def test_where_everybody_stood_is_told_of_any_day(judging: Judging):
    turns = [turn(ANN, 10), turn(ANN, 20, stage="lost", segment="lost")]
    turns += [turn(ANN, 20, scoring_id=2, stage="won_back"), turn(BOB, 15)]
    judging.write_judgements([], [turns[2], *turns[:2], turns[3]])
    found = [judging.standings(day) for day in (9, 10, 19, 20)]
    assert [one.client.tolist() for one in found] == [[], [ANN], [ANN, BOB], [ANN, BOB]]
    assert [one.stage for one in found][1:3] == [["active"], ["active", "active"]]
    assert found[3].stage == ["won_back", "active"]
    assert found[3].segment == ["loyal", "loyal"]


def test_who_has_no_deals_left_is_gone_and_the_log_says_so(
    account: AccountStore, judging: Judging
):
    rebuilt(judging, {1: (ANN, 9, 5), 2: (BOB, 9, 5)})
    judging.write_judgements([judgement(ANN), judgement(BOB)], [turn(ANN, 20_000)])
    count(judging, {}, 1)
    assert judging.drop_gone(ids(BOB, ANN, ANN), 20_007, 3).tolist() == [ANN]
    assert clients(judging.judgements_of(ids(ANN, BOB))) == [BOB]
    assert [row[0] for row in own_rows(account, summaries)] == [BOB]
    assert judging.touched().tolist() == [BOB]
    last = judgement(ANN, as_of=20_007, scoring_id=3, stage=GONE, stage_since=20_007)
    assert judging.log_of(ANN)[1:] == (LoggedJudgement(last, b""),)
    assert len(judging.standings(20_006)) == 1
    assert len(judging.standings(20_007)) == 0


def test_who_has_no_purchase_left_loses_its_judgement_alone(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5), 2: (BOB, 9, 5)})
    judging.write_judgements([judgement(ANN), judgement(BOB)])
    judging.drop_judgements(ids(ANN, FIRM), 20_007, 3)
    assert clients(judging.judgements_of(ids(ANN, BOB))) == [BOB]
    assert [one.row.stage for one in judging.log_of(ANN)] == [GONE]
    assert (len(judging.history_of(ANN)), judging.log_of(FIRM)) == (1, ())
    assert judging.touched().tolist() == [ANN, BOB]


def test_all_judged_clients_are_counted_by_stage_and_segment(judging: Judging):
    assert judging.picture() == Picture({}, {})
    ann = judgement(ANN, expected_loss=2**40)
    bob, firm = (judgement(one, flagged=0) for one in (BOB, FIRM))
    judging.write_judgements([ann, bob, firm._replace(stage="lost")])
    found = judging.picture()
    assert found.stages == {
        "active": Tally(2, 2**40 + 1, 1, 2**40),
        "lost": Tally(1, 1, 0, 0),
    }
    assert found.segments == {"loyal": Tally(3, 2**40 + 2, 1, 2**40)}


def test_the_last_back_test_is_told(judging: Judging):
    assert judging.newest_backtest() is None
    judging.add_backtest(BacktestRow(7, 20_000, 1, "ab", "{}"))
    judging.add_backtest(BacktestRow(7, 20_001, 2, "ab", "[]"))
    assert judging.newest_backtest() == BacktestRow(2, 20_001, 2, "ab", "[]")


def test_who_was_never_judged_goes_without_a_word(judging: Judging):
    rebuilt(judging, {1: (ANN, 9, 5)})
    count(judging, {}, 1)
    assert judging.drop_gone(ids(ANN), 20_000, 1).tolist() == [ANN]
    assert judging.log_of(ANN) == ()
    assert judging.touched().tolist() == []


def test_who_comes_back_stands_again(judging: Judging):
    turns = [turn(ANN, 10), turn(ANN, 20, stage=GONE), turn(ANN, 30, stage="new")]
    judging.write_judgements([], turns)
    assert judging.standings(30).stage == ["new"]


def test_scorings_are_appended(judging: Judging):
    first = judging.add_scoring(scoring(id=77))
    second = judging.add_scoring(scoring(as_of=20_001))
    assert (first.id, second.id) == (1, 2)
    assert first == scoring(id=1)
    assert judging.newest_scoring() == second
    assert judging.scoring(1) == first
    with pytest.raises(ValueError, match="scoring 3 of account"):
        judging.scoring(3)


def test_terms_stay_as_they_were_first_written(judging: Judging):
    judging.put_terms({90: "b"})
    assert judging.put_terms({90: "changed", 0: "a"}) == {0: "a", 90: "b"}
    assert judging.terms() == {0: "a", 90: "b"}
    assert list(judging.terms()) == [0, 90]


def test_terms_change_if_they_are_forced(judging: Judging):
    judging.put_terms({0: "a", 90: "b"})
    assert judging.put_terms({90: "c"}, force=True) == {0: "a", 90: "c"}
    assert judging.terms() == {0: "a", 90: "c"}


@pytest.mark.parametrize("at", ["judgement_log", "touched_clients"])
def test_a_crash_while_judgements_are_written_leaves_nothing_half(
    account: AccountStore, judging: Judging, at: str
):
    count(judging, {1: (ANN, 9, 5)})

    def crash(_made, _cursor, statement, *_more):
        if at in statement:
            raise KeyboardInterrupt

    event.listen(account.database.writer, "before_cursor_execute", crash)
    with pytest.raises(KeyboardInterrupt):
        judging.write_judgements([judgement(ANN)], [turn(ANN, 20_000)], ids(ANN))
    event.remove(account.database.writer, "before_cursor_execute", crash)
    assert (judging.judgements_of(ids(ANN)), judging.log_of(ANN)) == ((), ())
    assert judging.touched().tolist() == [ANN]


def test_a_crash_while_the_gone_are_dropped_leaves_them(
    account: AccountStore, judging: Judging
):
    rebuilt(judging, {1: (ANN, 9, 5)})
    judging.write_judgements([judgement(ANN)])
    count(judging, {}, 1)

    def crash(_made, _cursor, statement, *_more):
        if statement.startswith("DELETE FROM touched_clients"):
            raise KeyboardInterrupt

    event.listen(account.database.writer, "before_cursor_execute", crash)
    with pytest.raises(KeyboardInterrupt):
        judging.drop_gone(ids(ANN), 20_001, 1)
    event.remove(account.database.writer, "before_cursor_execute", crash)
    assert judging.judgements_of(ids(ANN)) == (judgement(ANN),)
    assert (len(judging.history_of(ANN)), judging.log_of(ANN)) == (1, ())


def test_judgements_of_another_account_are_not_ours(store: Store):
    ours, theirs = (store.account(one).judging() for one in (ACCOUNT, OTHER))
    rebuilt(theirs, {1: (ANN, 9, 5)})
    theirs.write_judgements([judgement(ANN)], [turn(ANN, 20_000)])
    theirs.add_scoring(scoring())
    theirs.put_terms({0: "theirs"})
    theirs.add_backtest(BacktestRow(0, 20_000, 1, "ab", "{}"))
    assert (ours.judgements_of(ids(ANN)), ours.log_of(ANN)) == ((), ())
    assert len(ours.digests()[0]) == len(ours.standings(20_000)) == 0
    assert (ours.newest_scoring(), ours.terms()) == (None, {})
    assert (ours.newest_backtest(), ours.picture()) == (None, Picture({}, {}))
    ours.drop_judgements(ids(ANN), 20_001, 1)
    assert ours.put_terms({0: "ours"}) == {0: "ours"}
    assert ours.add_scoring(scoring()).id == 1
    assert ours.drop_gone(ids(ANN), 20_001, 1).tolist() == [ANN]
    with pytest.raises(ValueError, match="scoring 2"):
        ours.scoring(2)
    assert len(theirs.judgements_of(ids(ANN))) == len(theirs.history_of(ANN)) == 1
    assert (theirs.touched().tolist(), theirs.terms()) == ([ANN], {0: "theirs"})


WRITES: dict[str, Callable[[Judging, Lease], object]] = {
    "save_seen": lambda judging, lease: judging.save_seen(Seen(1, 1), lease),
    "put_points": lambda judging, lease: judging.put_points(ids(1), [], lease),
    "put_members": lambda judging, lease: judging.put_members([], lease),
    "put_counted": lambda judging, lease: judging.put_counted(
        ids(1), deals((ANN, 9, 5)), lease=lease
    ),
    "touch_all": lambda judging, lease: judging.touch_all(lease),
    "put_standings": lambda judging, lease: judging.put_standings(
        ids(BOB), [b"x"], lease
    ),
    "forget_standings": lambda judging, lease: judging.forget_standings(lease),
    "drop_judgements": lambda judging, lease: judging.drop_judgements(
        ids(FIRM), 1, 1, lease
    ),
    "add_backtest": lambda judging, lease: judging.add_backtest(
        BacktestRow(0, 1, 1, "", ""), lease
    ),
    "rebuild": lambda judging, lease: judging.rebuild(ids(BOB), RULES, lease),
    "add_scoring": lambda judging, lease: judging.add_scoring(scoring(), lease),
    "put_terms": lambda judging, lease: judging.put_terms({0: "a"}, lease=lease),
    "write_judgements": lambda judging, lease: judging.write_judgements(
        [judgement(ANN)], [turn(ANN, 1)], ids(BOB), lease
    ),
    "drop_gone": lambda judging, lease: judging.drop_gone(ids(FIRM), 1, 1, lease),
}


@pytest.mark.parametrize("name", WRITES)
def test_who_lost_its_lease_writes_no_judgement(
    account: AccountStore, judging: Judging, name: str
):
    rebuilt(judging, {7: (BOB, 9, 5)})
    old, new = (
        account.take_lease("score", owner, 0, seconds=60, is_dead=lambda _one: True)
        for owner in ("old", "new")
    )
    with pytest.raises(Busy, match="taken over"):
        WRITES[name](judging, old)
    assert entries(judging.history_of(BOB)) == {BOB: [(9, 5)]}
    assert (judging.seen(), judging.terms(), judging.deals_of(ANN)) == (Seen(), {}, ())
    assert (judging.judgements_of(ids(ANN)), judging.newest_backtest()) == ((), None)
    assert judging.touched().tolist() == [BOB]
    WRITES[name](judging, new)
