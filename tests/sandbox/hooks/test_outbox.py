"""Webhooks on their way: who is told, what, when, and how often it is tried."""

import msgspec
import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.history import ROBOT
from kommo_sync.sandbox.account.state import Data, State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.hooks.outbox import Attempt, Hooks
from tests.sandbox.chances import chance
from tests.sandbox.receivers import Outbox, Receiver, asked_for, subscribe

HOUR = 3600


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(Receiver())


def test_a_body_goes_to_the_subscriber_at_once_as_a_form(outbox):
    subscribe(outbox.state, "update_lead", at="https://app.example/hook?key=1")
    outbox.signal()
    assert outbox.hooks.deliver_due() == 1
    assert outbox.receiver.urls == ["https://app.example/hook?key=1"]
    [headers] = outbox.receiver.headers
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["User-Agent"] == "amoCRM-Webhooks/3.0"
    assert outbox.receiver.told("leads[update][0][id]") == ["501"]


def test_a_body_carries_no_signature(outbox):
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    outbox.hooks.deliver_due()
    assert sorted(outbox.receiver.headers[0]) == ["Content-Type", "User-Agent"]


def test_nothing_is_kept_for_events_that_nobody_asked_for(outbox):
    subscribe(outbox.state, "add_contact")
    outbox.signal("update_lead", "status_lead")
    assert outbox.hooks.next_due() is None
    assert outbox.hooks.deliver_due() == 0


def test_each_subscriber_is_told_of_what_it_asked_for(outbox):
    subscribe(outbox.state, "update_lead", at="http://a.example/")
    subscribe(outbox.state, "update_lead", "status_lead", at="http://b.example/")
    outbox.signal("status_lead", "update_lead")
    outbox.run()
    told = [(a.destination, a.events) for a in outbox.hooks.attempts]
    assert told == [
        ("http://b.example/", ["status_lead"]),
        ("http://a.example/", ["update_lead"]),
        ("http://b.example/", ["update_lead"]),
    ]


def test_the_same_writer_is_told_of_once(outbox):
    subscribe(outbox.state, "update_lead")
    writer = Writer(outbox.state, ROBOT)
    writer.signal("update_lead", "leads", 501)
    outbox.hooks.enqueue(writer)
    outbox.hooks.enqueue(writer)
    assert outbox.run() == [0]


def test_ten_items_of_one_event_at_most_share_a_body(outbox):
    subscribe(outbox.state, "update_lead")
    outbox.signal_leads(25)
    outbox.run()
    counts = [body.count("%5Bprice%5D") for body in outbox.receiver.bodies]
    assert counts == [10, 10, 5]
    ids = outbox.receiver.told("][id]")
    assert [i for i in ids if i != "31000001"] == [str(n) for n in range(1, 26)]


def test_how_many_items_share_a_body_is_a_switch(outbox):
    outbox.state.choices.hook_items_per_post = 1
    subscribe(outbox.state, "update_lead")
    outbox.signal_leads(3)
    assert outbox.run() == [0, 0, 0]


def test_a_body_is_a_snapshot_of_when_it_happened(outbox):
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    outbox.state.data.leads[501].name = "changed since"
    outbox.run()
    assert outbox.receiver.told("update][0][name]") == ["Roof repair"]


def test_what_was_gone_before_the_request_ended_is_not_told(outbox):
    subscribe(outbox.state, "update_lead")
    writer = Writer(outbox.state, ROBOT)
    writer.signal("update_lead", "leads", 999)
    outbox.hooks.enqueue(writer)
    assert outbox.run() == []


def test_the_first_attempt_waits_as_the_switch_says(outbox):
    outbox.state.choices.hook_delay = 2.5
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    assert outbox.hooks.next_due() == outbox.start + 2.5
    assert outbox.hooks.deliver_due() == 0
    outbox.clock.advance(2.5)
    assert outbox.hooks.deliver_due() == 1


def test_bodies_go_in_the_order_in_which_they_are_due_and_were_made(outbox):
    subscribe(outbox.state, "update_lead")
    outbox.signal_leads(30)
    first, second, third = outbox.state.data.deliveries.values()
    first.due_at, second.due_at, third.due_at = 3, 2, 2
    outbox.hooks.deliver_due()
    ids = [attempt.delivery_id for attempt in outbox.hooks.attempts]
    assert ids == [second.id, third.id, first.id]


@pytest.mark.parametrize("status", [100, 200, 204, 299])
def test_an_answer_from_100_to_299_is_valid_and_ends_it(status):
    outbox = asked_for(status)
    outbox.signal()
    assert outbox.run() == [0]


@pytest.mark.parametrize("status", [0, 99, 300, 302, 404, 410, 498, 600])
def test_any_other_answer_is_worth_two_more_attempts(status):
    outbox = asked_for(status)
    outbox.signal()
    assert outbox.run() == [0, 300, 300 + 900]


@pytest.mark.parametrize("status", [499, 500, 503, 599])
def test_a_timeout_or_a_server_error_is_worth_four_more_attempts(status):
    outbox = asked_for(status)
    outbox.signal()
    assert outbox.run() == [0, 300, 1200, 2100, 5700]


@pytest.mark.parametrize(
    ("statuses", "times"),
    [
        ((500, 200), [0, 300]),
        ((404, 404, 500, 404), [0, 300, 1200, 2100]),
        ((500, 500, 404), [0, 300, 1200]),
        ((499, 499, 499, 499, 200), [0, 300, 1200, 2100, 5700]),
    ],
)
def test_the_latest_answer_decides_whether_it_is_tried_again(statuses, times):
    outbox = asked_for(*statuses)
    outbox.signal()
    assert outbox.run() == times


def test_no_attempt_comes_before_its_time():
    outbox = asked_for(500)
    outbox.signal()
    outbox.hooks.deliver_due()
    outbox.clock.advance(299)
    assert outbox.hooks.deliver_due() == 0
    outbox.clock.advance(1)
    assert outbox.hooks.deliver_due() == 1


def test_the_witness_keeps_every_attempt_with_its_answer():
    outbox = asked_for(500, 200)
    hook_id = subscribe(outbox.state, at="http://other.example/")
    outbox.signal()
    outbox.run()
    first, second = outbox.hooks.attempts
    assert first == Attempt(
        delivery_id=1,
        webhook_id=hook_id - 1,
        destination="https://app.example/hook",
        at=outbox.start,
        attempt=1,
        events=["update_lead"],
        body=outbox.receiver.bodies[0],
        status=500,
    )
    assert (second.attempt, second.status, second.body) == (2, 200, first.body)


def test_what_is_on_its_way_survives_in_the_state_file(outbox):
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    kept = msgspec.json.decode(msgspec.json.encode(outbox.state.data), type=Data)
    receiver = Receiver()
    state = State(kept, ManualClock(outbox.start))
    assert Hooks(state, receiver, chance=chance(1)).deliver_due() == 1
    assert receiver.told("leads[update][0][id]") == ["501"]


def test_more_than_100_invalid_answers_disable_a_subscription():
    outbox = asked_for(404)
    [hook] = outbox.state.data.webhooks.values()
    outbox.fail(100)
    assert not hook.disabled
    outbox.fail(1)
    assert hook.disabled


def test_a_valid_answer_disables_nothing_however_many_were_invalid():
    outbox = asked_for(*[404] * 100, 200, 200, 404)
    [hook] = outbox.state.data.webhooks.values()
    outbox.fail(102)
    assert (len(hook.bad), hook.disabled) == (100, False)
    outbox.fail(1)
    assert hook.disabled


@pytest.mark.parametrize(("seconds", "disabled"), [(2 * HOUR - 1, True), (7200, False)])
def test_invalid_answers_of_two_hours_ago_are_forgiven(seconds, disabled):
    outbox = asked_for(404)
    [hook] = outbox.state.data.webhooks.values()
    outbox.fail(100)
    outbox.clock.advance(seconds)
    outbox.fail(1)
    assert hook.disabled is disabled
    assert len(hook.bad) == (101 if disabled else 1)


def test_slow_answers_count_as_invalid_ones():
    outbox = asked_for(499)
    outbox.fail(101)
    [hook] = outbox.state.data.webhooks.values()
    assert hook.disabled


def test_a_disabled_subscription_drops_what_is_on_its_way():
    outbox = asked_for(404)
    for _ in range(120):
        outbox.signal()
    assert outbox.hooks.deliver_due() == 101
    assert outbox.state.data.deliveries == {}


def test_other_subscriptions_go_on_when_one_is_disabled():
    outbox = asked_for(404)
    other = subscribe(outbox.state, "update_lead", at="http://other.example/")
    [hook, _] = outbox.state.data.webhooks.values()
    hook.disabled = True
    outbox.signal()
    outbox.hooks.deliver_due()
    assert [attempt.webhook_id for attempt in outbox.hooks.attempts] == [other]


def test_nothing_is_put_on_its_way_to_a_disabled_subscription():
    outbox = asked_for(200)
    [hook] = outbox.state.data.webhooks.values()
    hook.disabled = True
    outbox.signal()
    hook.disabled = False
    assert outbox.run() == []


def test_the_history_shows_that_the_robot_disabled_it():
    outbox = asked_for(404)
    outbox.fail(101)
    change = outbox.state.data.changes[-1]
    assert (change.entity, change.slot, change.after) == ("webhooks", "disabled", True)
    assert outbox.state.data.authors[change.author] == ROBOT


def test_an_account_whose_plan_has_no_webhooks_tells_nobody(outbox):
    subscribe(outbox.state, "update_lead")
    outbox.signal()
    outbox.state.data.account.webhooks_in_plan = False
    outbox.signal()
    assert outbox.run() == []
