"""Which orders work, cell by cell of what was measured, and the order without one."""

import pytest

from kommo_sync.sandbox.account.records import Unsorted
from tests.sandbox.kit import Api

# Four rows in the order they are made; every key puts them into an order of its own.
ROWS = (
    {"name": "Delta", "created_at": 300, "updated_at": 2000},
    {"name": "Alpha", "created_at": 100, "updated_at": 4000},
    {"name": "Charlie", "created_at": 400, "updated_at": 1000},
    {"name": "Bravo", "created_at": 200, "updated_at": 3000},
)
TILLS = (20, 40, 30, 10)
BY = {
    "id": [0, 1, 2, 3],
    "updated_at": [2, 0, 3, 1],
    "created_at": [1, 3, 0, 2],
    "name": [1, 3, 2, 0],
    "complete_till": [3, 0, 2, 1],
}
WORKS = {
    "leads": {"id": True, "updated_at": True, "created_at": True, "name": False},
    "contacts": {"id": True, "updated_at": True, "created_at": False, "name": True},
    "companies": {"id": True, "updated_at": True, "created_at": False, "name": True},
    "tasks": {
        "id": True,
        "updated_at": False,
        "created_at": True,
        "complete_till": True,
    },
    "leads/notes": {"id": True, "updated_at": True, "created_at": False},
    "contacts/notes": {"id": True, "updated_at": True, "created_at": False},
}
CELLS = [(path, name, ok) for path, row in WORKS.items() for name, ok in row.items()]


def make(api: Api, path: str) -> list[int]:
    """Make the four rows of a list and return their ids in the order of making."""
    if path == "tasks":
        return [
            api.make(path, {"text": row["name"], "complete_till": till, **times(row)})[
                0
            ]
            for row, till in zip(ROWS, TILLS, strict=True)
        ]
    if path.endswith("/notes"):
        kind = path.removesuffix("/notes")
        [card_id] = api.make(kind, {"name": "x"})
        note = {"entity_id": card_id, "note_type": "common", "params": {"text": "x"}}
        return [api.make(path, {**note, **times(row)})[0] for row in ROWS]
    return [api.make(path, dict(row))[0] for row in ROWS]


def times(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("created_at", "updated_at")}


def listed(api: Api, path: str, ids: list[int], query: str = "") -> list[int]:
    """Return in which places the rows come."""
    return [ids.index(row["id"]) for row in api.rows(f"{path}?{query}")]


def default(path: str) -> list[int]:
    return BY["id" if path == "tasks" else "updated_at"]


@pytest.mark.parametrize(("path", "name", "works"), CELLS)
def test_an_order_works_or_is_ignored_as_measured(api: Api, path, name, works):
    ids = make(api, path)
    rising = BY[name] if works else default(path)
    falling = BY[name][::-1] if works else default(path)
    assert listed(api, path, ids, f"order[{name}]=asc") == rising
    assert listed(api, path, ids, f"order[{name}]=desc") == falling


@pytest.mark.parametrize("path", WORKS)
def test_without_an_order_cards_and_notes_come_by_updated_at(api: Api, path: str):
    ids = make(api, path)
    assert listed(api, path, ids) == default(path)


@pytest.mark.parametrize(
    "query",
    [
        "order[price]=asc",
        "order[id]=sideways",
        "order[id]=",
        "order[id][x]=desc",
        "order=id",
        "sort[id]=desc",
        "order[]=id",
    ],
)
def test_an_unknown_order_or_direction_is_ignored(api: Api, query: str):
    ids = make(api, "leads")
    assert listed(api, "leads", ids, query) == BY["updated_at"]


def test_only_the_first_field_of_an_order_counts(api: Api):
    ids = make(api, "leads")
    query = "order[created_at]=asc&order[id]=desc"
    assert listed(api, "leads", ids, query) == BY["created_at"]


def test_an_unknown_field_before_a_known_one_is_passed_over(api: Api):
    ids = make(api, "leads")
    query = "order[name]=asc&order[id]=desc"
    assert listed(api, "leads", ids, query) == BY["id"][::-1]


def test_rows_of_the_same_second_come_by_id(api: Api):
    ids = api.make("leads", *({"updated_at": 100} for _ in range(4)))
    assert [row["id"] for row in api.rows("leads?order[updated_at]=asc")] == ids


@pytest.mark.parametrize(
    "query", ["", "order[created_at]=asc", "order[id]=asc", "order[updated_at]=asc"]
)
def test_incoming_leads_come_newest_first_whatever_the_order(api: Api, query: str):
    state = api.sandbox.state
    pipeline = state.main_pipeline()
    stage = {"pipeline_id": pipeline.id, "status_id": pipeline.incoming().id}
    for at in (200, 300, 100):
        state.data.unsorted[f"uid{at}"] = Unsorted(
            uid=f"uid{at}",
            source_uid=None,
            source_name="Form",
            category="forms",
            pipeline_id=pipeline.id,
            created_at=at,
            metadata={},
            lead_id=api.lead(**stage),
        )
    rows = api.rows(f"leads/unsorted?{query}")
    assert [row["created_at"] for row in rows] == [300, 200, 100]


def test_events_come_newest_first_whatever_the_order(api: Api):
    ids = [api.lead() for _ in range(3)]
    for query in ("", "order[created_at]=asc"):
        assert [row["entity_id"] for row in api.rows(f"events?{query}")] == ids[::-1]


@pytest.mark.parametrize("kind", ["leads", "contacts"])
def test_the_trash_is_sorted_like_the_list(api: Api, kind: str):
    ids = make(api, kind)
    for card_id in ids:
        api.act("trash", entity=kind, id=card_id)
    query = "with=only_deleted&order[id]=desc"
    assert listed(api, kind, ids, query) == BY["id"][::-1]


def test_custom_fields_come_by_sort_or_by_id(api: Api):
    fields = [{"name": f"F{n}", "type": "text", "sort": n} for n in (903, 901, 902)]
    ids = api.make("leads/custom_fields", *fields)

    def own(query: str) -> list[int]:
        rows = api.rows(f"leads/custom_fields?limit=250&{query}")
        return [row["id"] for row in rows if row["id"] in ids]

    assert own("order[id]=desc") == ids[::-1]
    assert own("order[sort]=asc") == own("") == [ids[1], ids[2], ids[0]]
