"""Bodies that nobody should send: each is a 400, never a crash."""

from typing import Any

import msgspec
import pytest

from tests.sandbox.batches import GOOD_AND_BAD, Account, contents
from tests.sandbox.kit import Api

NO_BATCHES: tuple[Any, ...] = (
    {},
    {"0": {}},
    "x",
    5,
    None,
    [],
    [[]],
    [1],
    [None],
    ["x"],
    [{}, 1],
)


@pytest.mark.parametrize("route", GOOD_AND_BAD)
def test_a_batch_takes_nothing_but_an_array_of_objects(api: Api, route: str):
    where = Account(api).path(route)
    before = contents(api)
    for body in map(msgspec.json.encode, NO_BATCHES):
        answer = api.call(route.split(" ")[0], where, content=body)
        assert answer.status_code == 400, body
        assert "validation-errors" not in answer.json()
    assert contents(api) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[{]",
        b"name=x",
        b"[{}] [{}]",
        b"\xff\xfe",
        b'[{"name":"\xff"}]',
        b"[NaN]",
        b'[{"price":1e999}]',
        b"[" * 100_000,
        b'[{"_embedded":' * 50_000,
    ],
)
def test_a_body_that_is_no_json_is_400(api: Api, body: bytes):
    answer = api.call("POST", "leads", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Invalid request body: it is no JSON."


@pytest.mark.parametrize("path", ["leads", "tasks", "leads/custom_fields"])
def test_one_entity_is_changed_by_an_object_only(api: Api, path: str):
    item = {"name": "x", "text": "x", "complete_till": 1, "type": "text"}
    [made] = api.make(path, item)
    body = api.patch(f"{path}/{made}", [item], status=400)
    assert body["title"] == "Bad Request"
