"""A cycle that is cut off anywhere: what it kept stays, and the next loses nothing."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import Any, cast

import httpx
import pytest

from kommo_sync.errors import CrmUnavailable
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store.account import AccountStore
from kommo_sync.store.store import Store
from kommo_sync.sync.asking import WALKED
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import ALL_READ, Desk
from tests.sync.deeds import (
    Inner,
    answering,
    asked_for,
    do,
    hide_events,
    is_page,
    kept_merges,
    last_request,
    merge_unnamed,
    refusal,
    some,
    strangers,
)
from tests.sync.world import READING, People, Silent, desk_of, differences

DAY = 86_400


class PowerCut(BaseException):
    """The process is no more."""


def dying(step: Callable[..., object], calls: int) -> Callable[..., object]:
    """Return a step whose process dies when it is taken for the nth time."""
    left = iter(range(calls - 1))

    def taken(*args: object) -> object:
        if next(left, None) is None:
            raise PowerCut
        return step(*args)

    return taken


def let_die(patch: pytest.MonkeyPatch, step: str, calls: int) -> None:
    name = f"kommo_sync.sync.{step}"
    patch.setattr(name, dying(resolve_name(name), calls))


@pytest.mark.parametrize(
    "death",
    [
        pytest.param(("rounds.follow", 1), id="events read, not followed"),
        pytest.param(("rounds.Rounds._look_for_hidden", 1), id="followed, not looked"),
        pytest.param(("cycle.sweep", 1), id="nothing hides, not swept"),
        pytest.param(("cycle.settle", 1), id="leads swept, not settled"),
        pytest.param(("cycle.sweep", 2), id="leads settled, contacts not swept"),
        pytest.param(("cycle.settle", 2), id="contacts swept, not settled"),
        pytest.param(
            ("cycle.settle", len(WALKED) + 1), id="all settled but the events"
        ),
    ],
)
def test_a_crash_between_two_steps_loses_nothing(
    death: tuple[str, int],
    desk: Desk,
    sandbox: Sandbox,
    store: Store,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    winner, loser = strangers(sandbox, 2)
    pull(desk)
    clock.advance(7_200)
    gone, edited, kept, merged = some(sandbox, "leads", 4)
    do(sandbox, "trash", entity="leads", id=gone)
    do(sandbox, "edit", entity="leads", id=edited, set={"price": 12.34})
    do(sandbox, "merge", entity="leads", id=kept, loser_id=merged)
    merge_unnamed(sandbox, "contacts", winner, loser)
    clock.advance(600)
    with monkeypatch.context() as patch:
        let_die(patch, *death)
        with pytest.raises(PowerCut):
            pull(desk)
    clock.advance(3_600)
    pull(desk)
    assert differences(sandbox, store) == []
    assert (loser, winner) in kept_merges(store)


@pytest.mark.parametrize("step", ["cycle.sweep", "cycle.settle"])
def test_a_sweep_that_is_cut_off_is_not_put_off_for_a_week(
    step: str,
    desk: Desk,
    sandbox: Sandbox,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lead went without a word: nothing but the sweep can tell."""
    pull(desk)
    sandbox.state.clock.sleep(7_200)
    do(sandbox, "trash", entity="leads", id=some(sandbox, "leads")[0])
    hide_events(sandbox, "lead_deleted")
    with monkeypatch.context() as patch:
        let_die(patch, step, 1)
        with pytest.raises(PowerCut):
            pull(desk, full=True)
    sandbox.state.clock.sleep(3_600)
    pull(desk)
    assert differences(sandbox, store) == []


@dataclass
class Mortal:
    """An account's store whose process dies at some write: before it, or after."""

    inner: AccountStore
    writes: int
    after: bool

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name not in WRITES:
            return method

        def write(*args: object, **named: object) -> object:
            self.writes -= 1
            if self.writes == 0 and not self.after:
                raise PowerCut
            done = method(*args, **named)
            if self.writes == 0:
                raise PowerCut
            return done

        return write


WRITES = ("keep_page", "keep_rows", "save_cursor", "bury", "merge", "replace")
PULLS: tuple[dict[str, Any], ...] = (
    {},
    {"full": True},
    {"streams": ["leads"]},
    {"streams": ["contacts"]},
    {"streams": ["events"]},
)


@pytest.mark.parametrize("share", range(4))
def test_a_crash_before_or_after_any_write_loses_nothing(
    share: int, desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """Whatever kind of cycle it was: the next one that ends shows all that is."""
    chance = random.Random(share)
    people = People(sandbox, chance, deeds=1.0)
    pull(desk)
    for writes in range(1 + share, 50, 4):
        for _ in range(12):
            people.one_deed()
        clock.advance(chance.choice((60, 900, 7_200, 2 * DAY)))
        mortal = Mortal(desk.store, writes, after=chance.random() < 0.5)
        dying = replace(desk, store=cast("AccountStore", mortal))
        with suppress(PowerCut):
            pull(dying, **chance.choice(PULLS))
        clock.advance(chance.choice((1, 900)))
        pull(desk)
        assert (writes, differences(sandbox, store)) == (writes, [])


def test_what_went_away_while_it_was_interrupted_for_long_is_buried(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """Longer than the past that is read at first: its events are read all the same."""
    down = [True]

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        return refusal(500) if down and is_page(request, "leads", 7) else ask(request)

    desk = desk_of(
        sandbox,
        store,
        clock,
        reading=replace(READING, in_flight=1, history_days=1),
        transport=answering(sandbox, answer),
    )
    with pytest.raises(CrmUnavailable):
        pull(desk)
    clock.advance(60)
    do(sandbox, "trash", entity="leads", id=min(sandbox.state.cards("leads")))
    clock.advance(3 * DAY)
    down.clear()
    pull(desk)
    assert differences(sandbox, store) == []


def test_a_cycle_that_was_interrupted_is_as_old_as_its_beginning(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    down = [True]

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        return refusal(500) if down and is_page(request, "contacts") else ask(request)

    transport = answering(sandbox, answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    began = clock.now()
    with pytest.raises(CrmUnavailable):
        pull(desk)
    clock.advance(3 * DAY)
    [lead] = some(sandbox, "leads")
    do(sandbox, "edit", entity="leads", id=lead, set={"price": 5})
    down.clear()
    pull(desk)
    synced_at = desk.store.cursor(Part.LEADS).synced_at
    assert synced_at is not None
    assert synced_at - began < 60
    pull(desk)
    assert differences(sandbox, store) == []


@dataclass
class Interrupting(Silent):
    """Presses Ctrl-C at some page."""

    pages: int

    def advanced(self, *_told: Any) -> None:
        self.pages -= 1
        if self.pages == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("pages", [1, 6, 14, 20])
def test_what_was_kept_before_ctrl_c_is_not_asked_for_again(
    pages: int, desk: Desk, sandbox: Sandbox, store: Store
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pull(replace(desk, progress=Interrupting(pages)))
    cursor = desk.store.cursor(Part.LEADS)
    stopped = last_request(sandbox)
    pull(desk)
    assert differences(sandbox, store) == []
    again = {int(one["page"]) for one in asked_for(sandbox, "leads", stopped)}
    if cursor.page == ALL_READ:
        assert not again
    else:
        kept = {*range(1, cursor.page), *cursor.ahead}
        assert len(kept) >= pages
        assert not kept & again
