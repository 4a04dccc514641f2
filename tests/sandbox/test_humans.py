"""What only people do: throw away, restore, merge, call, chat, finish tasks."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import choose, field, found, ids, told, user_ids, values
from tests.sandbox.kit import Api

KINDS = ["leads", "contacts", "companies"]
T = 1_790_000_000
DAY = 86_400
TRASH = {"with": "only_deleted"}


def make(api: Api, kind: str, **item: Any) -> int:
    return api.make(kind, {"name": "A", **item})[0]


def linked(api: Api, kind: str, number: int) -> list[tuple[str, int]]:
    rows = api.rows(f"{kind}/{number}/links")
    return [(row["to_entity_type"], row["to_entity_id"]) for row in rows]


def merge(api: Api, kind: str, winner: int, loser: int) -> None:
    api.act("merge", entity=kind, id=winner, loser_id=loser)


def refused(api: Api, do: str, **sent: Any) -> str:
    answer = api.call("POST", "/_sandbox/actions", {"do": do, **sent})
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_thrown_away_leaves_lists_and_answers_by_id(
    api: Api, clock: ManualClock, kind: str
):
    kept, gone = make(api, kind), make(api, kind)
    clock.advance(60)
    api.act("trash", entity=kind, id=gone, user_id=user_ids(api)[1])
    assert found(api, kind) == [kept]
    assert api.get(f"{kind}/{gone}") is None
    [row] = api.rows(kind, params=TRASH)
    facts = (row["id"], row["updated_at"], row["updated_by"])
    assert facts == (gone, T + 60, user_ids(api)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_restored_is_as_it_was(api: Api, clock: ManualClock, kind: str):
    card = make(api, kind, tags_to_add=[{"name": "vip"}])
    later = make(api, kind)
    before = api.get(f"{kind}/{card}")
    api.act("trash", entity=kind, id=card)
    clock.advance(60)
    api.act("restore", entity=kind, id=card)
    assert api.get(f"{kind}/{card}") == {**before, "updated_at": T + 60}
    assert found(api, kind, **{"order[id]": "asc"}) == [card, later]
    assert api.rows(kind, params=TRASH) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_in_the_trash_cannot_be_written(api: Api, kind: str):
    card = make(api, kind)
    api.act("trash", entity=kind, id=card)
    body = api.patch(f"{kind}/{card}", {"name": "B"}, 400)
    assert list(body["errors"]) == [str(card)]
    task = {"text": "x", "complete_till": T, "entity_id": card, "entity_type": kind}
    api.post("tasks", [task], 400)


@pytest.mark.parametrize("do", ["trash", "restore"])
def test_what_is_not_there_can_be_neither_thrown_away_nor_restored(api: Api, do: str):
    assert "There is no lead 5" in refused(api, do, entity="leads", id=5)


def test_a_restored_lead_whose_stage_is_gone_stands_in_the_first_one(api: Api):
    path = f"leads/pipelines/{api.pipeline()['id']}/statuses/{api.stages()[2]}"
    lead = api.lead(status_id=api.stages()[2])
    api.act("trash", entity="leads", id=lead)
    api.delete(path)
    api.act("restore", entity="leads", id=lead)
    assert api.get(f"leads/{lead}")["status_id"] == api.stages()[0]


@pytest.mark.parametrize(("days", "left"), [(None, 1), (30, 0), (31, 1)])
def test_how_long_the_trash_is_kept_is_a_switch(
    api: Api, clock: ManualClock, days: int | None, left: int
):
    if days is not None:
        choose(api, trash_days=days)
    contact = api.contact()
    lead = api.lead(_embedded={"contacts": [{"id": contact}]})
    api.act("trash", entity="leads", id=lead)
    clock.advance(30 * DAY)
    assert len(api.rows("leads", params=TRASH)) == left
    if not left:
        assert "in the trash" in refused(api, "restore", entity="leads", id=lead)
        assert api.sandbox.state.data.contacts[contact].lead_ids == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_loser_of_a_merge_disappears_for_good(api: Api, kind: str):
    winner, loser = make(api, kind), make(api, kind)
    merge(api, kind, winner, loser)
    assert found(api, kind) == [winner]
    assert api.get(f"{kind}/{loser}") is None
    assert api.rows(kind, params=TRASH) == []
    assert "There is no" in refused(api, "restore", entity=kind, id=loser)


@pytest.mark.parametrize("kind", KINDS)
def test_the_winner_inherits_tags_and_the_fields_that_it_lacks(api: Api, kind: str):
    both, one = field(api, kind, "text"), field(api, kind, "url")
    entry = {"field_id": both, "values": [{"value": "w"}]}
    winner = make(api, kind, custom_fields_values=[entry], tags_to_add=[{"name": "a"}])
    entries = [{"field_id": i, "values": [{"value": "l"}]} for i in (both, one)]
    tags = [{"name": "a"}, {"name": "b"}]
    loser = make(api, kind, custom_fields_values=entries, tags_to_add=tags)
    merge(api, kind, winner, loser)
    card = api.get(f"{kind}/{winner}")
    assert values(card, both) == [{"value": "w"}]
    assert values(card, one) == [{"value": "l"}]
    assert [tag["name"] for tag in card["_embedded"]["tags"]] == ["a", "b"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_winner_inherits_tasks_and_notes(api: Api, kind: str):
    winner, loser = make(api, kind), make(api, kind)
    on = {"entity_id": loser, "entity_type": kind}
    [task] = api.make("tasks", {"text": "Call", "complete_till": T + 9, **on})
    sent = {"note_type": "common", "params": {"text": "x"}}
    [note] = api.make(f"{kind}/{loser}/notes", sent)
    merge(api, kind, winner, loser)
    assert api.get(f"tasks/{task}")["entity_id"] == winner
    assert ids(api.rows(f"{kind}/{winner}/notes")) == [note]
    assert api.get(f"{kind}/{winner}")["closest_task_at"] == T + 9


@pytest.mark.parametrize("kind", KINDS)
def test_the_winner_inherits_links_and_the_other_ends_know_it(api: Api, kind: str):
    winner, loser = make(api, kind), make(api, kind)
    others = {other: make(api, other) for other in KINDS if other != kind}
    for other, number in others.items():
        item = {"to_entity_id": number, "to_entity_type": other}
        api.post(f"{kind}/{loser}/link", [item])
    merge(api, kind, winner, loser)
    assert sorted(linked(api, kind, winner)) == sorted(others.items())
    for other, number in others.items():
        assert linked(api, other, number) == [(kind, winner)]


def test_the_winner_keeps_its_own_company(api: Api):
    own, foreign = api.company(), api.company()
    winner = api.contact(_embedded={"companies": [{"id": own}]})
    loser = api.contact(_embedded={"companies": [{"id": foreign}]})
    merge(api, "contacts", winner, loser)
    assert linked(api, "contacts", winner) == [("companies", own)]
    assert linked(api, "companies", foreign) == []


def test_the_winner_becomes_main_where_the_loser_was(api: Api):
    winner, other, loser = api.contact(), api.contact(), api.contact()
    contacts = [{"id": loser}, {"id": other}, {"id": winner}]
    lead = api.lead(_embedded={"contacts": contacts})
    merge(api, "contacts", winner, loser)
    mains = [
        (r["to_entity_id"], r["metadata"]) for r in api.rows(f"leads/{lead}/links")
    ]
    assert mains == [(winner, {"main_contact": True}), (other, {"main_contact": False})]


def test_the_winner_inherits_links_to_what_lies_in_the_trash(api: Api):
    winner, loser = api.contact(), api.contact()
    lead = api.lead(_embedded={"contacts": [{"id": loser}]})
    api.act("trash", entity="leads", id=lead)
    merge(api, "contacts", winner, loser)
    api.act("restore", entity="leads", id=lead)
    assert linked(api, "leads", lead) == [("contacts", winner)]


def test_the_winner_inherits_talks(api: Api):
    winner, loser = api.contact(), api.contact()
    api.act("chat", contact_id=loser)
    merge(api, "contacts", winner, loser)
    assert len(api.rows(f"contacts/chats?contact_id[]={winner}")) == 1
    api.act("chat", contact_id=winner)
    assert len(told(api, "talk_created")) == 1


def test_a_card_is_not_merged_with_itself(api: Api):
    lead = api.lead()
    assert "same card twice" in refused(
        api, "merge", entity="leads", id=lead, loser_id=lead
    )
    assert found(api, "leads") == [lead]


def test_a_merge_bumps_updated_at_of_the_winner(api: Api, clock: ManualClock):
    winner, loser = api.contact(), api.contact()
    clock.advance(60)
    merge(api, "contacts", winner, loser)
    assert api.get(f"contacts/{winner}")["updated_at"] == T + 60


def test_a_person_writes_in_his_own_name(api: Api):
    lead, user = api.lead(), user_ids(api)[2]
    api.act("edit", entity="leads", id=lead, set={"price": 7.5}, user_id=user)
    shown = api.get(f"leads/{lead}")
    assert (shown["price_with_minor_units"], shown["updated_by"]) == (7.5, user)
    assert told(api, "sale_field_changed")[0]["created_by"] == user


def test_a_person_finishes_a_task_with_words(api: Api):
    [task] = api.make("tasks", {"text": "Call", "complete_till": T})
    api.act("finish_task", id=task, result="Reached", user_id=user_ids(api)[1])
    shown = api.get(f"tasks/{task}")
    assert (shown["is_completed"], shown["result"]) == (True, {"text": "Reached"})
    assert shown["updated_by"] == user_ids(api)[1]


def test_a_deleted_task_is_gone_for_good(api: Api):
    [task] = api.make("tasks", {"text": "Call", "complete_till": T})
    api.act("delete_task", id=task)
    assert api.get(f"tasks/{task}") is None
    assert told(api, "task_deleted")[0]["entity_id"] == task
    assert "There is no task" in refused(api, "delete_task", id=task)


@pytest.mark.parametrize(
    ("incoming", "kind", "event"),
    [(True, "call_in", "incoming_call"), (False, "call_out", "outgoing_call")],
)
def test_a_call_is_noted_with_its_length(
    api: Api, incoming: bool, kind: str, event: str
):
    contact = api.contact()
    api.act("call", contact_id=contact, incoming=incoming, seconds=42, phone="+1555")
    [note] = api.rows(f"contacts/{contact}/notes")
    assert (note["note_type"], note["params"]["duration"]) == (kind, 42)
    assert told(api, event)[0]["value_after"] == [{"note": {"id": note["id"]}}]
