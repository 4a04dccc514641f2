"""PHP's spelling of nested values, read and written."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.sandbox.wire.brackets import (
    as_integer,
    encode,
    flatten,
    integers,
    pairs_of,
    parse,
    query_string,
    scalars,
)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
# What PHP can carry as a key: no brackets, not empty, not a number.
WORDS = TEXTS.filter(
    lambda t: t != "" and not set(t) & set("[]") and not t.lstrip("-").isdecimal()
)
TREES = st.recursive(
    TEXTS,
    lambda inner: (
        st.dictionaries(WORDS, inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def read(query: str) -> Any:
    return parse(pairs_of(query))


def indexed(value: Any) -> Any:
    """Return the value as PHP reads it back: lists become maps of "0", "1" …."""
    if isinstance(value, list):
        return {str(index): indexed(child) for index, child in enumerate(value)}
    if isinstance(value, dict):
        return {key: indexed(child) for key, child in value.items()}
    return value


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a=1", {"a": "1"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("", {}),
        ("a[b]=1", {"a": {"b": "1"}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[5]=1&a[]=2", {"a": {"5": "1", "6": "2"}}),
        ("a[x]=1&a[]=2", {"a": {"x": "1", "0": "2"}}),
        ("a[][b]=1&a[][b]=2", {"a": {"0": {"b": "1"}, "1": {"b": "2"}}}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
        ("a%5bb%5d=%2B1+2", {"a": {"b": "+1 2"}}),
        ("имя=Анна", {"имя": "Анна"}),
    ],
)
def test_brackets_nest_as_php_reads_them(query, tree):
    assert read(query) == tree


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=1&a=2", {"a": "2"}),
        ("a[b]=1&a[b][c]=2", {"a": {"b": {"c": "2"}}}),
    ],
)
def test_where_a_scalar_and_a_parent_collide_the_later_wins(query, tree):
    assert read(query) == tree


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("[a]=1", {"[a]": "1"}),
        ("a[b=1", {"a[b": "1"}),
        ("a]b=1", {"a]b": "1"}),
        ("a[b]c=1", {"a": {"b": "1"}}),
        ("a[b][c=1", {"a": {"b": "1"}}),
    ],
)
def test_broken_brackets_are_no_error(query, tree):
    assert read(query) == tree


def test_depth_has_an_end_so_that_a_hostile_query_cannot_exhaust_the_stack():
    depth, node = 0, read("a" + "[b]" * 5000 + "=1")
    while isinstance(node, dict):
        depth, node = depth + 1, next(iter(node.values()))
    assert depth == 12


def test_bytes_that_are_no_utf_8_are_read_with_a_mark():
    assert read("a=%FF") == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "query",
    ["f=1,2", "f=1, 2", "f[]=1&f[]=2", "f[0]=1&f[1]=2", "f[]=1,2", "f[a]=1&f[b]=2"],
)
def test_a_list_may_be_spelled_in_any_way(query):
    assert scalars(read(query)["f"]) == ["1", "2"]
    assert integers(read(query)["f"]) == {1, 2}


def test_no_value_is_an_empty_list():
    assert scalars(None) == []
    assert integers(None) == set()


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("-7", -7), ("", 0), ("x", 0), ("1.5", 0), ("9" * 5000, 0)],
)
def test_what_is_no_whole_number_reads_as_zero(text, number):
    assert as_integer(text) == number


@settings(deadline=None)
@given(st.dictionaries(WORDS, TREES, max_size=4))
def test_what_was_written_reads_back(tree: dict[str, Any]):
    assert read(encode(tree)) == indexed(tree)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_a_query_string_keeps_every_pair_in_order(pairs: list[tuple[str, str]]):
    assert pairs_of(query_string(pairs)) == pairs


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_query_can_be_read(text: str):
    assert isinstance(read(text), dict)


@settings(deadline=None)
@given(st.dictionaries(WORDS, TREES, max_size=4))
def test_keys_are_percent_encoded_in_what_is_written(tree: dict[str, Any]):
    for pair, (key, _) in zip(encode(tree).split("&"), flatten(tree), strict=False):
        assert not set(pair) & set("[] ")
        assert pair.partition("=")[0] == quote(key, safe="").replace("%20", "+")


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"a": True, "b": False}, "a=1&b=0"),
        ({"a": None, "b": 5}, "b=5"),
        ({"a": {"b": [7, 8]}}, "a%5Bb%5D%5B0%5D=7&a%5Bb%5D%5B1%5D=8"),
        ({"a": "Анна Ли"}, "a=%D0%90%D0%BD%D0%BD%D0%B0+%D0%9B%D0%B8"),
        ({"a": [], "b": {}}, ""),
    ],
)
def test_every_value_is_written_as_a_string(value, body):
    assert encode(value) == body
