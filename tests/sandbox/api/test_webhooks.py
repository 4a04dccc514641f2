"""/webhooks: subscribed, listed, changed, deleted."""

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.oauth.tokens import issue_access, ours
from kommo_sync.sandbox.seeding.fresh import managers
from tests.sandbox.kit import ORIGIN, Api
from tests.sandbox.receivers import Receiver, subscribe

URL = "https://app.example/hook"
CODES = ["add_lead", "status_lead"]
DOCUMENTED = """
add_lead update_lead delete_lead restore_lead status_lead responsible_lead note_lead
add_contact update_contact delete_contact restore_contact responsible_contact
note_contact add_company update_company delete_company restore_company
responsible_company note_company add_customer update_customer delete_customer
responsible_customer note_customer add_task update_task delete_task responsible_task
add_talk update_talk add_message add_chat_template_review
""".split()


def post(api: Api, url: str = URL, settings: list[str] | None = None, **more):
    return api.post(
        "webhooks", {"destination": url, "settings": settings or CODES, **more}, 201
    )


def refusals(body) -> list[tuple[str, str]]:
    """Return (code, path) of every flaw; the one item of the request has no id."""
    [item] = body["validation-errors"]
    assert list(item) == ["errors"]
    return [(error["code"], error["path"]) for error in item["errors"]]


def manager(api: Api) -> Api:
    """Return the same account with the token of a user who is no administrator."""
    state = api.sandbox.state
    token = issue_access(state, ours(state), managers(state.data)[0])
    return Api(api.sandbox, token=token)


def test_a_subscription_is_answered_bare_with_every_key(api: Api):
    account = api.get("account")
    body = post(api, sort=10)
    assert body == {
        "id": body["id"],
        "destination": URL,
        "created_at": 1_790_000_000,
        "updated_at": 1_790_000_000,
        "account_id": account["id"],
        "created_by": account["current_user_id"],
        "sort": 10,
        "disabled": False,
        "settings": CODES,
        "_links": {"self": {"href": f"{ORIGIN}/api/v4/webhooks"}},
    }


def test_the_answer_is_201_or_by_switch_200_as_measured(api: Api):
    api.sandbox.state.choices.created_status_webhooks = 200
    body = {"destination": URL, "settings": CODES}
    answer = api.call("POST", "webhooks", body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/hal+json"


def test_settings_are_an_object_by_switch_but_only_in_the_answer_to_post(api: Api):
    api.sandbox.state.choices.webhook_settings_shape = "object"
    assert post(api)["settings"] == {"add_lead": 1, "status_lead": 1}
    [row] = api.rows("webhooks")
    assert row["settings"] == CODES


def test_the_list_shows_every_subscription_as_it_was_answered(api: Api):
    made = [post(api, f"{URL}/{number}") for number in range(3)]
    body = api.get("webhooks")
    assert body["_total_items"] == 3
    assert body["_embedded"]["webhooks"] == made


def test_no_subscription_is_204(api: Api):
    assert api.get("webhooks") is None


def test_the_list_is_filtered_by_destination(api: Api):
    post(api, f"{URL}?key=1,2")
    post(api, f"{URL}?key=3")
    [row] = api.rows("webhooks", params={"filter[destination]": f"{URL}?key=1,2"})
    assert row["destination"] == f"{URL}?key=1,2"


def test_an_unknown_destination_is_204(api: Api):
    post(api)
    query = {"filter[destination]": "https://app.example/other"}
    assert api.get("webhooks", params=query) is None


def test_the_filtered_list_follows_every_change(api: Api):
    query = {"filter[destination]": URL}
    assert api.get("webhooks", params=query) is None
    post(api)
    assert len(api.rows("webhooks", params=query)) == 1
    api.delete("webhooks", {"destination": URL})
    assert api.get("webhooks", params=query) is None


def test_the_same_destination_again_is_the_same_subscription(
    api: Api, clock: ManualClock
):
    first = post(api, sort=5)
    clock.advance(60)
    again = post(api)
    assert again == {**first, "updated_at": first["updated_at"] + 60}
    assert api.get("webhooks")["_total_items"] == 1


@pytest.mark.parametrize(
    ("choice", "settings"),
    [
        ("replace", ["status_lead", "add_task"]),
        ("merge", ["add_lead", "status_lead", "add_task"]),
    ],
)
def test_settings_posted_again_replace_or_by_switch_join_the_old(
    api: Api, choice, settings
):
    api.sandbox.state.choices.webhook_settings_on_repost = choice
    post(api)
    assert post(api, settings=["status_lead", "add_task"])["settings"] == settings
    assert api.rows("webhooks")[0]["settings"] == settings


def test_posting_again_does_not_switch_a_disabled_one_on(api: Api):
    hook_id = post(api)["id"]
    api.sandbox.state.data.webhooks[hook_id].disabled = True
    assert post(api, disabled=False)["disabled"] is True
    assert api.rows("webhooks")[0]["disabled"] is True


def test_there_is_no_patch(api: Api):
    hook_id = post(api)["id"]
    answer = api.call("PATCH", "webhooks", {"id": hook_id, "disabled": False})
    assert (answer.status_code, answer.content) == (405, b"")


def test_a_subscription_is_deleted_by_its_destination_in_the_body(api: Api):
    post(api)
    post(api, "https://other.example/")
    assert api.delete("webhooks", {"destination": URL}) is None
    assert [row["destination"] for row in api.rows("webhooks")] == [
        "https://other.example/"
    ]


def test_what_was_deleted_comes_back_as_another_one(api: Api):
    first = post(api)
    api.delete("webhooks", {"destination": URL})
    assert post(api)["id"] != first["id"]


def test_deleting_takes_what_is_on_its_way_along(api: Api):
    post(api)
    api.lead()
    assert len(api.sandbox.state.data.deliveries) == 1
    api.delete("webhooks", {"destination": URL})
    assert api.sandbox.state.data.deliveries == {}


def test_deleting_an_unknown_one_is_404(api: Api):
    body = api.delete("webhooks", {"destination": URL}, 404)
    assert (body["status"], body["title"]) == (404, "Not Found")


def test_deleting_needs_a_destination(api: Api):
    body = api.delete("webhooks", {}, 400)
    assert refusals(body) == [("FieldMissing", "destination")]


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", None),
        ("POST", {"destination": URL, "settings": CODES}),
        ("DELETE", {"destination": URL}),
    ],
)
def test_only_administrators_may_see_and_change_webhooks(api: Api, method, body):
    subscribe(api.sandbox.state, "add_lead", at=URL)
    answer = manager(api).call(method, "webhooks", body)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(api.sandbox.state.data.webhooks) == 1


def test_every_documented_code_may_be_asked_for(api: Api):
    assert post(api, settings=DOCUMENTED)["settings"] == DOCUMENTED


@pytest.mark.parametrize("code", ["add_unsorted", "update_unsorted", "delete_unsorted"])
def test_incoming_leads_may_be_asked_for(api: Api, code):
    assert post(api, settings=[code])["settings"] == [code]


@pytest.mark.parametrize("code", ["add_pipeline", "status_contact", "", "ADD_LEAD"])
def test_an_unknown_code_is_refused_and_named_by_its_place(api: Api, code):
    body = api.post(
        "webhooks", {"destination": URL, "settings": ["add_lead", code]}, 400
    )
    assert refusals(body) == [("NotSupportedChoice", "settings.1")]
    assert api.get("webhooks") is None


def test_the_same_code_twice_is_kept_once(api: Api):
    assert post(api, settings=["add_lead", "add_lead"])["settings"] == ["add_lead"]


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"destination": None}, ("FieldMissing", "destination")),
        ({"settings": None}, ("FieldMissing", "settings")),
        ({"settings": []}, ("FieldMissing", "settings")),
        ({"destination": 5}, ("InvalidType", "destination")),
        ({"settings": "add_lead"}, ("InvalidType", "settings")),
        ({"settings": {"0": "add_lead"}}, ("InvalidType", "settings")),
        ({"settings": [7]}, ("InvalidType", "settings.0")),
        ({"sort": "first"}, ("InvalidType", "sort")),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_path(api: Api, change, flaw):
    sent = {"destination": URL, "settings": CODES, **change}
    assert refusals(api.post("webhooks", sent, 400)) == [flaw]


@pytest.mark.parametrize("raw", ["[]", "[{}]", "nonsense", ""])
def test_a_body_that_is_no_object_is_refused(api: Api, raw):
    answer = api.call("POST", "webhooks", content=raw)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "url",
    [
        "app.example/hook",
        "ftp://app.example/hook",
        "https://",
        "https:///hook",
        "https://app.example:port/",
        "http://[::1/hook",
        "https://app example/",
        "",
    ],
)
def test_a_destination_that_is_no_web_address_is_refused(api: Api, url):
    body = api.post("webhooks", {"destination": url, "settings": CODES}, 400)
    assert refusals(body) == [("InvalidUrl", "destination")]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080/hook/a1", "https://app.example", "HTTPS://[::1]/?k=1"],
)
def test_any_web_address_will_do(api: Api, url):
    assert post(api, url)["destination"] == url


@pytest.mark.parametrize(("url", "status"), [("", 400), ("?key=1", 400), ("/", 201)])
def test_a_path_may_be_required_by_switch(api: Api, url, status):
    api.sandbox.state.choices.webhook_needs_path = True
    sent = {"destination": f"https://app.example{url}", "settings": CODES}
    assert api.post("webhooks", sent, status)


def test_an_account_has_a_hundred_subscriptions_at_most(api: Api):
    for number in range(100):
        subscribe(api.sandbox.state, "add_lead", at=f"{URL}/{number}")
    body = api.post("webhooks", {"destination": URL, "settings": CODES}, 400)
    assert "at most 100" in body["detail"]
    assert post(api, f"{URL}/7")["settings"] == CODES


def test_a_plan_without_webhooks_answers_402(api: Api):
    api.sandbox.state.data.account.webhooks_in_plan = False
    body = api.post("webhooks", {"destination": URL, "settings": CODES}, 402)
    assert (body["status"], body["title"]) == (402, "Payment Required")
    assert api.sandbox.state.data.webhooks == {}


def test_the_history_tells_who_subscribed_changed_and_deleted(api: Api):
    hook_id = post(api)["id"]
    post(api, settings=["add_task"])
    api.delete("webhooks", {"destination": URL})
    changes = [c for c in api.sandbox.state.data.changes if c.entity == "webhooks"]
    assert [(c.id, c.slot) for c in changes] == [
        (hook_id, "created"),
        (hook_id, "settings"),
        (hook_id, "deleted"),
    ]
    assert changes[1].before == CODES


def test_a_subscription_is_told_from_the_next_change_on(clock: ManualClock):
    receiver = Receiver()
    api = Api(Sandbox.empty(clock=clock, send=receiver))
    api.lead(name="before")
    post(api)
    api.lead(name="after")
    api.sandbox.tick()
    assert receiver.urls == [URL]
    assert receiver.told("leads[add][0][name]") == ["after"]
