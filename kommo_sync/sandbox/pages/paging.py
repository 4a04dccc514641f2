"""Long lists in pages, lists kept until something changes, and where rows stand."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from kommo_sync.sandbox.account.state import State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page stands among the others; an empty href leads nowhere."""

    page: int
    pages: int
    total: int
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page of a list."""

    rows: Sequence[T]
    pager: Pager


def whole_number(text: str | None) -> int | None:
    """Return the number that a query names; None if it names none."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 15:
        return None
    return int(text)


def slice_of(
    rows: Sequence[T], page: int | None, size: int, path: str, **kept: object
) -> Slice[T]:
    """Return the asked page of `rows`, the nearest one there is.

    Args:
        kept: what else stands in the query; None and "" are left out.
    """
    pages = max(-(-len(rows) // size), 1)
    at = min(max(page or 1, 1), pages)
    query = {key: value for key, value in kept.items() if value not in (None, "")}

    def href(number: int) -> str:
        return f"{path}?{urlencode({**query, 'page': number})}"

    pager = Pager(
        page=at,
        pages=pages,
        total=len(rows),
        previous=href(at - 1) if at > 1 else "",
        next=href(at + 1) if at < pages else "",
    )
    return Slice(rows[(at - 1) * size : at * size], pager)


class Kept:
    """Remembers what was made of the account until one of the kinds changes."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, tuple[int, ...], Any]] = {}

    def get(
        self, state: State, name: str, kinds: tuple[str, ...], make: Callable[[], T]
    ) -> T:
        """Return what `make` made, made anew if a kind changed since."""
        versions = tuple(state.versions.get(kind, 0) for kind in kinds)
        known = self._kept.get(name)
        if known is None or known[0] is not state.data or known[1] != versions:
            known = (state.data, versions, make())
            self._kept[name] = known
        value: T = known[2]
        return value


class Places(Generic[T]):
    """At which places of a list that only grows the rows with a given key stand."""

    def __init__(self, keys: Callable[[T], Iterable[Hashable]]) -> None:
        self._keys = keys
        self._rows: list[T] = []
        self._seen = 0
        self._places: dict[Hashable, list[int]] = {}

    def of(self, rows: list[T], key: Hashable) -> list[int]:
        """Return the places of the rows with that key, oldest first."""
        self._catch_up(rows)
        return self._places.get(key, [])

    def keys(self, rows: list[T]) -> Iterable[Hashable]:
        """Return the keys that some row has."""
        self._catch_up(rows)
        return self._places.keys()

    def _catch_up(self, rows: list[T]) -> None:
        if rows is not self._rows or len(rows) < self._seen:
            self._rows, self._seen, self._places = rows, 0, {}
        for place in range(self._seen, len(rows)):
            for key in self._keys(rows[place]):
                self._places.setdefault(key, []).append(place)
        self._seen = len(rows)
