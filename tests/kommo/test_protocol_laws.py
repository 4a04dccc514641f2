"""Whatever comes, a page is read or it is a bad answer; nothing else escapes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.batches import read_batch
from kommo_sync.kommo.claims import token_claims
from kommo_sync.kommo.links import check_next
from kommo_sync.kommo.protocol import page_request, read_page
from kommo_sync.kommo.refusals import pause_asked, refusal
from kommo_sync.model.entities import Part, Row
from tests.kommo.kit import ORIGIN, account, answer
from tests.sandbox.kit import Api

PARTS = st.sampled_from(list(Part))
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["", "null", "nan", "inf", "1", "-1", "1e5", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "link", "0", "name"]), inner)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def bodies():
    """Every part's first page, as the sandbox answers it."""
    sandbox = account(clients=20)
    api = Api(sandbox)
    found = {}
    for part in Part:
        request = page_request(part, 1, limit=5)
        got = api.call("GET", request.path, params=list(request.query))
        if got.status_code == 200:
            found[part] = got.json()
    assert len(found) >= len(Part) - 2
    return found


def read_or_refuse(part: Part, body: bytes) -> tuple[Row, ...]:
    try:
        page = read_page(part, answer(body), page_request(part, 1, limit=5), ORIGIN)
    except BadAnswer:
        return ()
    return page.rows


def is_storable(value: object) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or (isinstance(value, str) and "\x00" not in value)


@given(PARTS, st.binary())
def test_any_bytes_are_a_page_or_a_bad_answer(part, body):
    rows = read_or_refuse(part, body)
    assert all(is_storable(value) for row in rows for value in row)


@given(PARTS, ODD)
def test_any_json_is_a_page_or_a_bad_answer(part, body):
    rows = read_or_refuse(part, msgspec.json.encode(body))
    assert all(is_storable(value) for row in rows for value in row)


@given(st.data())
def test_a_page_with_anything_in_any_place_is_read_or_refused(bodies, data):
    part = data.draw(st.sampled_from(list(bodies)))
    changed = mutated(bodies[part], data)
    rows = read_or_refuse(part, msgspec.json.encode(changed))
    assert all(is_storable(value) for row in rows for value in row)


def mutated(body: Any, data: st.DataObject) -> Any:
    """Return a copy with one value, anywhere, replaced or left out."""
    copy = msgspec.json.decode(msgspec.json.encode(body))
    node, depth = copy, data.draw(st.integers(0, 6))
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        child = node[key]
        if depth == 0 or not isinstance(child, dict | list) or not child:
            break
        node, depth = child, depth - 1
    if data.draw(st.booleans()):
        del node[key]
    else:
        node[key] = data.draw(ODD)
    return copy


@given(PARTS, st.data())
def test_a_cut_page_is_a_bad_answer(part, data):
    body = msgspec.json.encode({"_embedded": {part.stream: [{"id": 1, "name": "x"}]}})
    length = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(BadAnswer):
        read_page(part, answer(body[:length]), page_request(part, 1), ORIGIN)


@given(st.text())
def test_any_next_link_is_followed_or_a_bad_answer(href):
    with pytest.raises(BadAnswer):
        check_next(href, "/api/v4/leads", (), 1, ORIGIN)


@given(st.integers(100, 599), st.binary() | ODD.map(msgspec.json.encode))
def test_any_status_with_any_body_has_a_meaning(status, body):
    error = refusal(status, body, "acme.kommo.com", "/api/v4/leads")
    assert (error is None) == (200 <= status < 300)
    assert pause_asked(None, body) is None or status


@given(
    st.sampled_from([200, 400]),
    st.binary() | ODD.map(msgspec.json.encode),
    st.lists(st.sampled_from("012"), unique=True),
)
def test_each_item_of_a_batch_ends_in_exactly_one_place(status, body, sent):
    try:
        batch = read_batch(answer(body, status), sent)
    except BadAnswer:
        return
    found = [*batch.done, *batch.refused, *batch.unanswered]
    assert sorted(found) == sorted(sent)


@given(st.text() | st.binary().map(lambda raw: f"x.{raw.decode('latin-1')}.y"))
def test_any_text_is_a_token_or_none(token):
    assert token_claims(token) is None or "." in token
