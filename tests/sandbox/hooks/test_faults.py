"""Webhooks that go astray: dropped, doubled, late, out of order; as told, by seed."""

import pytest

from kommo_sync.sandbox.hooks.outbox import OVERTAKEN_WAITS, HookFaults
from kommo_sync.sandbox.traffic.faults import parse_faults
from tests.sandbox.kit import Api
from tests.sandbox.receivers import Outbox, asked_for, subscribe


def astray(**faults: float) -> Outbox:
    outbox = asked_for(200)
    outbox.hooks.faults = HookFaults(**faults)
    return outbox


def test_without_faults_every_body_comes_once_and_in_order():
    outbox = astray()
    for lead_id in range(1, 21):
        outbox.signal(lead_id=lead_id)
    outbox.run()
    assert outbox.leads == list(range(1, 21))


def test_a_dropped_webhook_is_never_sent():
    outbox = astray(drop=1)
    outbox.signal()
    assert outbox.run() == []


def test_a_duplicated_webhook_comes_twice_with_the_same_body():
    outbox = astray(duplicate=1)
    outbox.signal()
    assert outbox.run() == [0, 0]
    first, second = outbox.receiver.bodies
    assert first == second


def test_each_copy_of_a_duplicate_is_tried_by_itself():
    outbox = asked_for(500, 200)
    outbox.hooks.faults.duplicate = 1
    outbox.signal()
    assert outbox.run() == [0, 0, 300]


def test_a_delayed_webhook_comes_so_much_later():
    outbox = astray(delay_probability=1, delay_seconds=40)
    outbox.state.choices.hook_delay = 2
    outbox.signal()
    assert outbox.run() == [42]


def test_a_webhook_overtakes_the_one_before_it():
    outbox = astray(reorder=1)
    for lead_id in (1, 2, 3, 4):
        outbox.signal(lead_id=lead_id)
    outbox.hooks.deliver_due()
    assert outbox.leads == [2, 1, 4, 3]


def test_a_webhook_that_nothing_overtakes_comes_in_the_end():
    outbox = astray(reorder=1)
    outbox.signal()
    assert outbox.hooks.deliver_due() == 0
    assert outbox.run() == [OVERTAKEN_WAITS]


def test_only_webhooks_of_the_same_subscription_overtake_each_other():
    outbox = astray(reorder=1)
    subscribe(outbox.state, "status_lead", at="http://b.example/")
    outbox.signal("update_lead", "status_lead")
    assert outbox.hooks.deliver_due() == 0
    outbox.signal("status_lead")
    outbox.hooks.deliver_due()
    urls = [attempt.destination for attempt in outbox.hooks.attempts]
    assert urls == ["http://b.example/"] * 2


def test_a_duplicate_may_come_after_what_is_newer():
    outbox = astray(reorder=1, duplicate=1)
    outbox.signal(lead_id=1)
    outbox.hooks.faults = HookFaults()
    outbox.signal(lead_id=2)
    outbox.run()
    assert outbox.leads == [2, 1, 1]


def test_a_retry_keeps_its_time_whatever_comes_after_it():
    outbox = asked_for(500, 200)
    outbox.hooks.faults.reorder = 1
    outbox.signal()
    outbox.clock.advance(OVERTAKEN_WAITS)
    outbox.hooks.deliver_due()
    outbox.hooks.faults = HookFaults()
    outbox.signal()
    assert outbox.run() == [10, 10, 310]


def fates(seed: int) -> list[int]:
    outbox = astray()
    outbox.hooks.obey(parse_faults(f"hook_drop:p=0.3;hook_duplicate:p=0.3;seed={seed}"))
    for lead_id in range(1, 201):
        outbox.signal(lead_id=lead_id)
    outbox.run()
    return outbox.leads


def test_the_same_seed_leads_the_same_webhooks_astray():
    assert fates(1) == fates(1) != fates(2)
    assert 150 < len(fates(1)) < 215


def test_a_plan_sets_every_fault_of_webhooks():
    outbox = astray()
    rules = "hook_drop:p=0.1;hook_duplicate:p=0.2;hook_reorder:p=0.3;hook_delay:p=0.4"
    outbox.hooks.obey(parse_faults(f"{rules},seconds=7"))
    assert outbox.hooks.faults == HookFaults(
        drop=0.1, duplicate=0.2, reorder=0.3, delay_probability=0.4, delay_seconds=7
    )


def test_the_next_plan_takes_the_place_of_the_one_before():
    outbox = astray(drop=1)
    outbox.hooks.obey(parse_faults("unpaid"))
    outbox.signal()
    assert outbox.run() == [0]


@pytest.mark.parametrize(("rule", "count"), [("hook_drop", 0), ("hook_duplicate", 2)])
def test_the_control_route_leads_webhooks_astray(api: Api, rule: str, count: int):
    subscribe(api.sandbox.state, "add_lead")
    api.call("PUT", "/_sandbox/faults", {"rules": rule})
    api.lead()
    assert len(api.sandbox.state.data.deliveries) == count
