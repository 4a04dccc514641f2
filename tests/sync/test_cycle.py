"""One cycle: what is asked for, what is kept, what is forgotten."""

from typing import Any

import pytest

from kommo_sync.model.entities import RECORDS, Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store.store import Store
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import Desk
from tests.sync.deeds import asked_for, do, last_request, merge_unnamed, some
from tests.sync.world import READING, differences

DAY = 86_400


def test_a_first_cycle_brings_everything(
    desk: Desk, sandbox: Sandbox, store: Store
) -> None:
    report = pull(desk)
    assert differences(sandbox, store) == []
    assert all(part.full for part in report.parts if part.part is not Part.EVENTS)
    counts = desk.store.counts()
    assert counts[Part.USERS] == len(sandbox.state.data.users)
    assert counts[Part.PIPELINES] == len(sandbox.state.data.pipelines)
    assert min(counts[part] for part in RECORDS) > 0


def test_a_second_cycle_asks_only_for_what_changed_since_the_first_began(
    desk: Desk, sandbox: Sandbox, clock: ManualClock
) -> None:
    began = int(clock.now())
    pull(desk)
    clock.advance(7_200)
    first = last_request(sandbox)
    report = pull(desk)
    [leads] = asked_for(sandbox, "leads", first)
    since = int(leads["filter[updated_at][from]"])
    assert 0 <= since - (began - READING.overlap_seconds) <= 2
    assert leads["order[id]"] == "asc"
    assert not any(part.full for part in report.parts if part.part in RECORDS)


def test_an_edit_is_there_after_the_next_cycle(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    clock.advance(7_200)
    [lead] = some(sandbox, "leads")
    do(sandbox, "edit", entity="leads", id=lead, set={"price": 12.34, "name": "New"})
    pull(desk)
    assert differences(sandbox, store) == []


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_what_was_deleted_is_gone_and_what_was_restored_is_back(
    kind: str, desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    [card] = some(sandbox, kind)
    clock.advance(7_200)
    do(sandbox, "trash", entity=kind, id=card)
    assert pull(desk).deleted == 1
    assert differences(sandbox, store) == []
    clock.advance(7_200)
    do(sandbox, "restore", entity=kind, id=card)
    pull(desk)
    assert differences(sandbox, store) == []


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_a_merge_is_followed_to_the_winner(
    kind: str, desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    winner, loser = some(sandbox, kind, 2)
    clock.advance(7_200)
    do(sandbox, "merge", entity=kind, id=winner, loser_id=loser)
    assert pull(desk).merged == 1
    assert differences(sandbox, store) == []


@pytest.mark.parametrize("kind", ["leads", "contacts"])
def test_a_merge_whose_loser_no_event_names_is_found_by_a_sweep(
    kind: str, desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    winner, loser = some(sandbox, kind, 2)
    clock.advance(7_200)
    merge_unnamed(sandbox, kind, winner, loser)
    report = pull(desk)
    assert report.merged == 1
    assert differences(sandbox, store) == []


def test_a_deleted_task_is_gone(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    clock.advance(7_200)
    do(sandbox, "delete_task", id=next(iter(sandbox.state.data.tasks)))
    pull(desk)
    assert differences(sandbox, store) == []


def test_what_went_without_an_event_is_found_by_the_weekly_sweep(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    [lead] = some(sandbox, "leads")
    do(sandbox, "trash", entity="leads", id=lead)
    sandbox.state.data.events.clear()
    sandbox.state.touch("events")
    clock.advance(2 * DAY)
    pull(desk)
    assert differences(sandbox, store) == [f"leads {lead}: should be gone"]
    clock.advance(7 * DAY)
    pull(desk)
    assert differences(sandbox, store) == []


def test_asked_for_everything_it_reads_everything_again(
    desk: Desk, sandbox: Sandbox, clock: ManualClock
) -> None:
    pull(desk)
    clock.advance(7_200)
    report = pull(desk, full=True)
    leads = next(part for part in report.parts if part.part is Part.LEADS)
    assert leads.full
    assert leads.rows == len(sandbox.state.cards("leads"))


def test_only_the_streams_asked_for_are_read(desk: Desk, sandbox: Sandbox) -> None:
    pull(desk, streams=["contacts"])
    assert asked_for(sandbox, "contacts")
    assert not asked_for(sandbox, "leads")
    assert not asked_for(sandbox, "users")


def test_users_that_the_token_may_not_see_do_not_stop_the_rest(
    desk: Desk, sandbox: Sandbox, store: Store
) -> None:
    for user in sandbox.state.data.users.values():
        user.is_admin = False
    hidden = {part.part for part in pull(desk).parts if part.hidden}
    assert hidden == {Part.USERS}
    assert differences(sandbox, store) == []


def test_loss_reasons_that_are_switched_off_do_not_stop_the_rest(
    desk: Desk, sandbox: Sandbox, store: Store
) -> None:
    sandbox.state.data.account.is_loss_reason_enabled = False
    hidden = {part.part for part in pull(desk).parts if part.hidden}
    assert hidden == {Part.LOSS_REASONS}
    assert differences(sandbox, store) == []


def test_two_quiet_cycles_change_nothing(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    before = dump(store)
    clock.advance(60)
    pull(desk)
    assert dump(store) == before


def dump(store: Store) -> list[tuple[Any, ...]]:
    with store.database.reader.connect() as connection:
        return [
            tuple(row)
            for kind in ("leads", "contacts", "companies", "tasks")
            for row in connection.exec_driver_sql(
                f"SELECT * FROM {kind} ORDER BY id"  # noqa: S608
            )
        ]
