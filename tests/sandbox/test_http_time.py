"""Time goes over the wire as Unix seconds, UTC; the account's zone is only shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from tests.sandbox.kit import Api

MOMENTS = ("complete_till", "server_time")
SUMMER, WINTER = 1_782_950_400, 1_798_761_600  # 2 Jul 2026, 1 Jan 2027


def moments(body: Any) -> Iterator[Any]:
    """Yield the value of every key that speaks of time."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key.endswith("_at") or key in MOMENTS:
                yield value
            yield from moments(value)
    elif isinstance(body, list):
        for item in body:
            yield from moments(item)


def at(second: float) -> Api:
    return Api(Sandbox.empty(clock=ManualClock(second)))


def test_every_time_is_a_whole_number_though_the_clock_runs_on_fractions():
    api = at(1_790_000_000.75)
    lead_id = api.lead(status_id=142)
    api.contact()
    api.make("tasks", {"text": "x", "complete_till": 1_790_100_000})
    api.make(f"leads/{lead_id}/notes", {"note_type": "common", "params": {"text": "x"}})
    paths = ("leads", "contacts", "tasks", "leads/notes", "events", "account")
    told = [value for path in paths for value in moments(api.get(path))]
    assert {type(value) for value in told} == {int, type(None)}
    assert 1_790_000_000 in told


def test_a_second_is_the_finest_step_of_updated_at(api: Api, clock: ManualClock):
    lead_id = api.lead()
    seen = []
    for step in (0.4, 0.4, 0.4):
        clock.advance(step)
        api.patch(f"leads/{lead_id}", {"name": str(clock.now())})
        seen.append(api.get(f"leads/{lead_id}")["updated_at"] - 1_790_000_000)
    assert seen == [0, 0, 1]


def test_filters_and_answers_speak_of_the_same_seconds(api: Api):
    lead_id = api.lead()
    told = api.get(f"leads/{lead_id}")["updated_at"]
    assert [r["id"] for r in api.rows(f"leads?filter[updated_at]={told}")] == [lead_id]
    assert api.rows(f"leads?filter[updated_at]={told + 1}") == []


@pytest.mark.parametrize(
    "times", [{"created_at": 5, "updated_at": 7}, {"created_at": 1_900_000_000}]
)
def test_times_that_are_sent_are_kept(api: Api, times: dict[str, int]):
    lead = api.get(f"leads/{api.lead(**times)}")
    assert {name: lead[name] for name in times} == times


@pytest.mark.parametrize("sent", ["1790000000", 1.5, "2026-09-21T00:00:00Z", True])
@pytest.mark.parametrize(
    ("path", "item", "name"),
    [
        ("leads", {}, "created_at"),
        ("leads", {}, "closed_at"),
        ("contacts", {"name": "x"}, "updated_at"),
        ("tasks", {"text": "x"}, "complete_till"),
    ],
)
def test_a_time_that_is_no_integer_is_refused(api: Api, path, item, name, sent):
    body = api.post(path, [{**item, name: sent}], status=400)
    [error] = body["validation-errors"][0]["errors"]
    assert (error["code"], error["path"]) == ("InvalidType", name)


@pytest.mark.parametrize("kind", ["date", "date_time", "birthday"])
@pytest.mark.parametrize(
    "sent",
    [
        1_790_000_000,
        "2026-09-21T14:13:20+00:00",
        "2026-09-21T10:13:20-04:00",
        "2026-09-21T14:13:20Z",
    ],
)
def test_date_fields_take_seconds_or_rfc_3339_and_read_as_seconds(
    api: Api, kind: str, sent
):
    [field_id] = api.make("leads/custom_fields", {"name": "When", "type": kind})
    values = [{"field_id": field_id, "values": [{"value": sent}]}]
    lead = api.get(f"leads/{api.lead(custom_fields_values=values)}")
    [entry] = lead["custom_fields_values"]
    assert entry["values"] == [{"value": 1_790_000_000}]


def test_a_date_without_a_zone_is_refused(api: Api):
    [field_id] = api.make("leads/custom_fields", {"name": "When", "type": "date"})
    values = [{"field_id": field_id, "values": [{"value": "2026-09-21 14:13"}]}]
    assert api.post("leads", [{"custom_fields_values": values}], status=400)


def test_the_zone_is_told_only_with_datetime_settings(api: Api):
    assert "America/New_York" not in api.call("GET", "account").text
    embedded = api.get("account?with=datetime_settings")["_embedded"]
    assert embedded["datetime_settings"]["timezone"] == "America/New_York"


@pytest.mark.parametrize(("now", "offset"), [(SUMMER, "-04:00"), (WINTER, "-05:00")])
def test_the_offset_of_the_zone_is_the_one_in_force(now: int, offset: str):
    embedded = at(now).get("account?with=datetime_settings")["_embedded"]
    assert embedded["datetime_settings"]["timezone_offset"] == offset


def test_closing_a_lead_takes_the_clocks_second(api: Api, clock: ManualClock):
    lead_id = api.lead()
    clock.advance(90.5)
    api.patch(f"leads/{lead_id}", {"status_id": 142})
    lead = api.get(f"leads/{lead_id}")
    assert lead["closed_at"] == lead["updated_at"] == 1_790_000_090
