"""Queries and next links: whether a next link continues what was asked."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from kommo_sync.errors import BadAnswer

Pairs = Iterable[tuple[str, str]]

ID_FILTER = "filter[id][]"
STAGE_FILTER = "filter[statuses]"
_KEPT = ("filter", "order", "limit")
_INDEX = re.compile(r"\[\d*\]\Z", re.ASCII)
_STAGE = re.compile(r"filter\[statuses\]\[(\d+)\]\[(pipeline_id|status_id)\]", re.ASCII)
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def stages(query: Pairs) -> frozenset[tuple[int, int]]:
    """Return the (pipeline id, stage id) pairs that a query asks for."""
    found: dict[str, dict[str, int]] = {}
    for name, value in query:
        if match := _STAGE.fullmatch(name):
            found.setdefault(match[1], {})[match[2]] = int(value)
    return frozenset((one["pipeline_id"], one["status_id"]) for one in found.values())


def check_next(href: str, path: str, query: Pairs, page: int, origin: str) -> None:
    """Let a next link pass if it is the page after `page` of the same question.

    A walk that trusted another link would skip records, or show a stranger the token.

    Raises:
        BadAnswer: another host, another path, another page, another filter.
    """
    try:
        parts = urlsplit(href)
        there = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise BadAnswer("The next link of {path} is no address.", path=path) from error
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, "/"))
    if f"{parts.scheme}://{host}" != origin:
        raise BadAnswer(
            "The next link of {path} leaves the account's own host.", path=path
        )
    if parts.path != path:
        raise BadAnswer("The next link of {path} names another path.", path=path)
    if dict(there).get("page") != str(page + 1):
        raise BadAnswer(
            "The next link of {path} does not name the page after the one asked.",
            path=path,
        )
    if _kept(there) != _kept(query):
        raise BadAnswer(
            "The next link of {path} drops or changes filter, order or limit.",
            path=path,
        )


def _kept(query: Pairs) -> dict[str, list[str]]:
    """Return filters, order and limit, whichever way PHP spells their lists."""
    kept: dict[str, list[str]] = {}
    for name, value in query:
        if name.startswith(_KEPT):
            kept.setdefault(_INDEX.sub("", name), []).extend(value.split(","))
    return {name: sorted(values) for name, values in kept.items()}
