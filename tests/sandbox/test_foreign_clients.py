"""What published clients of this API send, and what they need to read."""

import pytest

from kommo_sync.sandbox.app import Sandbox
from tests.sandbox.kit import Api, flaws

FORM = {"form_id": "7", "form_name": "Callback", "form_page": "https://shop.example"}


def arrive(api: Api) -> str:
    """Let a request come in by a form; returns its uid."""
    item = {
        "source_name": "Shop",
        "source_uid": "form-7",
        "metadata": {**FORM, "ip": "203.0.113.5", "form_sent_at": 1, "referer": ""},
        "_embedded": {"leads": [{"name": "Roof"}]},
    }
    body = api.post("leads/unsorted/forms", [item])
    return str(body["_embedded"]["unsorted"][0]["uid"])


def stage(api: Api, status_id: int) -> str:
    """Return the path of a stage of the main pipeline."""
    return f"leads/pipelines/{api.pipeline()['id']}/statuses/{status_id}"


def test_the_consent_page_opens_with_a_slash_at_the_end(api: Api, sandbox: Sandbox):
    [integration] = [i for i in sandbox.state.data.integrations.values() if i.is_ours]
    asked = {"client_id": integration.client_id, "scope": "", "approval_prompt": "auto"}
    for path in ("/oauth", "/oauth/"):
        answer = api.call("GET", path, params=asked)
        assert answer.status_code == 200
        assert 'action="/oauth"' in answer.text


@pytest.mark.parametrize(
    ("method", "verb"), [("POST", "accept"), ("DELETE", "decline")]
)
def test_an_incoming_lead_is_sorted_away_by_a_body_that_php_spells_as_a_list(
    api: Api, method: str, verb: str
):
    uid = arrive(api)
    answer = api.call(method, f"leads/unsorted/{uid}/{verb}", [])
    assert answer.status_code == 200
    assert answer.json()["uid"] == uid
    assert api.rows("leads/unsorted") == []


def test_a_note_is_pinned_without_its_card_in_the_path(api: Api):
    lead = api.lead()
    item = {"entity_id": lead, "note_type": "common", "params": {"text": "Hello"}}
    [note] = api.make("leads/notes", item)
    api.post(f"leads/notes/{note}/pin", [], status=204)
    assert api.get(f"leads/notes/{note}?with=is_pinned")["is_pinned"] is True
    api.post(f"leads/notes/{note}/unpin", [], status=204)
    assert api.get(f"leads/notes/{note}?with=is_pinned")["is_pinned"] is False


def test_a_closing_stage_is_renamed_by_sending_all_of_it_back(api: Api):
    path = stage(api, 142)
    whole = {k: v for k, v in api.get(path).items() if k in ("sort", "color")}
    assert api.patch(path, {"name": "Done", **whole})["name"] == "Done"
    api.patch(path, {"name": "Won", **whole, "color": "#fffeb2"}, status=400)
    assert api.get(path)["name"] == "Done"


def test_a_stage_is_described_for_each_level_of_its_readers(api: Api):
    path, levels = stage(api, api.stages()[0]), ["newbie", "candidate", "master"]
    sent = [{"level": level, "description": f"For a {level}"} for level in levels]
    api.patch(path, {"descriptions": sent})
    api.patch(path, {"descriptions": [{"level": "master", "description": "Close it"}]})
    shown = api.get(f"{path}?with=descriptions")["descriptions"]
    assert [row["level"] for row in shown] == levels
    assert shown[0]["description"] == "For a newbie"
    assert shown[2]["description"] == "Close it"
    assert len({row["id"] for row in shown}) == len(levels)
    assert all(isinstance(row["created_at"], str) for row in shown)


def test_a_description_for_an_unknown_level_is_refused(api: Api):
    sent = {"descriptions": [{"level": "guru", "description": "Hm"}]}
    body = api.patch(stage(api, api.stages()[0]), sent, status=400)
    assert flaws(body) == [("0", "NotSupportedChoice", "descriptions.0.level")]


def test_a_loss_reason_is_renamed(api: Api):
    [reason] = api.make("leads/loss_reasons", {"name": "Dear", "sort": 3})
    sent = {"name": "Too dear", "sort": 3, "request_id": "0"}
    assert api.patch(f"leads/loss_reasons/{reason}", sent)["name"] == "Too dear"
    assert api.get(f"leads/loss_reasons/{reason}")["name"] == "Too dear"
    api.patch("leads/loss_reasons/999", {"name": "Gone"}, status=404)


def test_one_tag_of_leads_is_changed_by_its_id(api: Api):
    [tag] = api.make("leads/tags", {"name": "vip", "color": "247BA0"})
    sent = {"id": tag, "name": "gold", "color": "247BA0", "request_id": "0"}
    body = api.patch(f"leads/tags/{tag}", sent)
    assert body == {"id": tag, "name": "gold", "color": "247BA0"}
    assert [row["name"] for row in api.rows("leads/tags")] == ["gold"]
    api.patch("leads/tags/999", {"name": "none"}, status=400)


def test_a_user_has_the_rights_that_were_sent_and_all_others(api: Api):
    letters = dict.fromkeys(("view", "edit", "add", "delete", "export"), "D")
    rights = {"leads": letters, "mail_access": False, "contacts": None}
    item = {"name": "Ann", "email": "ann@example.com", "rights": rights}
    [made] = api.post("users", [item], status=201)["_embedded"]["users"]
    shown = api.get(f"users/{made['id']}")["rights"]
    assert (shown["leads"], shown["mail_access"]) == (letters, False)
    assert shown["contacts"]["view"] == "M"
    assert shown["catalog_access"] is True


def test_a_user_with_a_role_has_its_rights(api: Api):
    rights = {"tasks": {"edit": "A", "delete": "D"}, "catalog_access": False}
    role = {"name": "Sales", "rights": rights}
    [made] = api.post("roles", [role], status=201)["_embedded"]["roles"]
    item = {"name": "Ann", "email": "a@example.com", "rights": {"role_id": made["id"]}}
    [user] = api.post("users", [item], status=201)["_embedded"]["users"]
    assert user["rights"]["tasks"] == rights["tasks"]
    assert user["rights"]["catalog_access"] is False
    assert api.get(f"roles/{made['id']}")["rights"]["mail_access"] is True


def test_a_user_without_a_licence_is_made_free(api: Api):
    item = {"name": "Ann", "email": "a@example.com", "rights": {"is_free": True}}
    [user] = api.post("users", [item], status=201)["_embedded"]["users"]
    assert user["rights"]["is_free"] is True


def test_what_a_trashed_lead_embeds_is_empty_and_no_null(api: Api):
    lead = api.lead(tags_to_add=[{"name": "vip"}])
    api.act("trash", entity="leads", id=lead)
    [row] = api.rows("leads?with=only_deleted,contacts")
    assert row["_embedded"] == {"tags": [], "companies": [], "contacts": []}


@pytest.mark.parametrize(
    ("changed", "name", "parts"),
    [
        ({"name": "Bea Young"}, "Bea Young", ("Bea", "Young")),
        ({"first_name": "Bea"}, "Bea van Lee", ("Bea", "van Lee")),
        ({"last_name": "Young"}, "Ann Mary Young", ("Ann Mary", "Young")),
        ({}, "Ann Mary van Lee", ("Ann Mary", "van Lee")),
    ],
)
def test_a_contact_sent_back_whole_takes_the_name_that_was_changed(
    api: Api, changed: dict[str, str], name: str, parts: tuple[str, str]
):
    contact = api.contact(name="", first_name="Ann Mary", last_name="van Lee")
    whole = api.get(f"contacts/{contact}")
    keys = ("id", "name", "first_name", "last_name", "custom_fields_values")
    api.patch("contacts", [{**{k: whole[k] for k in keys}, **changed}])
    shown = api.get(f"contacts/{contact}")
    assert shown["name"] == name
    assert (shown["first_name"], shown["last_name"]) == parts


def test_json_is_read_under_the_content_type_that_a_token_call_left_behind(api: Api):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = '[{"name": "Acme"}]'
    answer = api.call("POST", "companies", content=body, headers=kind)
    assert answer.status_code == 200
    assert [row["name"] for row in api.rows("companies")] == ["Acme"]


def test_a_whole_lead_is_taken_back_as_it_was_read(api: Api):
    fields = [{"name": "Kind", "type": "multiselect", "enums": [{"value": "A"}]}]
    [field] = api.make("leads/custom_fields", *fields)
    values = [{"field_id": field, "values": [{"value": "A"}]}]
    lead = api.lead(price=5, custom_fields_values=values, tags_to_add=[{"name": "vip"}])
    whole = api.get(f"leads/{lead}")
    api.patch("leads", [{**whole, "name": "Roof", "price": 6}])
    shown = api.get(f"leads/{lead}")
    assert (shown["name"], shown["price"]) == ("Roof", 6)
    assert shown["custom_fields_values"] == whole["custom_fields_values"]
    assert shown["_embedded"] == whole["_embedded"]
