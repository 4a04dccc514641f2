"""Filters, search and orders of leads."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import field, found, user_ids
from tests.sandbox.kit import Api

T = 1_790_000_000
WON = 142


@pytest.fixture
def three(api: Api, clock: ManualClock) -> list[int]:
    """Three leads, ten seconds apart: 100.00, 200.50 and 300.00; the last is won."""
    users = user_ids(api)
    made = []
    for place, price in enumerate((100, 200.5, 300)):
        item: dict[str, Any] = {"name": f"Lead {place}", "price": price}
        item |= {"responsible_user_id": users[place], "created_by": users[place]}
        item |= {"updated_by": users[place]}
        made.append(api.lead(**item, **({"status_id": WON} if place == 2 else {})))
        clock.advance(10)
    return made


def places(api: Api, three: list[int], query: str) -> list[int]:
    """Return which of the three a query finds, as places."""
    return [three.index(row["id"]) for row in api.rows(f"leads?{query}")]


@pytest.mark.parametrize(
    "query",
    [
        "filter[id]={0}",
        "filter[id][]={0}",
        "filter[id][0]={0}",
        "filter%5Bid%5D={0}",
        "filter[id][]={0}&filter[id][]=5",
    ],
)
def test_ids_are_filtered_in_every_spelling(api: Api, three: list[int], query: str):
    assert places(api, three, query.format(three[1])) == [1]


@pytest.mark.parametrize(
    "query",
    [
        "filter[id][]={0}&filter[id][]={2}",
        "filter[id][0]={0}&filter[id][1]={2}",
        "filter[id]={0},{2}",
        "filter[id][0]={0}&filter[id][5]={2}",
    ],
)
def test_several_ids_are_filtered_in_every_spelling(
    api: Api, three: list[int], query: str
):
    assert places(api, three, query.format(*three)) == [0, 2]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[name]=Lead 1", [1]),
        ("filter[name]=Lead", []),
        ("filter[name][]=Lead 0&filter[name][]=Lead 2", [0, 2]),
        ("filter[price]=100", [0]),
        ("filter[price]=200", [1]),
        ("filter[price][from]=200.5", [1, 2]),
        ("filter[price][from]=200.51", [2]),
        ("filter[price][to]=200", [0]),
        ("filter[price][from]=100&filter[price][to]=200.5", [0, 1]),
        ("filter[price][from]=much", [0, 1, 2]),
        ("filter[price][to]=inf", []),
    ],
)
def test_names_are_exact_and_prices_a_number_or_a_range(
    api: Api, three: list[int], query: str, expected: list[int]
):
    assert places(api, three, query) == expected


@pytest.mark.parametrize("name", ["responsible_user_id", "created_by", "updated_by"])
def test_users_are_one_or_several(api: Api, three: list[int], name: str):
    first, second, *_ = user_ids(api)
    assert places(api, three, f"filter[{name}]={second}") == [1]
    both = f"filter[{name}][]={first}&filter[{name}][]={second}"
    assert places(api, three, both) == [0, 1]


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"from": 10}, [1, 2]),
        ({"from": 11}, [2]),
        ({"to": 10}, [0, 1]),
        ({"to": 9}, [0]),
        ({"from": 10, "to": 10}, [1]),
    ],
)
def test_ends_of_a_time_range_are_inclusive(
    api: Api, three: list[int], name: str, ends: dict[str, int], expected: list[int]
):
    query = "&".join(f"filter[{name}][{end}]={T + at}" for end, at in ends.items())
    assert places(api, three, query) == expected


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_a_single_time_means_exactly_that_second(api: Api, three: list[int], name: str):
    assert places(api, three, f"filter[{name}]={T + 10}") == [1]
    assert places(api, three, f"filter[{name}]={T + 9}") == []


def test_closed_at_finds_closed_leads_only(api: Api, three: list[int]):
    assert places(api, three, f"filter[closed_at][from]={T}") == [2]
    assert places(api, three, f"filter[closed_at][to]={T + 19}") == []


def test_closest_task_at_finds_leads_with_open_tasks_only(api: Api, three: list[int]):
    task = {"text": "Call", "complete_till": T + 500}
    api.make("tasks", {**task, "entity_id": three[1], "entity_type": "leads"})
    query = f"filter[closest_task_at][from]={T}&filter[closest_task_at][to]={T + 500}"
    assert places(api, three, query) == [1]
    assert places(api, three, f"filter[closest_task_at][to]={T + 499}") == []


def test_statuses_need_pipeline_and_stage(api: Api, three: list[int]):
    main = api.pipeline()["id"]
    other = next(p["id"] for p in api.rows("leads/pipelines") if p["id"] != main)
    pair = "filter[statuses][0][pipeline_id]={}&filter[statuses][0][status_id]={}"
    assert places(api, three, pair.format(main, WON)) == [2]
    assert places(api, three, pair.format(other, WON)) == []
    assert places(api, three, f"filter[statuses][0][status_id]={WON}") == [0, 1, 2]


def test_statuses_may_name_several_stages(api: Api, three: list[int]):
    main, first = api.pipeline()["id"], api.stages()[0]
    query = "&".join(
        f"filter[statuses][{place}][pipeline_id]={main}"
        f"&filter[statuses][{place}][status_id]={stage}"
        for place, stage in enumerate((first, WON))
    )
    assert places(api, three, query) == [0, 1, 2]


def test_pipelines_are_one_or_several(api: Api, three: list[int]):
    main, other = (p["id"] for p in api.rows("leads/pipelines"))
    moved = api.lead(pipeline_id=other)
    assert found(api, "leads", **{"filter[pipeline_id]": other}) == [moved]
    both = f"leads?filter[pipeline_id][]={main}&filter[pipeline_id][]={other}"
    assert len(api.rows(both)) == 4


def test_custom_fields_match_a_value_or_a_range(api: Api):
    number = field(api, "leads", "numeric")
    leads = [
        api.lead(custom_fields_values=[{"field_id": number, "values": [{"value": v}]}])
        for v in (1, 5, 9)
    ]
    name = f"leads?filter[custom_fields_values][{number}]"
    assert [r["id"] for r in api.rows(f"{name}[]=5")] == [leads[1]]
    assert [r["id"] for r in api.rows(f"{name}[from]=5")] == leads[1:]
    assert [r["id"] for r in api.rows(f"{name}[from]=2&{name[6:]}[to]=8")] == [leads[1]]


def test_a_range_over_values_that_are_no_numbers_finds_nothing(api: Api):
    text, entity = field(api, "leads", "text"), field(api, "leads", "legal_entity")
    api.lead(
        custom_fields_values=[
            {"field_id": text, "values": [{"value": "x"}]},
            {"field_id": entity, "values": [{"value": {"name": "Acme"}}]},
        ]
    )
    for number in (text, entity):
        name = f"filter[custom_fields_values][{number}][from]"
        assert found(api, "leads", **{name: 1}) == []


def test_filters_are_joined_by_and(api: Api, three: list[int]):
    assert places(api, three, "filter[price][from]=150&filter[name]=Lead 2") == [2]
    assert places(api, three, "filter[price][from]=150&filter[name]=Lead 0") == []


@pytest.mark.parametrize(
    "query",
    [
        "filter[nme]=Lead 0",
        "filter[is_deleted]=1",
        "filters[id]=1",
        "filter=1",
        "filter[custom_fields_values]=1",
        "filter[statuses]=142",
        "colour=red",
    ],
)
def test_an_unknown_filter_gives_the_whole_account(
    api: Api, three: list[int], query: str
):
    assert places(api, three, query) == [0, 1, 2]


@pytest.mark.parametrize("text", ["roof", "OOF REP", "4321", "order-77"])
def test_a_search_looks_into_the_name_and_every_filled_field(api: Api, text: str):
    number = field(api, "leads", "text")
    entry = {"field_id": number, "values": [{"value": "Order-77 (4321)"}]}
    lead = api.lead(name="Roof repair", custom_fields_values=[entry])
    api.lead(name="Wall")
    assert found(api, "leads", query=text) == [lead]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("order[id]=desc", [2, 1, 0]),
        ("order[id]=asc", [0, 1, 2]),
        ("order[created_at]=desc", [2, 1, 0]),
        ("order[updated_at]=desc", [0, 2, 1]),
        ("order[updated_at]=asc", [1, 2, 0]),
        ("order[name]=desc", [1, 2, 0]),
        ("order[price]=desc", [1, 2, 0]),
        ("order[id]=down", [1, 2, 0]),
        ("order=id", [1, 2, 0]),
        ("", [1, 2, 0]),
    ],
)
def test_three_orders_work_and_others_fall_back_on_updated_at(
    api: Api, three: list[int], order: str, expected: list[int]
):
    api.patch(f"leads/{three[0]}", {"price": 7})
    assert places(api, three, order) == expected
