"""PHP's bracket spelling of nested values: read from queries, written to webhooks."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

Node = str | dict[str, "Node"]

MAX_DEPTH = 12


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Return the decoded (key, value) pairs of a query string, in order."""
    return parse_qsl(query, keep_blank_values=True, errors="replace")


def parse(pairs: list[tuple[str, str]]) -> dict[str, Node]:
    """Return nested dicts for `a[b][]=1`; as in PHP a later scalar wins."""
    tree: dict[str, Node] = {}
    for key, value in pairs:
        _place(tree, _path(key), value)
    return tree


def _path(key: str) -> list[str]:
    head, bracket, rest = key.partition("[")
    if not bracket or not head or "]" not in rest:
        return [key]
    parts = [head]
    for part in rest.split("[")[: MAX_DEPTH - 1]:
        inner, closed, _ = part.partition("]")
        if not closed:
            break
        parts.append(inner)
    return parts


def _place(tree: dict[str, Node], path: list[str], value: str) -> None:
    node = tree
    for part in path[:-1]:
        key = part or _next_index(node)
        child = node.get(key)
        if not isinstance(child, dict):
            child = {}
            node[key] = child
        node = child
    node[path[-1] or _next_index(node)] = value


def _next_index(node: dict[str, Node]) -> str:
    taken = [int(key) for key in node if key.isdecimal()]
    return str(max(taken) + 1) if taken else "0"


def scalars(node: Node | None) -> list[str]:
    """Return a filter's values, whichever spelling was used.

    `f=1`, `f=1,2`, `f[]=1&f[]=2` and `f[0]=1&f[1]=2` all give a flat list.
    """
    if node is None:
        return []
    if isinstance(node, str):
        return [part.strip() for part in node.split(",")]
    return [value for child in node.values() for value in scalars(child)]


def texts(node: Node | None) -> list[str]:
    """Return a filter's values where a comma is part of the text, as in a name."""
    if node is None or isinstance(node, str):
        return [] if node is None else [node]
    return [value for child in node.values() for value in texts(child)]


def integers(node: Node | None) -> set[int]:
    """Return a filter's values as integers; what is no number matches nothing (0)."""
    return {as_integer(value) for value in scalars(node)}


def as_integer(text: str) -> int:
    """Return `text` as PHP's intval would: 0 for what is no number."""
    try:
        return int(text)
    except ValueError:
        return 0


def encode(value: dict[str, Any]) -> str:
    """Return a form body with PHP bracket keys; every value becomes a string."""
    return "&".join(
        f"{quote_plus(key, safe='')}={quote_plus(text)}" for key, text in flatten(value)
    )


def flatten(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (bracket key, string) pairs; None is skipped, True is "1", False "0"."""
    for key, item in value.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        yield from _flatten_item(name, item)


def _flatten_item(name: str, item: Any) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        yield from flatten(item, name)
    elif isinstance(item, list):
        for index, child in enumerate(item):
            yield from _flatten_item(f"{name}[{index}]", child)
    elif isinstance(item, bool):
        yield name, "1" if item else "0"
    elif item is not None:
        yield name, str(item)


def query_string(pairs: list[tuple[str, str]]) -> str:
    """Return the pairs as a percent-encoded query string, in order."""
    return "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs
    )
