"""Tasks: items, the card they stand on, filters and orders."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import deactivate, found, user_ids
from tests.sandbox.kit import ORIGIN, Api, flaws

T = 1_790_000_000
KEYS = """
id created_by updated_by created_at updated_at responsible_user_id group_id entity_id
entity_type duration is_completed task_type_id text result complete_till account_id
_links
""".split()


def task(api: Api, **item: Any) -> int:
    return api.make("tasks", {"text": "Call back", "complete_till": T + 100, **item})[0]


def on_lead(api: Api, lead: int, **item: Any) -> int:
    return task(api, entity_id=lead, entity_type="leads", **item)


def closest(api: Api, lead: int) -> int | None:
    at: int | None = api.get(f"leads/{lead}")["closest_task_at"]
    return at


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    number = task(api)
    shown = api.get(f"tasks/{number}")
    assert sorted(shown) == sorted(KEYS)
    assert api.rows("tasks") == [shown]
    assert shown["_links"]["self"]["href"] == f"{ORIGIN}/api/v4/tasks/{number}"


def test_a_task_of_which_little_is_said_gets_defaults(api: Api):
    shown = api.get(f"tasks/{task(api)}")
    assert (shown["entity_id"], shown["entity_type"]) == (None, None)
    assert (shown["task_type_id"], shown["duration"]) == (1, 0)
    assert (shown["is_completed"], shown["result"]) == (False, [])
    assert shown["responsible_user_id"] == user_ids(api)[0]


def test_creating_and_changing_answer_short_items(api: Api, clock: ManualClock):
    sent = {"text": "Call", "complete_till": T, "request_id": "r"}
    [made] = api.post("tasks", [sent])["_embedded"]["tasks"]
    assert (set(made), made["request_id"]) == ({"id", "request_id", "_links"}, "r")
    clock.advance(5)
    change = [{"id": made["id"], "text": "Write"}]
    [row] = api.patch("tasks", change)["_embedded"]["tasks"]
    assert set(row) == {"id", "updated_at", "request_id", "_links"}
    assert row["updated_at"] == T + 5


def test_changing_one_answers_at_the_root(api: Api):
    number = task(api)
    body = api.patch(f"tasks/{number}", {"text": "Write"})
    assert set(body) == {"id", "updated_at", "_links"}
    assert api.get(f"tasks/{number}")["text"] == "Write"


@pytest.mark.parametrize("key", ["text", "complete_till"])
def test_text_and_deadline_are_required(api: Api, key: str):
    sent = {"text": "Call", "complete_till": T}
    del sent[key]
    body = api.post("tasks", [sent], 400)
    assert [path for _, _, path in flaws(body)] == [key]


def test_everything_that_is_sent_is_kept(api: Api):
    sent = {
        "task_type_id": 2,
        "duration": 3600,
        "is_completed": True,
        "result": {"text": "done"},
        "responsible_user_id": user_ids(api)[1],
        "created_by": 0,
        "updated_by": 0,
        "created_at": T - 50,
        "updated_at": T - 40,
    }
    shown = api.get(f"tasks/{task(api, **sent)}")
    assert {key: shown[key] for key in sent} == sent


def test_completing_keeps_the_result_and_reopening_is_allowed(api: Api):
    number = task(api)
    api.patch(f"tasks/{number}", {"is_completed": True, "result": {"text": "done"}})
    shown = api.get(f"tasks/{number}")
    assert (shown["is_completed"], shown["result"]) == (True, {"text": "done"})
    api.patch(f"tasks/{number}", {"is_completed": False})
    assert api.get(f"tasks/{number}")["is_completed"] is False


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_a_task_stands_on_a_lead_a_contact_or_a_company(api: Api, kind: str):
    [card] = api.make(kind, {"name": "A"})
    shown = api.get(f"tasks/{task(api, entity_id=card, entity_type=kind)}")
    assert (shown["entity_id"], shown["entity_type"]) == (card, kind)
    assert api.get(f"{kind}/{card}")["closest_task_at"] == T + 100


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"entity_id": 5}, "entity_type"),
        ({"entity_type": "leads"}, "entity_id"),
        ({"entity_id": 5, "entity_type": "leads"}, "entity_id"),
        ({"entity_id": 5, "entity_type": "customers"}, "entity_type"),
        ({"entity_id": 5, "entity_type": "lead"}, "entity_type"),
        ({"task_type_id": 99}, "task_type_id"),
    ],
)
def test_a_card_or_type_that_is_not_there_is_refused(api: Api, sent, path: str):
    body = api.post("tasks", [{"text": "Call", "complete_till": T, **sent}], 400)
    assert [found_at for _, _, found_at in flaws(body)] == [path]


def test_a_task_moves_to_another_card_and_both_cards_know(api: Api):
    first, second = api.make("leads", {}, {})
    number = on_lead(api, first)
    api.patch(f"tasks/{number}", {"entity_id": second})
    assert api.get(f"tasks/{number}")["entity_id"] == second
    assert (closest(api, first), closest(api, second)) == (None, T + 100)


def test_the_closest_open_task_is_told_on_the_card(api: Api):
    lead = api.lead()
    late, soon = on_lead(api, lead), on_lead(api, lead, complete_till=T + 10)
    assert closest(api, lead) == T + 10
    api.patch(f"tasks/{soon}", {"is_completed": True})
    assert closest(api, lead) == T + 100
    api.patch(f"tasks/{late}", {"complete_till": T + 70})
    assert closest(api, lead) == T + 70
    api.act("delete_task", id=late)
    assert closest(api, lead) is None


@pytest.mark.parametrize("there", [True, False])
def test_a_normal_token_may_not_delete_a_task(api: Api, there: bool):
    number = task(api) if there else 5
    answer = api.call("DELETE", f"tasks/{number}")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Invalid scope"
    assert len(api.rows("tasks")) == there


def test_a_task_that_is_not_there_spoils_a_batch(api: Api):
    number = task(api)
    sent = [{"id": number, "text": "New"}, {"id": 5, "text": "New"}]
    body = api.patch("tasks", sent, 400)
    assert body["errors"] == {"5": "Task not found"}
    assert api.get(f"tasks/{number}")["text"] == "Call back"
    assert api.get("tasks/5") is None


def test_a_deactivated_user_is_no_valid_choice(api: Api):
    user = user_ids(api)[-1]
    deactivate(api, user)
    sent = {"text": "Call", "complete_till": T, "responsible_user_id": user}
    body = api.post("tasks", [sent], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "responsible_user_id")]


@pytest.fixture
def three(api: Api, clock: ManualClock) -> list[int]:
    """Three tasks, ten seconds apart, the later the more urgent; one is done."""
    lead, users = api.lead(), user_ids(api)
    more: list[dict[str, Any]] = [
        {"responsible_user_id": users[0]},
        {"responsible_user_id": users[1], "task_type_id": 2, "created_by": users[1]},
        {"is_completed": True, "entity_id": lead, "entity_type": "leads"},
    ]
    made = []
    for place, item in enumerate(more):
        made.append(task(api, complete_till=T + 100 - place, **item))
        clock.advance(10)
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[is_completed]=0", [0, 1]),
        ("filter[is_completed]=1", [2]),
        ("filter[is_completed][]=0&filter[is_completed][]=1", [0, 1, 2]),
        ("filter[task_type]=2", [1]),
        ("filter[task_type_id]=2", [1]),
        ("filter[task_type]=2&filter[task_type_id]=2", [1]),
        ("filter[entity_type]=leads", [2]),
        (f"filter[updated_at][from]={T + 10}", [1, 2]),
        (f"filter[updated_at]={T + 10}", [1]),
        ("filter[complete_till][to]=1", [0, 1, 2]),
        ("filter[nme]=x", [0, 1, 2]),
        ("order[complete_till]=asc", [2, 1, 0]),
        ("order[created_at]=desc", [2, 1, 0]),
        ("order[id]=desc", [2, 1, 0]),
        ("order[updated_at]=desc", [0, 1, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_filters_and_orders_work_as_measured(
    api: Api, three: list[int], query: str, expected: list[int]
):
    shown = api.rows(f"tasks?{query}")
    assert [three.index(row["id"]) for row in shown] == expected


@pytest.mark.parametrize("name", ["responsible_user_id", "created_by"])
def test_users_are_filters(api: Api, three: list[int], name: str):
    user = user_ids(api)[1]
    assert found(api, "tasks", **{f"filter[{name}]": user}) == [three[1]]


def test_tasks_are_found_by_id_and_by_their_card(api: Api, three: list[int]):
    assert found(api, "tasks", **{"filter[id][]": three[:2]}) == three[:2]
    lead = api.rows("leads")[0]["id"]
    on = {"filter[entity_type]": "leads", "filter[entity_id]": lead}
    assert found(api, "tasks", **on) == [three[2]]
    assert found(api, "tasks", **{**on, "filter[entity_id]": 5}) == []


def test_tasks_are_found_by_the_stage_of_their_lead(api: Api, three: list[int]):
    main, stages = api.pipeline()["id"], api.stages()
    name = "filter[lead_statuses][0]"
    query = {f"{name}[pipeline_id]": main, f"{name}[status_id]": stages[0]}
    assert found(api, "tasks", **query) == [three[2]]
    api.patch(f"leads/{api.rows('leads')[0]['id']}", {"status_id": stages[1]})
    assert found(api, "tasks", **query) == []
