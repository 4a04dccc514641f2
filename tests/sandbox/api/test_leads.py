"""Leads: what an item holds, what a write answers, the rules of a lead's life."""

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import choose, deactivate, ids, user_ids
from tests.sandbox.kit import ORIGIN, Api, flaws

WON, LOST = 142, 143
KEYS = """
id name price responsible_user_id group_id status_id pipeline_id loss_reason_id
created_by updated_by created_at updated_at closed_at closest_task_at is_deleted
custom_fields_values score account_id labor_cost is_price_computed
price_with_minor_units _links _embedded
""".split()


def reason(api: Api) -> int:
    return int(api.rows("leads/loss_reasons")[0]["id"])


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    lead = api.get(f"leads/{api.lead()}")
    assert sorted(lead) == sorted(KEYS)
    assert lead["_embedded"] == {"tags": [], "companies": []}
    assert lead["_links"]["self"]["href"] == f"{ORIGIN}/api/v4/leads/{lead['id']}"


def test_a_list_and_an_answer_by_id_show_the_same_object(api: Api):
    number = api.lead(name="Roof repair", price=5000)
    assert api.rows("leads") == [api.get(f"leads/{number}")]


def test_creating_answers_id_request_id_and_link_of_each(api: Api):
    body = api.post("leads", [{"request_id": "mine"}, {}])
    first, second = body["_embedded"]["leads"]
    assert (first["request_id"], second["request_id"]) == ("mine", "1")
    assert set(first) == {"id", "request_id", "_links"}
    assert body["_links"]["self"]["href"] == f"{ORIGIN}/api/v4/leads"


def test_a_batch_of_changes_answers_updated_at_of_each(api: Api, clock: ManualClock):
    first, second = api.make("leads", {}, {})
    clock.advance(60)
    sent = [{"id": second, "name": "B", "request_id": "b"}, {"id": first, "name": "A"}]
    rows = api.patch("leads", sent)["_embedded"]["leads"]
    assert ids(rows) == [second, first]
    assert [row["request_id"] for row in rows] == ["b", "1"]
    assert {row["updated_at"] for row in rows} == {int(clock.now())}


def test_a_single_change_answers_at_the_root(api: Api, clock: ManualClock):
    number = api.lead()
    clock.advance(60)
    body = api.patch(f"leads/{number}", {"name": "New"})
    assert set(body) == {"id", "updated_at", "_links"}
    assert (body["id"], body["updated_at"]) == (number, int(clock.now()))


def test_a_lead_of_which_nothing_is_said_stands_first_in_the_main_pipeline(api: Api):
    lead = api.get(f"leads/{api.lead()}")
    assert lead["pipeline_id"] == api.pipeline()["id"]
    assert lead["status_id"] == api.stages()[0]
    assert lead["name"] == f"Lead #{lead['id']}"
    assert lead["responsible_user_id"] == user_ids(api)[0]


def test_a_post_with_an_id_creates_a_new_lead(api: Api):
    number = api.lead(name="Old")
    assert api.lead(id=number, name="New") != number
    assert api.get(f"leads/{number}")["name"] == "Old"


def test_what_a_change_leaves_out_stays(api: Api):
    number = api.lead(name="Roof", price=700, tags_to_add=[{"name": "vip"}])
    before = api.get(f"leads/{number}")
    api.patch(f"leads/{number}", {"name": "Wall"})
    assert api.get(f"leads/{number}") == {**before, "name": "Wall"}


def test_a_change_bumps_updated_at_and_updated_by(api: Api, clock: ManualClock):
    number = api.lead(created_by=0, updated_by=0)
    clock.advance(5)
    api.patch(f"leads/{number}", {"price": 1})
    lead = api.get(f"leads/{number}")
    assert lead["updated_at"] - lead["created_at"] == 5
    assert lead["updated_by"] == user_ids(api)[0]


@pytest.mark.parametrize(
    ("sent", "whole", "exact"),
    [
        (5000, 5000, 5000.0),
        (12.34, 12, 12.34),
        (12.99, 12, 12.99),
        (None, 0, 0.0),
        (-7.6, -7, -7.6),
    ],
)
def test_a_price_with_cents_reads_back_whole_and_exact(api: Api, sent, whole, exact):
    lead = api.get(f"leads/{api.lead(price=sent)}")
    assert (lead["price"], type(lead["price"])) == (whole, int)
    assert lead["price_with_minor_units"] == exact
    assert isinstance(lead["price_with_minor_units"], float)


@pytest.mark.parametrize(("sent", "whole"), [(12.49, 12), (12.5, 13), (-12.5, -13)])
def test_whether_the_whole_price_is_rounded_is_a_switch(api: Api, sent, whole):
    choose(api, price_fraction="round")
    assert api.get(f"leads/{api.lead(price=sent)}")["price"] == whole


@pytest.mark.parametrize("price", ["12", True, [12]])
def test_a_price_that_is_no_number_is_of_an_invalid_type(api: Api, price):
    body = api.post("leads", [{"price": price}], 400)
    assert flaws(body) == [("0", "InvalidType", "price")]


def test_a_price_beyond_all_reckoning_is_refused(api: Api):
    body = api.post("leads", [{"price": 1e300}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "price")]


def test_created_by_zero_is_kept_and_means_a_robot(api: Api):
    lead = api.get(f"leads/{api.lead(created_by=0, updated_by=0)}")
    assert (lead["created_by"], lead["updated_by"]) == (0, 0)


@pytest.mark.parametrize("author", ["user", "robot"])
def test_who_has_written_when_nobody_is_named_is_a_switch(api: Api, author: str):
    choose(api, api_author=author)
    lead = api.get(f"leads/{api.lead()}")
    expected = user_ids(api)[0] if author == "user" else 0
    assert (lead["created_by"], lead["updated_by"]) == (expected, expected)


@pytest.mark.parametrize("status", [WON, LOST])
def test_entering_a_closing_stage_sets_closed_at(
    api: Api, clock: ManualClock, status: int
):
    number = api.lead()
    assert api.get(f"leads/{number}")["closed_at"] is None
    clock.advance(60)
    api.patch(f"leads/{number}", {"status_id": status})
    assert api.get(f"leads/{number}")["closed_at"] == int(clock.now())


def test_a_lead_created_closed_has_closed_at(api: Api, clock: ManualClock):
    lead = api.get(f"leads/{api.lead(status_id=WON)}")
    assert lead["closed_at"] == int(clock.now())


def test_closed_at_can_be_written_on_creation_and_change(api: Api):
    number = api.lead(status_id=WON, closed_at=1_700_000_000)
    assert api.get(f"leads/{number}")["closed_at"] == 1_700_000_000
    api.patch(f"leads/{number}", {"closed_at": 1_600_000_000})
    assert api.get(f"leads/{number}")["closed_at"] == 1_600_000_000


@pytest.mark.parametrize("clears", [True, False])
def test_reopening_clears_closed_at_by_switch(api: Api, clears: bool):
    choose(api, reopening_clears_closed_at=clears)
    number = api.lead(status_id=WON)
    api.patch(f"leads/{number}", {"status_id": api.stages()[1]})
    assert (api.get(f"leads/{number}")["closed_at"] is None) == clears


def test_a_loss_reason_on_an_open_lead_is_refused_by_its_id(api: Api):
    number = api.lead()
    body = api.patch(f"leads/{number}", {"loss_reason_id": reason(api)}, 400)
    expected = "Loss reason can be specified only for lost lead"
    assert body["errors"] == {str(number): expected}
    assert body["detail"] == "Invalid request body"


def test_a_lost_lead_keeps_its_reason_until_it_is_reopened(api: Api):
    number = api.lead(status_id=LOST, loss_reason_id=reason(api))
    assert api.get(f"leads/{number}")["loss_reason_id"] == reason(api)
    api.patch(f"leads/{number}", {"status_id": api.stages()[0]})
    assert api.get(f"leads/{number}")["loss_reason_id"] is None


@pytest.mark.parametrize("none", [None, 0])
def test_no_loss_reason_may_be_sent_for_any_lead(api: Api, none: int | None):
    lead = api.get(f"leads/{api.lead(loss_reason_id=none)}")
    assert lead["loss_reason_id"] is None


def test_an_unknown_loss_reason_is_no_valid_choice(api: Api):
    body = api.post("leads", [{"status_id": LOST, "loss_reason_id": 5}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "loss_reason_id")]


@pytest.mark.parametrize("status", [WON, LOST])
def test_won_and_lost_are_valid_in_the_pipeline_where_the_lead_stands(
    api: Api, status: int
):
    other = next(p for p in api.rows("leads/pipelines") if not p["is_main"])
    number = api.lead(pipeline_id=other["id"])
    api.patch(f"leads/{number}", {"status_id": status})
    lead = api.get(f"leads/{number}")
    assert (lead["pipeline_id"], lead["status_id"]) == (other["id"], status)


def test_a_stage_of_another_pipeline_is_no_valid_choice(api: Api):
    other = next(p for p in api.rows("leads/pipelines") if not p["is_main"])
    stage = other["_embedded"]["statuses"][1]["id"]
    number = api.lead()
    body = api.patch("leads", [{"id": number, "status_id": stage}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "status_id")]
    assert body["detail"] == "Request validation failed"


def test_stage_and_pipeline_together_move_a_lead_across(api: Api):
    other = next(p for p in api.rows("leads/pipelines") if not p["is_main"])
    stage = other["_embedded"]["statuses"][2]["id"]
    number = api.lead()
    api.patch(f"leads/{number}", {"pipeline_id": other["id"], "status_id": stage})
    assert api.get(f"leads/{number}")["status_id"] == stage


@pytest.mark.parametrize("moves", [True, False])
def test_a_pipeline_alone_moves_to_its_first_stage_by_switch(api: Api, moves: bool):
    choose(api, pipeline_alone_moves_to_first_stage=moves)
    other = next(p for p in api.rows("leads/pipelines") if not p["is_main"])
    number = api.lead()
    api.patch(f"leads/{number}", {"pipeline_id": other["id"]}, 200 if moves else 400)
    first = other["_embedded"]["statuses"][1]["id"]
    expected = first if moves else api.stages()[0]
    assert api.get(f"leads/{number}")["status_id"] == expected


@pytest.mark.parametrize("allowed", [True, False])
def test_the_incoming_stage_can_be_set_by_switch_only(api: Api, allowed: bool):
    choose(api, incoming_stage_can_be_set=allowed)
    incoming = api.pipeline()["_embedded"]["statuses"][0]["id"]
    status = 200 if allowed else 400
    assert api.patch(f"leads/{api.lead()}", {"status_id": incoming}, status)


@pytest.mark.parametrize(("choice", "status"), [("accept", 200), ("refuse", 400)])
def test_an_updated_at_older_than_stored_is_refused_by_switch_only(
    api: Api, choice: str, status: int
):
    choose(api, stale_updated_at=choice)
    number = api.lead()
    sent = {"name": "Late", "updated_at": api.get(f"leads/{number}")["updated_at"] - 1}
    api.patch(f"leads/{number}", sent, status)
    assert (api.get(f"leads/{number}")["name"] == "Late") == (status == 200)


def test_a_lead_that_is_not_there_spoils_a_batch_by_its_id(api: Api):
    known, gone = api.make("leads", {"name": "Old"}, {})
    api.act("trash", entity="leads", id=gone)
    sent = [{"id": i, "name": "New"} for i in (known, gone, 77)]
    body = api.patch("leads", sent, 400)
    assert body["errors"] == {str(gone): "Lead not found", "77": "Lead not found"}
    assert api.get(f"leads/{known}")["name"] == "Old"


@pytest.mark.parametrize("path", ["leads", "leads/1"])
def test_leads_cannot_be_deleted(api: Api, path: str):
    answer = api.call("DELETE", path)
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize(("choice", "status"), [("ignore", 200), ("refuse", 400)])
def test_unknown_keys_of_an_item_are_refused_by_switch_only(
    api: Api, choice: str, status: int
):
    choose(api, unknown_body_keys=choice)
    assert api.post("leads", [{"colour": "red"}], status)


@pytest.mark.parametrize("key", ["responsible_user_id", "created_by", "updated_by"])
def test_a_deactivated_user_is_no_valid_choice(api: Api, key: str):
    user = user_ids(api)[-1]
    deactivate(api, user)
    body = api.post("leads", [{key: user}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", key)]


@pytest.mark.parametrize("key", ["responsible_user_id", "created_by", "updated_by"])
def test_a_user_whom_the_account_does_not_know_is_named(api: Api, key: str):
    body = api.post("leads", [{key: 99}], 400)
    expected = "User(s) 99 are not associated with provided account."
    assert body["detail"] == expected
