"""Filters: every spelling, what they mean, and that unknown ones are ignored."""

from urllib.parse import quote

import pytest

from tests.sandbox.kit import Api

ROWS = (
    {"name": "Roof", "price": 100, "created_at": 100, "updated_at": 1000},
    {"name": "Doors, two", "price": 250.5, "created_at": 200, "updated_at": 2000},
    {"name": "Крыша", "price": 300, "created_at": 300, "updated_at": 3000},
)


def leads(api: Api) -> list[int]:
    return api.make("leads", *(dict(row) for row in ROWS))


def found(api: Api, path: str, ids: list[int]) -> list[int]:
    """Return the places of the rows that a query finds."""
    return sorted(ids.index(row["id"]) for row in api.rows(path))


SPELLINGS = [
    "filter[id][]={0}&filter[id][]={2}",
    "filter[id][0]={0}&filter[id][1]={2}",
    "filter[id][5]={0}&filter[id][7]={2}",
    "filter[id]={0},{2}",
    "filter[id][]={0},{2}",
    "filter%5Bid%5D%5B%5D={0}&filter%5Bid%5D%5B%5D={2}",
    "filter%5bid%5d%5b0%5d={0}&filter%5bid%5d%5b1%5d={2}",
    "filter[id]={0}%2C{2}",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_list_of_ids_may_be_spelled_in_any_way(api: Api, spelling: str):
    ids = leads(api)
    assert found(api, f"leads?{spelling.format(*ids)}", ids) == [0, 2]


@pytest.mark.parametrize(
    "spelling", ["filter[id]={1}", "filter[id][]={1}", "filter%5Bid%5D={1}"]
)
def test_a_single_id_may_stand_alone(api: Api, spelling: str):
    ids = leads(api)
    assert found(api, f"leads?{spelling.format(*ids)}", ids) == [1]


@pytest.mark.parametrize(
    "spelling",
    [
        "with=contacts,loss_reason",
        "with=contacts%2Closs_reason",
        "with[]=contacts&with[]=loss_reason",
        "with[0]=contacts&with[1]=loss_reason",
        "with=contacts, loss_reason",
    ],
)
def test_with_may_be_spelled_in_any_way(api: Api, spelling: str):
    leads(api)
    embedded = api.rows(f"leads?{spelling}")[0]["_embedded"]
    assert {"contacts", "loss_reason"} <= set(embedded)


@pytest.mark.parametrize(
    "spelling",
    [
        "filter[type]=lead_added,contact_added",
        "filter[type][]=lead_added&filter[type][]=contact_added",
        "filter[type][0]=lead_added&filter[type][1]=contact_added",
    ],
)
def test_events_take_comma_lists_and_the_other_spellings(api: Api, spelling: str):
    api.lead()
    api.contact()
    api.company()
    types = [row["type"] for row in api.rows(f"events?{spelling}")]
    assert types == ["contact_added", "lead_added"]


def test_events_take_a_span_of_time_as_a_comma_list_too(api: Api, clock):
    ids = []
    for _ in range(3):
        ids.append(api.lead())
        clock.advance(10)
    start = int(clock.now()) - 30
    for span in (
        f"={start},{start + 10}",
        f"[from]={start}&filter[created_at][to]={start + 10}",
    ):
        rows = api.rows(f"events?filter[created_at]{span}")
        assert [row["entity_id"] for row in rows] == [ids[1], ids[0]]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("[from]=1000&filter[updated_at][to]=2000", [0, 1]),
        ("[from]=1001&filter[updated_at][to]=2999", [1]),
        ("[from]=2000", [1, 2]),
        ("[to]=2000", [0, 1]),
        ("[from]=&filter[updated_at][to]=1000", [0]),
        ("=2000", [1]),
        ("=2001", []),
    ],
)
def test_a_span_is_inclusive_and_a_scalar_means_that_very_second(
    api: Api, query: str, places
):
    ids = leads(api)
    assert found(api, f"leads?filter[updated_at]{query}", ids) == places


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("=Roof", [0]),
        ("=roof", []),
        ("=Roo", []),
        ("=Doors, two", [1]),
        ("[]=Doors, two", [1]),
        ("[]=Roof&filter[name][]=Крыша", [0, 2]),
        ("[0]=Doors, two&filter[name][1]=Roof", [0, 1]),
        ("=Doors", []),
        ("[]=Doors", []),
    ],
)
def test_a_name_is_found_exactly_commas_included(api: Api, query: str, places):
    ids = leads(api)
    assert found(api, f"leads?filter[name]{query}", ids) == places


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("=100", [0]),
        ("[from]=100&filter[price][to]=250.5", [0, 1]),
        ("[from]=250.51", [2]),
    ],
)
def test_a_price_is_found_by_number_or_by_span(api: Api, query: str, places):
    ids = leads(api)
    assert found(api, f"leads?filter[price]{query}", ids) == places


def test_a_stage_is_found_only_with_its_pipeline(api: Api):
    pipeline, stage = api.pipeline()["id"], api.stages()[1]
    ids = [*leads(api), api.lead(status_id=stage)]
    first = "filter[statuses][0]"
    both = f"{first}[pipeline_id]={pipeline}&{first}[status_id]={stage}"
    alone = f"{first}[status_id]={stage}"
    assert found(api, f"leads?{both}", ids) == [3]
    assert found(api, f"leads?{alone}", ids) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "query",
    [
        "filter[colour]=red",
        "filter[updatedAt][from]=9999",
        "filters[id]=1",
        "filter=1",
        "id=1",
        "updated_at[from]=9999",
        "filter[closed]=1",
        "nonsense=1&more[]=2",
        "filter[]=1",
        "%",
        "&&&=",
    ],
)
def test_an_unknown_filter_is_ignored_and_everything_comes(api: Api, query: str):
    ids = leads(api)
    assert found(api, f"leads?{query}", ids) == [0, 1, 2]


@pytest.mark.parametrize(
    "path",
    ["contacts", "companies", "tasks", "leads/notes", "events", "users", "roles"],
)
def test_no_list_refuses_a_parameter_that_it_does_not_know(api: Api, path: str):
    note = {"entity_id": api.lead(), "note_type": "common", "params": {"text": "x"}}
    api.make("leads/notes", note)
    api.contact()
    api.company()
    api.make("tasks", {"text": "Call", "complete_till": 1})
    whole = len(api.rows(path))
    query = "filter[colour]=red&order[colour]=up&with=colour&colour=1"
    assert len(api.rows(f"{path}?{query}")) == whole


def test_several_filters_must_all_hold(api: Api):
    ids = leads(api)
    query = f"filter[id][]={ids[0]}&filter[id][]={ids[1]}&filter[price]=100"
    assert found(api, f"leads?{query}", ids) == [0]


def test_an_id_that_is_no_number_finds_nothing(api: Api):
    ids = leads(api)
    assert found(api, "leads?filter[id]=first", ids) == []
    assert found(api, f"leads?filter[id]=first,{ids[1]}", ids) == [1]


def test_a_filter_on_a_field_takes_values_and_spans(api: Api):
    [size] = api.make("leads/custom_fields", {"name": "Size", "type": "numeric"})
    [note] = api.make("leads/custom_fields", {"name": "Note", "type": "text"})
    ids = [
        api.lead(
            custom_fields_values=[
                {"field_id": size, "values": [{"value": n}]},
                {"field_id": note, "values": [{"value": f"a, {n}"}]},
            ]
        )
        for n in (1, 2, 3)
    ]
    base = "leads?filter[custom_fields_values]"
    assert found(api, f"{base}[{size}][]=2", ids) == [1]
    assert found(api, f"{base}[{size}][from]=2", ids) == [1, 2]
    assert found(api, f"{base}[{note}][]=a, 2", ids) == [1]
    assert found(api, f"{base}[{note}]=a, 3", ids) == [2]


def test_a_search_reads_names_and_fields(api: Api):
    phone = {"field_code": "PHONE", "values": [{"value": "+1 (555) 010-02-03"}]}
    mail = {"field_code": "EMAIL", "values": [{"value": "Ann@Example.com"}]}
    ids = [
        api.contact(name="Анна Ли"),
        api.contact(name="B", custom_fields_values=[phone]),
        api.contact(name="C", custom_fields_values=[mail]),
    ]
    for text, places in (
        ("анна", [0]),
        ("+15550100203", [1]),
        ("5550100203", [1]),
        ("ann@example.com", [2]),
        ("nobody", []),
    ):
        assert found(api, f"contacts?query={quote(text)}", ids) == places


def test_tasks_filter_by_type_in_both_spellings_at_once(api: Api):
    task = {"text": "x", "complete_till": 1}
    ids = api.make("tasks", {**task, "task_type_id": 1}, {**task, "task_type_id": 2})
    assert found(api, "tasks?filter[task_type]=2&filter[task_type_id]=2", ids) == [1]
    assert found(api, "tasks?filter[task_type_id][]=1", ids) == [0]


@pytest.mark.parametrize(
    "query", ["=common,sms_in", "[]=common&filter[note_type][]=sms_in"]
)
def test_notes_filter_by_several_types(api: Api, query: str):
    lead_id = api.lead()
    ids = api.make(
        f"leads/{lead_id}/notes",
        {"note_type": "common", "params": {"text": "x"}},
        {"note_type": "sms_in", "params": {"text": "x", "phone": "1"}},
        {"note_type": "site_visit", "params": {"url": "https://a.example"}},
    )
    assert found(api, f"leads/notes?filter[note_type]{query}", ids) == [0, 1]


def test_kept_selections_never_hide_a_later_change(api: Api):
    ids = leads(api)
    query = f"leads?filter[name]=Roof&filter[id][]={ids[0]}&filter[id][]={ids[1]}"
    assert found(api, query, ids) == [0]
    api.patch(f"leads/{ids[1]}", {"name": "Roof"})
    assert found(api, query, ids) == [0, 1]
