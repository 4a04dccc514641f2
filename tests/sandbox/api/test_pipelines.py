"""Pipelines, their stages, and the reasons for which leads are lost."""

from typing import Any

import pytest

from tests.sandbox.facts import choose, found, ids, told
from tests.sandbox.kit import ORIGIN, Api, flaws

WON, LOST = 142, 143
PIPELINE_KEYS = """
id name sort is_main is_unsorted_on is_archive account_id _links _embedded
""".split()
STATUS_KEYS = """
id name sort is_editable pipeline_id color type account_id _links
""".split()
COLORS = """
#fffeb2 #fffd7f #fff000 #ffeab2 #ffdc7f #ffce5a #ffdbdb #ffc8c8 #ff8f92 #d6eaff
#c1e0ff #98cbff #ebffb1 #deff81 #87f2c0 #f9deff #f3beff #ccc8f9 #eb93ff #f2f3f4
#e6e8ea
""".split()


def make(api: Api, **item: Any) -> Any:
    body = api.post("leads/pipelines", [{"name": "Extra", **item}])
    return body["_embedded"]["pipelines"][0]


def statuses(pipeline: Any) -> Any:
    return pipeline["_embedded"]["statuses"]


def test_items_hold_every_documented_key_and_no_other(api: Api):
    main = api.pipeline()
    assert sorted(main) == sorted(PIPELINE_KEYS)
    for status in statuses(main):
        assert sorted(status) == sorted(STATUS_KEYS)
        assert status["pipeline_id"] == main["id"]
    href = f"{ORIGIN}/api/v4/leads/pipelines/{main['id']}"
    assert main["_links"]["self"]["href"] == href


def test_every_pipeline_begins_with_incoming_and_ends_with_142_and_143(api: Api):
    make(api)
    pipelines = api.rows("leads/pipelines")
    assert len(pipelines) == 3
    for pipeline in pipelines:
        assert ids(statuses(pipeline))[-2:] == [WON, LOST]
        assert [s["type"] for s in statuses(pipeline)].index(1) == 0
        assert [s["type"] for s in statuses(pipeline)].count(1) == 1


def test_the_incoming_stage_has_an_id_of_its_own_in_each_pipeline(api: Api):
    firsts = [statuses(p)[0]["id"] for p in api.rows("leads/pipelines")]
    assert len(set(firsts)) == len(firsts)


def test_an_answer_by_id_stands_at_the_root(api: Api):
    main = api.pipeline()
    assert api.get(f"leads/pipelines/{main['id']}") == main
    stage = statuses(main)[1]
    path = f"leads/pipelines/{main['id']}/statuses"
    assert api.get(f"{path}/{stage['id']}") == stage
    assert api.rows(path) == statuses(main)


@pytest.mark.parametrize("status", [404, 204])
def test_a_pipeline_or_stage_that_is_not_there_is_404_by_switch(api: Api, status: int):
    choose(api, missing_admin_entity=status)
    main = api.pipeline()["id"]
    for path in ("leads/pipelines/5", f"leads/pipelines/{main}/statuses/5"):
        assert api.call("GET", path).status_code == status


def test_page_and_limit_are_ignored(api: Api):
    assert ids(api.rows("leads/pipelines?limit=1&page=7")) == ids(
        api.rows("leads/pipelines")
    )


def test_making_answers_the_whole_pipeline_with_its_stages(api: Api):
    stages = [{"name": "One", "color": "#fffeb2"}, {"name": "Two"}]
    named = [{"id": WON, "name": "Sold"}, {"id": LOST, "name": "Gone"}]
    made = make(api, request_id="r", sort=70, _embedded={"statuses": stages + named})
    assert made.pop("request_id") == "r"
    assert made == api.get(f"leads/pipelines/{made['id']}")
    names = [s["name"] for s in statuses(made)]
    assert names == ["Incoming leads", "One", "Two", "Sold", "Gone"]
    assert [s["color"] for s in statuses(made)][1:3] == ["#fffeb2", "#ffff99"]


def test_sorts_of_stages_are_made_even(api: Api):
    stages = [{"name": "Two", "sort": 77}, {"name": "One", "sort": 3}]
    made = make(api, _embedded={"statuses": stages})
    sorts = {s["name"]: s["sort"] for s in statuses(made)[:3]}
    assert sorts == {"Incoming leads": 10, "One": 20, "Two": 30}
    assert [s["sort"] for s in statuses(made)[-2:]] == [10_000, 11_000]


def test_a_new_main_pipeline_takes_the_flag_away_from_the_old_one(api: Api):
    made = make(api, is_main=True)
    assert [p["id"] for p in api.rows("leads/pipelines") if p["is_main"]] == [
        made["id"]
    ]
    assert api.get(f"leads/{api.lead()}")["pipeline_id"] == made["id"]


def test_changing_answers_the_whole_pipeline_at_the_root(api: Api):
    made = make(api)
    body = api.patch(f"leads/pipelines/{made['id']}", {"name": "Other", "sort": 5})
    assert (body["id"], body["name"], body["sort"]) == (made["id"], "Other", 5)
    assert statuses(body) == statuses(made)


@pytest.mark.parametrize("color", COLORS)
def test_a_stage_takes_a_colour_of_the_palette(api: Api, color: str):
    made = make(api, _embedded={"statuses": [{"name": "One", "color": color}]})
    assert statuses(made)[1]["color"] == color


@pytest.mark.parametrize("color", ["#000000", "fffeb2"])
def test_another_colour_is_no_valid_choice(api: Api, color: str):
    stages = [{"name": "One"}, {"name": "Two", "color": color}]
    sent = [{"name": "Extra", "_embedded": {"statuses": stages}}]
    body = api.post("leads/pipelines", sent, 400)
    path = "_embedded.statuses.1.color"
    assert flaws(body) == [("0", "NotSupportedChoice", path)]
    assert len(api.rows("leads/pipelines")) == 2


@pytest.mark.parametrize(("count", "status"), [(97, 200), (98, 400)])
def test_a_pipeline_has_a_hundred_stages_with_the_system_ones(
    api: Api, count: int, status: int
):
    stages = [{"name": f"S{i}"} for i in range(count)]
    sent = [{"name": "Extra", "_embedded": {"statuses": stages}}]
    assert api.post("leads/pipelines", sent, status)


def test_an_account_has_fifty_pipelines_at_most(api: Api):
    api.post("leads/pipelines", [{"name": "Extra"}] * 48)
    api.post("leads/pipelines", [{"name": "Extra"}], 400)
    assert len(api.rows("leads/pipelines")) == 50


def test_deleting_an_empty_pipeline_is_204(api: Api):
    made = make(api)
    api.delete(f"leads/pipelines/{made['id']}")
    assert made["id"] not in ids(api.rows("leads/pipelines"))


def test_deleting_a_pipeline_that_is_not_there_is_400_without_a_request_id(api: Api):
    body = api.delete("leads/pipelines/5", None, 400)
    [item] = body["validation-errors"]
    assert set(item) == {"errors"}
    [error] = item["errors"]
    assert (error["code"], error["path"]) == ("NotSupportedChoice", "id")


def test_a_pipeline_with_leads_cannot_be_deleted(api: Api):
    made = make(api)
    lead = api.lead(pipeline_id=made["id"])
    body = api.delete(f"leads/pipelines/{made['id']}", None, 422)
    assert body["detail"].startswith("Only pipelines without leads c")
    api.act("trash", entity="leads", id=lead)
    api.delete(f"leads/pipelines/{made['id']}")


def test_the_last_pipeline_cannot_be_deleted(api: Api):
    first, second = ids(api.rows("leads/pipelines"))
    api.delete(f"leads/pipelines/{first}")
    assert api.pipeline()["id"] == second
    assert api.call("DELETE", f"leads/pipelines/{second}").status_code == 422


def stage_path(api: Api, place: int) -> str:
    main = api.pipeline()
    stage = statuses(main)[place]["id"]
    return f"leads/pipelines/{main['id']}/statuses/{stage}"


def test_a_stage_is_made_in_its_place(api: Api):
    main = api.pipeline()
    sent = [{"name": "Between", "sort": 25, "request_id": "r"}]
    body = api.post(f"leads/pipelines/{main['id']}/statuses", sent)
    [made] = body["_embedded"]["statuses"]
    assert (made["request_id"], made["pipeline_id"]) == ("r", main["id"])
    names = [s["name"] for s in statuses(api.pipeline())]
    assert names.index("Between") == 2


def test_an_ordinary_stage_is_renamed_and_coloured(api: Api):
    path = stage_path(api, 1)
    body = api.patch(path, {"name": "First talk", "color": "#eb93ff"})
    assert (body["name"], body["color"]) == ("First talk", "#eb93ff")
    assert api.get(path) == body


@pytest.mark.parametrize("place", [-2, -1])
def test_won_and_lost_can_be_renamed_and_nothing_else(api: Api, place: int):
    path = stage_path(api, place)
    assert api.patch(path, {"name": "Done"})["name"] == "Done"
    api.patch(path, {"color": "#eb93ff"}, 400)
    api.patch(path, {"name": "Other", "sort": 5}, 400)
    assert api.get(path)["name"] == "Done"


def test_the_incoming_stage_cannot_be_edited(api: Api):
    assert api.patch(stage_path(api, 0), {"name": "Inbox"}, 400)


@pytest.mark.parametrize("place", [0, -2, -1])
def test_system_stages_cannot_be_deleted(api: Api, place: int):
    path = stage_path(api, place)
    assert api.call("DELETE", path).status_code == 400
    assert api.get(path) is not None


@pytest.mark.parametrize(("place", "expected"), [(3, 1), (1, 2)])
def test_a_deleted_stage_sends_its_leads_to_the_first_one(
    api: Api, place: int, expected: int
):
    path, stages = stage_path(api, place), statuses(api.pipeline())
    lead = api.lead(status_id=stages[place]["id"])
    api.delete(path)
    assert api.get(f"leads/{lead}")["status_id"] == stages[expected]["id"]
    assert len(told(api, "lead_status_changed")) == 1


def test_descriptions_are_told_when_asked_for(api: Api):
    path = stage_path(api, 1)
    assert "descriptions" not in api.get(path)
    assert api.get(f"{path}?with=descriptions")["descriptions"] == []
    sent = {"descriptions": [{"level": "newbie", "description": "Say hello"}]}
    api.patch(path, sent)
    [shown] = api.get(f"{path}?with=descriptions")["descriptions"]
    assert (shown["level"], shown["description"]) == ("newbie", "Say hello")
    keys = {"id", "account_id", "created_at", "updated_at", "created_by", "updated_by"}
    assert set(shown) == keys | {"pipeline_id", "status_id", "level", "description"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "leads/pipelines"), ("POST", "leads/loss_reasons")],
)
def test_only_administrators_write(api: Api, method: str, path: str):
    api.headers["X-Context-User-ID"] = str(api.rows("users")[1]["id"])
    before = api.rows(path)
    assert api.call(method, path, [{"name": "A"}]).status_code == 403
    assert api.rows(path) == before


def test_a_loss_reason_is_made_read_and_deleted(api: Api):
    sent = [{"name": "Moved away", "sort": 7, "request_id": "r"}]
    [made] = api.post("leads/loss_reasons", sent)["_embedded"]["loss_reasons"]
    assert (made["name"], made["sort"], made.pop("request_id")) == (
        "Moved away",
        7,
        "r",
    )
    path = f"leads/loss_reasons/{made['id']}"
    assert api.get(path) == made
    assert made["id"] in found(api, "leads/loss_reasons")
    api.delete(path)
    assert api.get(path) is None
    assert made["id"] not in found(api, "leads/loss_reasons")


def test_loss_reasons_need_the_function_to_be_on(api: Api):
    api.sandbox.state.data.account.is_loss_reason_enabled = False
    assert api.call("GET", "leads/loss_reasons").status_code == 422
    assert api.get("account")["is_loss_reason_enabled"] is False
