"""A scoring that is cut off at any write: the next one ends as if nothing had been."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from kommo_sync.errors import Busy
from kommo_sync.jobs.scoring import backtest_account
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.store.judging import Judging
from kommo_sync.store.leases import Lease
from kommo_sync.store.store import Store
from kommo_sync.store.tables import summaries, terms, touched_clients
from tests.scoring.firm import (
    COUNTED,
    DAY,
    FIRM,
    OTHER,
    TODAY,
    Firm,
    fields,
    log_clients,
    opened,
    quiet,
    runtime,
    trade,
)
from tests.store.rows import contact
from tests.sync.world import careless


class PowerCut(BaseException):
    """The process is no more."""


def let_die(patch: pytest.MonkeyPatch, writes: int, *, after: bool) -> None:
    """Let the process die at the nth write of the judging: before it, or after."""
    really, left = Judging._writing, count(writes - 1, -1)

    @contextmanager
    def writing(self: Judging, lease: Lease | None) -> Iterator[Connection]:
        still = next(left)
        if still == 0 and not after:
            raise PowerCut
        with really(self, lease) as connection:
            yield connection
        if still == 0:
            raise PowerCut

    patch.setattr(Judging, "_writing", writing)


def edited(firm: Firm) -> None:
    """Let all happen that may happen to deals and cards."""
    people = sorted({client // 2 for client, *_ in firm.deals().values()})
    sold = sorted(firm.deals())
    mail = fields(("EMAIL", "ann@lee.example"))
    now = firm.rt.now()
    firm.keep(
        Part.CONTACTS,
        *(contact(one, updated_at=now, field_values=mail) for one in people[:2]),
    )
    gone = [one for one, deal in firm.deals().items() if deal[0] == people[3] * 2]
    for_nothing = [
        one for one, deal in firm.deals().items() if deal[0] == people[4] * 2
    ]
    firm.trash(Part.LEADS, *gone)
    for lead_id in for_nothing:
        firm.sell(people[4], firm.today - 40, 0, id=lead_id)
    firm.sell(people[5], firm.today - 100, 55_000, id=sold[-1])
    firm.sell(firm.meet(), firm.today)


def same_day(firm: Firm) -> Firm:
    edited(firm)
    return firm


def next_day(firm: Firm) -> Firm:
    firm.pass_days(1)
    edited(firm)
    return firm


def other_rules(firm: Firm) -> Firm:
    edited(firm)
    return firm.under(zero_price="count", join_duplicates=False, horizon_days=25)


CASES: dict[str, Callable[[Firm], Firm]] = {
    "same day": same_day,
    "next day": next_day,
    "other rules": other_rules,
}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a firm that was scored once."""
    folder = tmp_path_factory.mktemp("scored")
    with opened(folder) as firm:
        trade(firm, 9, days=150)
        firm.score()
        firm.rt.store.checkpoint()
    return folder / "kept.sqlite3"


@contextmanager
def copied(scored: Path, folder: Path) -> Iterator[Firm]:
    path = folder / "copy.sqlite3"
    for old in folder.glob("copy.sqlite3*"):
        old.unlink()
    shutil.copy(scored, path)
    clock = ManualClock(TODAY * DAY + DAY / 2)
    with careless(Store.open(f"sqlite:///{path}", key=bytes(32))) as store:
        firm = Firm(runtime(store, clock), FIRM)
        firm.ids = count(900_000)
        yield firm


def outcome(firm: Firm) -> dict[str, Any]:
    """Return all that a scoring leaves, but for the ids of scorings."""
    newest = firm.judging.newest_scoring()
    assert newest
    return {
        **firm.rows(*COUNTED, summaries, terms, touched_clients),
        "parameters": newest.parameters,
        "seen": firm.judging.seen(),
        "judged": [row._replace(scoring_id=0) for row in firm.judged().values()],
        "log": {
            (one.row._replace(scoring_id=0), one.entries)
            for client in log_clients(firm)
            for one in firm.judging.log_of(client)
        },
    }


@pytest.mark.parametrize("name", CASES)
def test_after_a_crash_at_any_write_the_next_run_ends_as_without(
    name: str, scored: Path, tmp_path: Path
) -> None:
    with copied(scored, tmp_path) as firm:
        firm = CASES[name](firm)
        firm.score()
        expected = outcome(firm)
    assert len(expected["judged"]) > 5
    for writes in count(1):
        with copied(scored, tmp_path) as firm, pytest.MonkeyPatch.context() as patch:
            firm, died = CASES[name](firm), True
            let_die(patch, writes, after=writes % 2 == 0)
            with suppress(PowerCut):
                firm.score()
                died = False
            patch.undo()
            firm.score()
            assert (writes, outcome(firm)) == (writes, expected)
        if not died:
            break
    assert writes > 8


def test_rules_that_are_taken_back_after_a_crash_leave_no_trace(
    scored: Path, tmp_path: Path
) -> None:
    with copied(scored, tmp_path) as firm:
        before = outcome(firm)
    for writes in range(1, 16, 2):
        with copied(scored, tmp_path) as firm, pytest.MonkeyPatch.context() as patch:
            let_die(patch, writes, after=True)
            with suppress(PowerCut):
                firm.under(zero_price="count", won_stages=("143",)).score()
            patch.undo()
            firm.score()
            found = outcome(firm)
            log = before["log"] <= found["log"]
            assert {**found, "log": log} == {**before, "log": True}


def test_a_replay_after_a_crash_does_not_hide_it(scored: Path, tmp_path: Path) -> None:
    with copied(scored, tmp_path) as firm:
        next_day(firm).score()
        expected = outcome(firm)
    for writes in (8, 9, 10, 11):
        with copied(scored, tmp_path) as firm, pytest.MonkeyPatch.context() as patch:
            next_day(firm)
            let_die(patch, writes, after=True)
            with pytest.raises(PowerCut):
                firm.score()
            patch.undo()
            backtest_account(firm.rt, firm.account_id, tell=quiet)
            firm.score()
            assert (writes, outcome(firm)) == (writes, expected)


def test_a_run_that_was_cut_off_lets_go_and_stands_in_the_log(
    scored: Path, tmp_path: Path
) -> None:
    with copied(scored, tmp_path) as firm, pytest.MonkeyPatch.context() as patch:
        edited(firm)
        let_die(patch, 5, after=False)
        with pytest.raises(PowerCut):
            firm.score()
        assert firm.account.runs(1)[0].outcome == "interrupted"
        assert firm.account.facts().lease_holder("score", firm.rt.clock.now()) is None


def test_who_lost_the_lease_writes_nothing_more(scored: Path, tmp_path: Path) -> None:
    with copied(scored, tmp_path) as firm:
        edited(firm)
        firm.pass_days(1)
        taken = count(1)

        def take_over(_done: int, _of: int) -> None:
            if next(taken) == 1:
                firm.account.take_lease(
                    "score", "other:1:1", 9e12, seconds=9e9, is_dead=lambda _: True
                )

        before = firm.judged()
        with pytest.raises(Busy, match="taken over"):
            firm.score(tell=take_over)
        assert firm.judged().items() <= before.items()
        assert firm.account.runs(1)[0].outcome == "failed"


def test_a_second_run_at_the_same_time_is_told_who_is_at_work(firm):
    trade(firm, 4)
    firm.account.take_lease(
        "score", "other:1:1", firm.rt.clock.now(), seconds=900, is_dead=lambda _: False
    )
    with pytest.raises(Busy, match="other:1:1"):
        firm.score()
    assert firm.judging.newest_scoring() is None
    assert firm.account.runs(5) == ()


def test_another_account_is_neither_held_up_nor_touched(firm):
    trade(firm, 4)
    firm.account.take_lease(
        "score", "other:1:1", firm.rt.clock.now(), seconds=900, is_dead=lambda _: False
    )
    theirs = firm.of(OTHER).read()
    theirs.sell(7, firm.today)
    theirs.score()
    assert list(theirs.judged()) == [14]
    assert firm.judged() == {}
    assert firm.deals() == {}
