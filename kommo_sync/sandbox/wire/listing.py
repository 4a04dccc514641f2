"""Lists: filters in every spelling, the orders that work, pages and their links."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.wire.brackets import (
    Node,
    as_integer,
    integers,
    query_string,
    scalars,
    texts,
)
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import EmptyAnswer, Problem

MAX_LIMIT = 250
KEPT_LISTINGS = 32

Predicate = Callable[[Any], bool]
FilterMaker = Callable[[State, Node], Predicate | None]
SortKey = Callable[[Any], Any]


@dataclass(frozen=True)
class Collection:
    """How one resource is listed.

    Attributes:
        name: the key under `_embedded`, also the kind whose changes matter.
        rows: all rows in the order of their ids.
        filters: what `filter[NAME]` does; other names are ignored.
        orders: what `order[NAME]` sorts by; other names are ignored.
        default: (sort key, descending) without a valid `order`.
        depends: kinds whose changes make a kept selection stale.
        totals: whether `_total_items` and `_page_count` are told.
        table: rows by id, for `filter[id]` without a scan.
    """

    name: str
    rows: Callable[[State], Iterable[Any]]
    filters: dict[str, FilterMaker] = field(default_factory=dict)
    orders: Mapping[str, SortKey] = field(default_factory=dict)
    default: tuple[SortKey, bool] | None = None
    depends: tuple[str, ...] = ()
    totals: bool = False
    search: Callable[[State, str], Predicate] | None = None
    table: Callable[[State], dict[int, Any]] | None = None


def selected(call: Call, collection: Collection) -> list[Any]:
    """Return the rows that the query asks for, in order, all pages of them.

    A selection is kept until something that it depends on changes.
    """
    state = call.state
    kinds = (collection.name, *collection.depends)
    versions = tuple(state.versions.get(kind, 0) for kind in kinds)
    asked = tuple(pair for pair in call.pairs if pair[0] not in ("page", "limit"))
    key = (call.path, asked)
    kept = state.listings.get(key)
    if kept is None or kept[0] != versions:
        kept = (versions, _select(call, collection))
        state.listings[key] = kept
        while len(state.listings) > KEPT_LISTINGS:
            state.listings.popitem(last=False)
    state.listings.move_to_end(key)
    return _visible(state, kept[1])


def _visible(state: State, rows: list[Any]) -> list[Any]:
    """Leave out what is too new for a list that lags."""
    if not state.lag_seconds:
        return rows
    edge = state.clock.now() - state.lag_seconds
    return [row for row in rows if getattr(row, "created_at", 0) <= edge]


def _select(call: Call, collection: Collection) -> list[Any]:
    state = call.state
    predicates = [
        predicate
        for name, node in call.filters.items()
        if (maker := collection.filters.get(name)) and (predicate := maker(state, node))
    ]
    text = call.query.get("query")
    if collection.search and isinstance(text, str) and text:
        predicates.append(collection.search(state, text))
    rows: Iterable[Any] = _candidates(call, collection)
    for predicate in predicates:
        rows = filter(predicate, rows)
    return _ordered(call, collection, list(rows))


def _candidates(call: Call, collection: Collection) -> Iterable[Any]:
    ids = call.filters.get("id")
    if collection.table is None or ids is None:
        return collection.rows(call.state)
    table = collection.table(call.state)
    return [table[row_id] for row_id in sorted(integers(ids)) if row_id in table]


def _ordered(call: Call, collection: Collection, rows: list[Any]) -> list[Any]:
    order = call.query.get("order")
    if isinstance(order, dict):
        for name, direction in order.items():
            key = collection.orders.get(name)
            if key is not None and direction in ("asc", "desc"):
                return sorted(rows, key=key, reverse=direction == "desc")
    if collection.default is not None:
        key, descending = collection.default
        rows.sort(key=key, reverse=descending)
    return rows


def page_bounds(call: Call) -> tuple[int, int]:
    """Return (page, limit): 1 and 50 where absent or senseless, 250 at most.

    Raises:
        Problem: 400, beyond the last page that the switch `max_page` permits.
    """
    page = max(_number(call.query.get("page")), 1)
    limit = _number(call.query.get("limit"))
    if limit <= 0:
        limit = call.state.choices.default_limit
    last = call.state.choices.max_page
    if last is not None and page > last:
        raise Problem(400, f"Page {page} is beyond the last one, {last}.")
    return page, min(limit, MAX_LIMIT)


def _number(node: Node | None) -> int:
    return as_integer(node) if isinstance(node, str) else 0


def answer_page(
    call: Call, collection: Collection, render: Callable[[Call, Any], Any]
) -> dict[str, Any]:
    """Return the HAL page that the query asks for.

    Raises:
        EmptyAnswer: 204, there is nothing on that page; 304, nothing new in the list.
    """
    rows = selected(call, collection)
    page, limit = page_bounds(call)
    shown = rows[(page - 1) * limit : page * limit]
    if not shown:
        raise EmptyAnswer
    if _unmodified(call, rows):
        raise EmptyAnswer(304)
    pages = -(-len(rows) // limit)
    body: dict[str, Any] = {"_total_items": len(rows)} if collection.totals else {}
    body["_page"] = page
    if collection.totals:
        body["_page_count"] = pages
    body["_links"] = _page_links(call, page, limit, pages, collection.totals)
    body["_embedded"] = {collection.name: [render(call, row) for row in shown]}
    return body


def _unmodified(call: Call, rows: list[Any]) -> bool:
    since = call.modified_since
    if since is None:
        return False
    return all(getattr(row, "updated_at", since + 1) <= since for row in rows)


def _page_links(
    call: Call, page: int, limit: int, pages: int, tell_last: bool
) -> dict[str, Any]:
    links = {"self": _page_link(call, page, limit)}
    if page < pages:
        links["next"] = _page_link(call, page + 1, limit)
    if page > 1:
        links["first"] = _page_link(call, 1, limit)
        links["prev"] = _page_link(call, page - 1, limit)
    if tell_last:
        links["last"] = _page_link(call, pages, limit)
    return links


def _page_link(call: Call, page: int, limit: int) -> dict[str, str]:
    kept = [pair for pair in call.pairs if pair[0] not in ("page", "limit")]
    query = query_string([*kept, ("page", str(page)), ("limit", str(limit))])
    return {"href": f"{call.origin}{call.path}?{query}"}


def answer_all(
    call: Call, name: str, rows: list[Any], *, keep_empty: bool = False
) -> dict[str, Any]:
    """Return a list that is never paged, with `_total_items`.

    Raises:
        EmptyAnswer: 204, the list is empty.
    """
    if not rows and not keep_empty:
        raise EmptyAnswer
    return {
        "_total_items": len(rows),
        "_links": call.self_link(),
        "_embedded": {name: rows},
    }


def by_id(row: Any) -> Any:
    """Sort key: the id."""
    return row.id


def by_update(row: Any) -> Any:
    """Sort key: updated_at, then the id."""
    return row.updated_at, row.id


def by_creation(row: Any) -> Any:
    """Sort key: created_at, then the id."""
    return row.created_at, row.id


def one_of(name: str) -> FilterMaker:
    """Return a filter on an integer property: one value or several."""

    def make(_: State, node: Node) -> Predicate:
        wanted = integers(node)
        return lambda row: getattr(row, name) in wanted

    return make


def text_of(name: str) -> FilterMaker:
    """Return a filter on a text property: exactly one of the given texts."""

    def make(_: State, node: Node) -> Predicate:
        wanted = set(texts(node))
        return lambda row: getattr(row, name) in wanted

    return make


def word_of(name: str) -> FilterMaker:
    """Return a filter on a property that is one word: commas separate, too."""

    def make(_: State, node: Node) -> Predicate:
        wanted = set(scalars(node))
        return lambda row: getattr(row, name) in wanted

    return make


def moment(name: str, *, comma_is_range: bool = False) -> FilterMaker:
    """Return a filter on a time: inclusive `[from]`/`[to]`, or exactly a second."""

    def make(_: State, node: Node) -> Predicate:
        low, high = _range(node, comma_is_range)

        def inside(row: Any) -> bool:
            value = getattr(row, name)
            return value is not None and low <= value <= high

        return inside

    return make


def _range(node: Node, comma_is_range: bool) -> tuple[float, float]:
    if isinstance(node, dict) and not {"from", "to"} & set(node):
        node = ",".join(scalars(node))
    if isinstance(node, str):
        parts = [as_integer(part) for part in scalars(node)]
        if comma_is_range and len(parts) > 1:
            return parts[0], parts[1]
        return parts[0], parts[0]
    low, high = node.get("from"), node.get("to")
    return (
        as_integer(low) if isinstance(low, str) and low else float("-inf"),
        as_integer(high) if isinstance(high, str) and high else float("inf"),
    )
