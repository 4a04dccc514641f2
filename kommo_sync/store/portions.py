"""How many values one statement names: a database's limit must not be ours."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

_AT_ONCE = 500


def portions(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values, no more at a time than a statement should name."""
    left = iter(values)
    while some := list(islice(left, _AT_ONCE)):
        yield some
