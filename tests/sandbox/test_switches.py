"""What no source confirms follows its switch, in both positions."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.oauth.tokens import ours
from tests.sandbox.kit import Api

HOOK = "https://example.com/hook"


@pytest.fixture
def bodies() -> list[dict[str, str]]:
    return []


@pytest.fixture
def hooked(bodies: list[dict[str, str]], clock: ManualClock) -> Api:
    """Return an account whose webhooks end up, decoded, in `bodies`."""

    def send(_url: str, body: bytes, _headers: dict[str, str]) -> int:
        bodies.append(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        return 200

    return Api(Sandbox.empty(clock=clock, send=send))


def subscribe(api: Api, *codes: str) -> None:
    api.post("webhooks", {"destination": HOOK, "settings": list(codes)}, 201)


def flip(api: Api, name: str, value: Any) -> None:
    setattr(api.sandbox.state.choices, name, value)


def told(api: Api, bodies: list[dict[str, str]]) -> dict[str, str]:
    api.sandbox.tick()
    return bodies[-1]


@pytest.mark.parametrize(("form", "key"), [("keyed", "[0][value]"), ("bare", "[0]")])
def test_dates_in_webhooks_are_keyed_or_bare(hooked: Api, bodies, form, key):
    flip(hooked, "hook_dates", form)
    [field] = hooked.make("leads/custom_fields", {"name": "Day", "type": "date"})
    subscribe(hooked, "add_lead")
    values = [{"field_id": field, "values": [{"value": 1790000000}]}]
    hooked.lead(custom_fields_values=values)
    name = f"leads[add][0][custom_fields][0][values]{key}"
    assert told(hooked, bodies)[name] == "1790000000"


@pytest.mark.parametrize("named", [True, False])
def test_a_status_hook_names_the_old_pipeline_or_not(hooked: Api, bodies, named):
    flip(hooked, "hook_old_pipeline", named)
    subscribe(hooked, "status_lead")
    hooked.patch("leads", [{"id": hooked.lead(), "status_id": 142}])
    assert ("leads[status][0][old_pipeline_id]" in told(hooked, bodies)) is named


@pytest.mark.parametrize("detailed", [True, False])
def test_a_note_hook_has_details_or_not(hooked: Api, bodies, detailed):
    flip(hooked, "hook_note_details", detailed)
    subscribe(hooked, "note_lead")
    note = {"note_type": "common", "params": {"text": "hello"}}
    hooked.post(f"leads/{hooked.lead()}/notes", [note])
    assert ("leads[note][0][note][group_id]" in told(hooked, bodies)) is detailed


@pytest.mark.parametrize("named", [True, False])
def test_a_contact_hook_names_the_company_or_not(hooked: Api, bodies, named):
    flip(hooked, "hook_contact_company", named)
    company = {"companies": [{"id": hooked.company()}]}
    subscribe(hooked, "add_contact")
    hooked.contact(_embedded=company)
    assert ("contacts[add][0][company_name]" in told(hooked, bodies)) is named


@pytest.mark.parametrize(("form", "full"), [("full", True), ("brief", False)])
@pytest.mark.parametrize(
    ("kind", "path"),
    [("leads", "leads"), ("contacts", "contacts"), ("companies", "contacts")],
)
def test_a_restored_card_is_told_in_full_or_in_brief(
    hooked, bodies, kind, path, form, full
):
    flip(hooked, "hook_restore_form", form)
    subscribe(hooked, "restore_lead", "restore_contact", "restore_company")
    [card_id] = hooked.make(kind, {"name": "back"})
    hooked.act("trash", entity=kind, id=card_id)
    hooked.act("restore", entity=kind, id=card_id)
    body = told(hooked, bodies)
    assert body[f"{path}[restore][0][id]"] == str(card_id)
    assert (f"{path}[restore][0][name]" in body) is full


@pytest.mark.parametrize("carried", [True, False])
def test_a_finished_task_hook_carries_the_result_id_or_not(hooked, bodies, carried):
    flip(hooked, "hook_task_result_id", carried)
    [task] = hooked.make("tasks", {"text": "call", "complete_till": 1790000000})
    subscribe(hooked, "update_task")
    done = {"id": task, "is_completed": True, "result": {"text": "yes"}}
    hooked.patch("tasks", [done])
    assert ("task[update][0][result][id]" in told(hooked, bodies)) is carried


@pytest.mark.parametrize(("choice", "status"), [("refuse", 400), ("accept", 201)])
def test_an_unknown_webhook_code_is_refused_or_accepted(api: Api, choice, status):
    flip(api, "webhook_unknown_code", choice)
    assert api.post("webhooks", {"destination": HOOK, "settings": ["add_moon"]}, status)


@pytest.mark.parametrize(("choice", "status"), [("accept", 200), ("refuse", 403)])
def test_a_call_without_a_user_agent_is_accepted_or_refused(api: Api, choice, status):
    flip(api, "empty_user_agent", choice)
    answer = api.call("GET", "account", headers={"User-Agent": ""})
    assert answer.status_code == status


@pytest.mark.parametrize(("choice", "status"), [("ignore", 200), ("obey", 304)])
def test_an_unchanged_list_is_sent_again_or_not(api: Api, choice, status):
    flip(api, "if_modified_since", choice)
    api.lead()
    since = {"If-Modified-Since": "Mon, 21 Sep 2026 15:00:00 GMT"}
    api.sandbox.state.clock.sleep(3600)
    later = {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert api.call("GET", "leads", headers=later).status_code == 200
    assert api.call("GET", "leads", headers=since).status_code == status


@pytest.mark.parametrize("carried", [True, False])
def test_the_redirect_carries_platform_or_not(api: Api, carried):
    flip(api, "redirect_platform", carried)
    form = {"client_id": ours(api.sandbox.state).client_id, "answer": "allow"}
    location = api.call("POST", "/oauth", data=form).headers["location"]
    assert ("platform" in dict(parse_qsl(urlsplit(location).query))) is carried


@pytest.mark.parametrize(("needed", "status"), [(False, 200), (True, 401)])
def test_tokens_of_a_former_administrator_live_or_die(api: Api, needed, status):
    flip(api, "tokens_need_admin", needed)
    api.token = api.sandbox.token
    for user in api.sandbox.state.data.users.values():
        user.is_admin = False
    assert api.call("GET", "account").status_code == status


@pytest.mark.parametrize(("can", "status"), [(True, 200), (False, 400)])
def test_a_finished_task_can_be_opened_again_or_not(api: Api, can, status):
    flip(api, "task_can_be_reopened", can)
    item = {"text": "x", "complete_till": 1, "is_completed": True}
    [task] = api.make("tasks", item)
    assert api.patch("tasks", [{"id": task, "is_completed": False}], status)


@pytest.mark.parametrize("named", [True, False])
def test_a_lead_without_a_name_is_given_one_or_not(api: Api, named):
    flip(api, "lead_gets_a_name", named)
    lead_id = api.lead()
    assert api.get(f"leads/{lead_id}")["name"] == (f"Lead #{lead_id}" if named else "")


def test_a_patch_of_a_trashed_lead_is_refused_in_words_or_by_code(api: Api):
    lead_id = api.lead()
    api.act("trash", entity="leads", id=lead_id)
    in_words = api.patch("leads", [{"id": lead_id, "price": 1}], 400)
    flip(api, "deleted_card_error", "code")
    by_code = api.patch("leads", [{"id": lead_id, "price": 1}], 400)
    assert in_words["errors"] == {str(lead_id): "Lead not found"}
    assert [error["code"] for error in by_code["errors"]] == [226]
