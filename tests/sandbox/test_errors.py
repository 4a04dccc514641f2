"""What a refusal says: the envelope, validation errors with paths, broken rules."""

from typing import Any

import pytest

from tests.sandbox.kit import Api, flaws


def envelope(status: int, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": f"https://httpstatus.es/{status}",
        "status": status,
    }


def refused(api: Api, method: str, path: str, body: Any, status: int = 400) -> Any:
    """Return the body of a refusal whose envelope is as documented."""
    answer = api.call(method, path, body)
    assert answer.status_code == status, answer.text
    sent = answer.json()
    assert sent["status"] == status
    assert sent["type"] == f"https://httpstatus.es/{status}"
    return sent


def choice(path: str) -> dict[str, str]:
    return {
        "code": "NotSupportedChoice",
        "path": path,
        "detail": "The value you selected is not a valid choice.",
    }


def test_a_validation_error_has_the_shape_of_real_answers(api: Api):
    field = {"field_id": 1, "values": [{"value": "x"}]}
    assert refused(api, "POST", "leads", [{"custom_fields_values": [field]}]) == {
        "validation-errors": [
            {"request_id": "0", "errors": [choice("custom_fields_values.0.field_id")]}
        ],
        **envelope(400, "Bad Request"),
        "detail": "Request validation failed",
    }


def test_a_value_of_the_wrong_type_names_the_type_it_should_have(api: Api):
    body = refused(api, "POST", "leads", [{"responsible_user_id": "x"}])
    [error] = body["validation-errors"][0]["errors"]
    assert error == {
        "code": "InvalidType",
        "path": "responsible_user_id",
        "detail": "This value should be of type int.",
    }


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"status_id": 1}, "status_id"),
        ({"pipeline_id": 1}, "pipeline_id"),
        (
            {"custom_fields_values": [{"field_id": 1}]},
            "custom_fields_values.0.field_id",
        ),
        (
            {"custom_fields_values": [{"field_code": "NONE"}]},
            "custom_fields_values.0.field_code",
        ),
        ({"_embedded": {"contacts": [{"id": 1}]}}, "_embedded.contacts.0.id"),
        ({"_embedded": {"companies": [{"id": 1}]}}, "_embedded.companies.0.id"),
        ({"_embedded": {"tags": [{"id": 1}]}}, "_embedded.tags.0.id"),
        ({"tags_to_add": [{"id": 1}]}, "tags_to_add.0.id"),
        ({"status_id": 143, "loss_reason_id": 1}, "loss_reason_id"),
    ],
)
def test_a_value_that_the_account_does_not_know_is_no_valid_choice(
    api: Api, item: dict[str, Any], path: str
):
    body = refused(api, "POST", "leads", [item])
    assert flaws(body) == [("0", "NotSupportedChoice", path)]


def test_paths_count_positions_in_the_item_as_it_was_sent(api: Api):
    [field_id] = api.make(
        "leads/custom_fields",
        {"name": "Kind", "type": "multiselect", "enums": [{"value": "A"}]},
    )
    good, bad = [{"value": "A"}], [{"value": "A"}, {"value": "A"}, {"value": "B"}]
    sent = [{"field_id": field_id, "values": values} for values in (good, good, bad)]
    body = refused(api, "POST", "leads", [{"custom_fields_values": sent}])
    path = "custom_fields_values.2.values.2.value"
    assert flaws(body) == [("0", "NotSupportedChoice", path)]


def test_paths_count_the_links_of_a_kind(api: Api):
    contacts = [{"id": api.contact()}, {"id": 1}, {"id": api.contact()}, {"id": 2}]
    body = refused(api, "POST", "leads", [{"_embedded": {"contacts": contacts}}])
    paths = [path for _, _, path in flaws(body)]
    assert paths == ["_embedded.contacts.1.id", "_embedded.contacts.3.id"]


def test_each_bad_item_is_named_by_its_own_request_id_or_else_its_place(api: Api):
    items = [{}, {"price": "x"}, {"request_id": "mine", "price": "x"}, {"name": "ok"}]
    body = refused(api, "POST", "leads", items)
    assert [item["request_id"] for item in body["validation-errors"]] == ["1", "mine"]


def test_one_item_can_have_several_errors(api: Api):
    body = refused(api, "POST", "leads", [{"price": "x", "status_id": "y"}])
    assert flaws(body) == [
        ("0", "InvalidType", "price"),
        ("0", "InvalidType", "status_id"),
    ]


def test_outside_a_batch_an_error_may_come_without_a_request_id(api: Api):
    body = refused(api, "DELETE", "leads/pipelines/1", None)
    assert body["validation-errors"] == [{"errors": [choice("id")]}]


@pytest.mark.parametrize("key", ["responsible_user_id", "created_by", "updated_by"])
def test_a_deactivated_user_is_no_valid_choice(api: Api, key: str):
    user_id = api.rows("users")[-1]["id"]
    api.act("deactivate_user", id=user_id)
    body = refused(api, "POST", "leads", [{key: user_id}])
    assert flaws(body) == [("0", "NotSupportedChoice", key)]


def test_a_user_of_another_account_is_refused_in_words(api: Api):
    body = refused(api, "POST", "leads", [{"responsible_user_id": 99}])
    detail = "User(s) 99 are not associated with provided account."
    assert body == {**envelope(400, "Bad Request"), "detail": detail}


@pytest.mark.parametrize(
    ("kind", "label"), [("leads", "Lead"), ("contacts", "Contact")]
)
def test_unknown_ids_in_a_batch_are_named_by_id(api: Api, kind: str, label: str):
    items = [{"id": 501, "name": "x"}, {"id": 502, "name": "x"}]
    assert refused(api, "PATCH", kind, items) == {
        "errors": {"501": f"{label} not found", "502": f"{label} not found"},
        **envelope(400, "Bad Request"),
        "detail": "Invalid request body",
    }


def test_a_lead_in_the_trash_is_not_found_by_a_batch(api: Api):
    lead_id = api.lead()
    api.act("trash", entity="leads", id=lead_id)
    body = refused(api, "PATCH", "leads", [{"id": lead_id, "name": "x"}])
    assert body["errors"] == {str(lead_id): "Lead not found"}


def test_a_loss_reason_on_an_open_lead_is_refused_by_the_leads_id(api: Api):
    lead_id = api.lead()
    reason = api.rows("leads/loss_reasons")[0]["id"]
    body = refused(api, "PATCH", "leads", [{"id": lead_id, "loss_reason_id": reason}])
    assert body == {
        "errors": {str(lead_id): "Loss reason can be specified only for lost lead"},
        **envelope(400, "Bad Request"),
        "detail": "Invalid request body",
    }


def test_a_second_field_with_the_same_code_is_no_valid_choice(api: Api):
    field = {"name": "F", "type": "text", "code": "MINE"}
    api.make("leads/custom_fields", field)
    body = refused(api, "POST", "leads/custom_fields", [field])
    assert flaws(body) == [("0", "NotSupportedChoice", "code")]


def test_two_fields_of_one_batch_cannot_share_a_code_either(api: Api):
    field = {"name": "F", "type": "text", "code": "MINE"}
    body = refused(api, "POST", "leads/custom_fields", [field, field])
    assert flaws(body) == [("1", "NotSupportedChoice", "code")]


def test_an_unknown_stage_colour_is_no_valid_choice(api: Api):
    stages = f"leads/pipelines/{api.pipeline()['id']}/statuses"
    body = refused(api, "POST", stages, [{"name": "x", "color": "#123456"}])
    assert flaws(body) == [("0", "NotSupportedChoice", "color")]


def test_a_pipeline_with_leads_is_422(api: Api):
    api.lead()
    body = refused(api, "DELETE", f"leads/pipelines/{api.pipeline()['id']}", None, 422)
    assert body["detail"].startswith("Only pipelines without leads c")
    assert "validation-errors" not in body


def test_deleting_a_task_is_403_for_its_scope(api: Api):
    [task_id] = api.make("tasks", {"text": "x", "complete_till": 1})
    body = refused(api, "DELETE", f"tasks/{task_id}", None, 403)
    assert body == {**envelope(403, "Forbidden"), "detail": "Invalid scope"}
    assert api.get(f"tasks/{task_id}")["id"] == task_id


def test_a_missing_scope_is_403_in_the_words_of_the_documentation(api: Api):
    api.act("install", scopes=["notifications"])
    api.token = api.call("POST", "/_sandbox/tokens").json()["access_token"]
    body = refused(api, "GET", "account", None, 403)
    detail = "Client doesn't have the required scope"
    assert body == {**envelope(403, "Forbidden"), "detail": detail}


def test_an_unknown_webhook_is_404(api: Api):
    sent = {"destination": "https://nobody.example/"}
    assert refused(api, "DELETE", "webhooks", sent, 404)["title"] == "Not Found"


def test_customers_are_off(api: Api):
    assert refused(api, "GET", "customers", None, 422)["detail"] == "Customers disabled"
    mode = {"mode": "segments", "is_enabled": True}
    assert refused(api, "PATCH", "customers/mode", mode, 402)["status"] == 402


@pytest.mark.parametrize(("setting", "status"), [("ignore", 200), ("refuse", 400)])
def test_keys_that_nobody_documents_are_ignored_or_refused_by_switch(
    api: Api, setting, status: int
):
    api.sandbox.state.choices.unknown_body_keys = setting
    assert api.call("POST", "leads", [{"colour": "red"}]).status_code == status


@pytest.mark.parametrize(("setting", "status"), [("refuse", 400), ("ignore", 200)])
def test_a_tag_sent_back_with_its_colour_is_refused_by_switch(
    api: Api, setting, status: int
):
    api.sandbox.state.choices.tag_color_sent_back = setting
    lead_id = api.lead(_embedded={"tags": [{"name": "vip"}]})
    tag = {**api.get(f"leads/{lead_id}")["_embedded"]["tags"][0], "color": "EBEBEB"}
    answer = api.call("PATCH", f"leads/{lead_id}", {"_embedded": {"tags": [tag]}})
    assert answer.status_code == status
