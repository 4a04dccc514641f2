"""Webhooks over a real socket, from several threads, and out of the whole sandbox."""

import socket
import threading
from collections import Counter

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.hooks.body import CODES
from kommo_sync.sandbox.hooks.outbox import ANSWER_SECONDS, HEADERS, post_form
from kommo_sync.sandbox.wire.brackets import pairs_of
from tests.sandbox.kit import Api
from tests.sandbox.receivers import Outbox, Receiver, listening, subscribe

THREADS = 8


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def api(receiver: Receiver, clock: ManualClock) -> Api:
    sandbox = Sandbox.empty(clock=clock, send=receiver)
    subscribe(sandbox.state, *sorted(CODES))
    return Api(sandbox)


def heard(api: Api) -> list[str]:
    """Return the event codes of everything that was told up to now."""
    api.sandbox.tick()
    attempts = api.sandbox.hooks.attempts
    return sorted(code for attempt in attempts for code in attempt.events)


def test_a_server_gets_the_form_and_may_call_the_api_back_before_it_answers(clock):
    api = Api(Sandbox.empty(clock=clock))
    with listening(before_answer=lambda: api.get("account")) as server:
        api.post("webhooks", {"destination": server.url, "settings": ["add_lead"]}, 201)
        lead_id = api.lead(name="Крыша é")
        api.sandbox.tick()
    [(path, headers, body)] = server.got
    assert path == "/hook"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["User-Agent"] == "amoCRM-Webhooks/3.0"
    told = dict(pairs_of(body.decode("ascii")))
    assert told["leads[add][0][id]"] == str(lead_id)
    assert told["leads[add][0][name]"] == "Крыша é"
    [attempt] = api.sandbox.hooks.attempts
    assert attempt.status == 200


def test_a_redirect_is_an_answer_and_is_not_followed():
    with listening(302) as server:
        assert post_form(server.url, b"a=1", HEADERS) == 302
    assert [path for path, _, _ in server.got] == ["/hook"]


def test_who_does_not_answer_in_time_has_timed_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert post_form(url, b"", HEADERS, seconds=0.05) == 499


def test_a_receiver_has_two_seconds():
    assert ANSWER_SECONDS == 2
    assert post_form.__defaults__ == (ANSWER_SECONDS,)


def test_who_cannot_be_reached_has_not_answered():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert post_form(f"http://127.0.0.1:{port}/", b"", HEADERS) == 0


@pytest.mark.parametrize("url", ["http://a..b/", "ftp://a.example/", "http://[::1/"])
def test_an_address_that_is_none_has_not_answered(url: str):
    assert post_form(url, b"", HEADERS) == 0


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with listening() as server:
        assert post_form(server.url, b"", HEADERS) == 200


class Stuck:
    """A send function that does not return before it is let go, but for /quick."""

    def __init__(self) -> None:
        self.entered, self.let_go = threading.Event(), threading.Event()
        self.urls: list[str] = []

    def __call__(self, url: str, _body: bytes, _headers: dict[str, str]) -> int:
        self.urls.append(url)
        if not url.endswith("/quick"):
            self.entered.set()
            assert self.let_go.wait(10)
        return 200


@pytest.fixture
def stuck() -> Stuck:
    return Stuck()


def test_what_one_thread_is_sending_no_other_sends(stuck: Stuck):
    outbox = Outbox(Receiver(), stuck)
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    thread = threading.Thread(target=outbox.hooks.deliver_due)
    thread.start()
    assert stuck.entered.wait(10)
    assert outbox.hooks.deliver_due() == 0
    stuck.let_go.set()
    thread.join()
    assert len(stuck.urls) == 1


def test_what_another_thread_has_put_off_meanwhile_is_not_sent_early():
    def refuse(*_: object) -> int:
        if not outbox.hooks.attempts:
            other = threading.Thread(target=outbox.hooks.deliver_due)
            other.start()
            other.join()
        return 500

    outbox = Outbox(Receiver(), refuse)
    for number in range(2):
        subscribe(outbox.state, "update_lead", at=f"http://{number}.example/")
    outbox.signal()
    outbox.hooks.deliver_due()
    assert sorted(outbox.order) == [1, 2]


def test_a_slow_receiver_holds_up_only_its_own_webhooks(stuck: Stuck):
    outbox = Outbox(Receiver(), stuck)
    subscribe(outbox.state, "update_lead", at="http://a.example/slow")
    subscribe(outbox.state, "update_lead", at="http://a.example/quick")
    outbox.signal()
    thread = threading.Thread(target=outbox.hooks.deliver_due)
    thread.start()
    assert stuck.entered.wait(10)
    outbox.signal()
    assert outbox.hooks.deliver_due() == 2
    stuck.let_go.set()
    thread.join()
    assert outbox.hooks.deliver_due() == 1


def test_a_subscription_deleted_meanwhile_leaves_nothing_behind():
    def unsubscribe(*_: object) -> int:
        outbox.state.data.webhooks.clear()
        return 500

    outbox = Outbox(Receiver(), unsubscribe)
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    outbox.signal()
    assert outbox.hooks.deliver_due() == 1
    outbox.run()
    assert outbox.state.data.deliveries == {}


def test_a_send_function_that_breaks_leaves_the_delivery_where_it_was():
    def broken(*_: object) -> int:
        raise OSError("no network")

    outbox = Outbox(Receiver(), broken)
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    for _ in range(2):
        with pytest.raises(OSError, match="no network"):
            outbox.hooks.deliver_due()
    assert len(outbox.state.data.deliveries) == 1


def test_many_threads_send_every_delivery_exactly_once():
    outbox = Outbox(Receiver())
    for number in range(5):
        subscribe(outbox.state, "update_lead", at=f"http://{number}.example/")
    for _ in range(40):
        outbox.signal()
    counts: list[int] = []

    def deliver() -> None:
        while outbox.hooks.next_due() is not None:
            counts.append(outbox.hooks.deliver_due())

    threads = [threading.Thread(target=deliver) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 200
    assert set(Counter(outbox.order).values()) == {1}


def test_changes_through_the_api_are_told_with_nothing_but_the_users_id(api, receiver):
    lead_id = api.lead(name="mine")
    assert heard(api) == ["add_lead"]
    user_id = api.get("account")["current_user_id"]
    assert receiver.told("leads[add][0][id]") == [str(lead_id)]
    assert receiver.told("[modified_user_id]") == [str(user_id)]


def test_a_move_is_told_as_status_and_as_update_in_bodies_of_their_own(api, receiver):
    first, second = api.stages()[:2]
    lead_id = api.lead(status_id=first)
    api.patch(f"leads/{lead_id}", {"status_id": second})
    assert heard(api) == ["add_lead", "status_lead", "update_lead"]
    assert receiver.told("[status][0][old_status_id]") == [str(first)]
    assert receiver.told("[status][0][status_id]") == [str(second)]
    assert receiver.told("[update][0][status_id]") == [str(second)]


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_another_responsible_user_is_told_as_such_and_as_update(api, receiver, kind):
    entity = {"leads": "lead", "contacts": "contact", "companies": "company"}[kind]
    [card_id] = api.make(kind, {"name": "x"})
    before, after = [user["id"] for user in api.rows("users")][:2]
    api.patch(f"{kind}/{card_id}", {"responsible_user_id": after})
    codes = [f"{action}_{entity}" for action in ("add", "responsible", "update")]
    assert heard(api) == codes
    assert receiver.told("[old_responsible_user_id]") == [str(before)]


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_trash_and_return_are_told(api, receiver, kind):
    entity = {"leads": "lead", "contacts": "contact", "companies": "company"}[kind]
    [card_id] = api.make(kind, {"name": "x"})
    api.act("trash", entity=kind, id=card_id)
    api.act("restore", entity=kind, id=card_id)
    codes = [f"{action}_{entity}" for action in ("add", "delete", "restore")]
    assert heard(api) == codes
    assert receiver.told("[delete][0][id]") == [str(card_id)]


def test_a_company_is_told_under_contacts(api, receiver):
    api.company(name="Acme")
    assert heard(api) == ["add_company"]
    assert receiver.told("contacts[add][0][type]") == ["company"]


def test_a_task_is_told_from_beginning_to_end(api, receiver):
    [task_id] = api.make("tasks", {"text": "Call", "complete_till": 1_790_000_000})
    api.patch(f"tasks/{task_id}", {"text": "Write", "is_completed": True})
    api.act("delete_task", id=task_id)
    assert heard(api) == ["add_task", "delete_task", "update_task"]
    assert receiver.told("task[update][0][action_close]") == ["1"]
    assert receiver.told("task[update][0][old_text]") == ["Call"]
    assert receiver.told("task[add][0][complete_till]") == ["2026-09-21 10:13:20"]


def test_a_note_is_told_with_its_card(api, receiver):
    lead_id = api.lead()
    text = {"note_type": "common", "params": {"text": "hello"}}
    api.post(f"leads/{lead_id}/notes", [text])
    assert "note_lead" in heard(api)
    assert receiver.told("leads[note][0][note][text]") == ["hello"]
    assert receiver.told("leads[note][0][note][element_id]") == [str(lead_id)]


def test_a_chat_is_told_as_talk_and_message(api, receiver):
    contact_id = api.contact()
    api.act("chat", contact_id=contact_id, text="Hi there")
    codes = ["add_contact", "add_message", "add_talk", "update_talk"]
    assert heard(api) == codes
    assert receiver.told("message[add][0][text]") == ["Hi there"]


def test_leads_made_through_the_api_open_no_talk(api):
    api.post("leads/complex", [{"_embedded": {"contacts": [{"name": "Ann"}]}}])
    assert "add_talk" not in heard(api)


def test_pipelines_are_told_to_nobody(api):
    api.make("leads/pipelines", {"name": "New", "_embedded": {"statuses": []}})
    assert heard(api) == []


def test_a_refused_request_is_told_to_nobody(api):
    api.post("leads", [{"name": "good"}, {"pipeline_id": 1}], 400)
    assert heard(api) == []


def test_a_batch_is_told_in_few_bodies(api, receiver):
    api.make("leads", *[{"name": str(n)} for n in range(12)])
    api.sandbox.tick()
    assert len(receiver.bodies) == 2
    names = [name for name in receiver.told("][name]") if name.isdecimal()]
    assert names == [str(n) for n in range(12)]


def test_the_control_route_shows_every_attempt(api):
    lead_id = api.lead()
    api.sandbox.tick()
    [row] = api.get("/_sandbox/webhook-attempts")["attempts"]
    assert (row["status"], row["events"]) == (200, ["add_lead"])
    assert f"{lead_id}" in row["body"]
