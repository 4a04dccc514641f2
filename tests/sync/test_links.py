"""Who names whom: contacts and companies of leads, through all that befalls them.

Nothing here touches `updated_at` of the card that names the other: only events tell.
"""

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.rules.linking import linked_ids
from kommo_sync.store.store import Store
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import Desk
from tests.sync.deeds import call, do, some
from tests.sync.world import differences


@pytest.fixture(autouse=True)
def links_leave_no_trace(sandbox: Sandbox) -> None:
    sandbox.state.choices.link_touches_updated_at = False


def link(sandbox: Sandbox, path: str, kind: str, other: int, how: str = "link") -> None:
    body = [{"to_entity_id": other, "to_entity_type": kind}]
    call(sandbox, "POST", f"{path}/{how}", body)


def lead_and_contacts(sandbox: Sandbox) -> tuple[int, int, int]:
    """Return a lead with one contact, that contact, and another one."""
    state = sandbox.state
    lead, [main] = next(
        (one.id, ids)
        for one in state.cards("leads").values()
        if len(ids := linked_ids(state, one, "contacts")) == 1
    )
    return lead, main, max(one for one in state.cards("contacts") if one != main)


def test_links_made_and_undone_by_other_programs_are_followed(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    clock.advance(7_200)
    lead, main, second = lead_and_contacts(sandbox)
    [company] = some(sandbox, "companies")
    link(sandbox, f"leads/{lead}", "contacts", second)
    link(sandbox, f"leads/{lead}", "companies", company)
    link(sandbox, f"contacts/{second}", "companies", company)
    link(sandbox, f"leads/{lead}", "contacts", main, "unlink")
    pull(desk)
    assert differences(sandbox, store) == []


def test_a_second_contact_that_is_deleted_and_restored_goes_and_comes_back(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    lead, _main, second = lead_and_contacts(sandbox)
    link(sandbox, f"leads/{lead}", "contacts", second)
    pull(desk)
    for deed in ("trash", "restore"):
        clock.advance(7_200)
        do(sandbox, deed, entity="contacts", id=second)
        pull(desk)
        assert differences(sandbox, store) == []


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_a_chain_of_merges_over_several_cycles_ends_at_the_last_winner(
    kind: str, desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    loser, *winners = some(sandbox, kind, 4)
    for winner in winners:
        clock.advance(7_200)
        do(sandbox, "merge", entity=kind, id=winner, loser_id=loser)
        pull(desk)
        assert differences(sandbox, store) == []
        loser = winner


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_a_winner_that_is_deleted_and_restored_has_what_its_losers_had(
    kind: str, desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    winner, loser, other = some(sandbox, kind, 3)
    clock.advance(7_200)
    do(sandbox, "merge", entity=kind, id=winner, loser_id=loser)
    do(sandbox, "trash", entity=kind, id=other)
    pull(desk)
    assert differences(sandbox, store) == []
    for deed in ("trash", "restore"):
        clock.advance(7_200)
        do(sandbox, deed, entity=kind, id=winner)
        pull(desk)
        assert differences(sandbox, store) == []


def test_tasks_that_other_programs_finish_move_and_open_again_are_followed(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    first, second = sorted(sandbox.state.data.tasks)[:2]
    done = {"id": first, "is_completed": True, "result": {"text": "ok"}}
    [lead] = some(sandbox, "leads")
    moved = {"id": second, "entity_id": lead, "entity_type": "leads"}
    for changes in ([done, moved], [{"id": first, "is_completed": False}]):
        clock.advance(7_200)
        call(sandbox, "PATCH", "tasks", changes)
        pull(desk)
        assert differences(sandbox, store) == []


def test_incoming_leads_that_are_hidden_until_accepted_come_when_they_are(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    sandbox.state.choices.incoming_leads_are_listed = False
    pull(desk)
    clock.advance(7_200)
    waiting = [
        one for one in sandbox.state.data.unsorted.values() if one.state == "open"
    ]
    assert waiting
    for one in waiting:
        call(sandbox, "POST", f"leads/unsorted/{one.uid}/accept", {})
    pull(desk)
    assert differences(sandbox, store) == []


def test_tags_and_fields_that_are_filled_and_cleared_are_followed(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    [lead] = some(sandbox, "leads")
    card = sandbox.state.cards("leads")[lead]
    [field, *_others] = card.fields
    for tags in ([{"name": "vip"}], []):
        clock.advance(7_200)
        values = [{"field_id": field, "values": []}]
        change = {"custom_fields_values": values, "_embedded": {"tags": tags}}
        call(sandbox, "PATCH", f"leads/{lead}", change)
        pull(desk)
        assert differences(sandbox, store) == []
    assert (card.tags, field in card.fields) == ([], False)
