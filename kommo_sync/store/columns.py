"""Answers as columns of numbers: a million rows without a million objects.

Postgres puts each column into one string of bytes; SQLite, which is in this process,
gives its rows a while at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Subquery,
    Text,
    cast,
    delete,
    func,
    literal,
    select,
)

from kommo_sync.model.arrays import IntArray, starts

PORTION = 100_000
"""How many rows are read or written at a time: some tens of megabytes."""

_AT_ONCE = 10_000
_NOTHING = literal(b"", LargeBinary)


def among(
    connection: Connection, column: ColumnElement[int], numbers: IntArray
) -> ColumnElement[bool]:
    """Return the condition that a column is one of the numbers, however many."""
    # Not = ANY: Postgres may read the whole array anew for each row.
    listed = str(numbers.tolist())
    if connection.dialect.name == "sqlite":
        each = func.json_each(literal(listed, Text)).table_valued("value")
        return column.in_(select(each.c.value))
    array = literal("{" + listed[1:-1] + "}", Text)
    return column.in_(select(func.unnest(cast(array, ARRAY(BigInteger)))))


def ascending(numbers: Iterable[int]) -> IntArray:
    """Return numbers as a column, in order."""
    return np.array(sorted(numbers), np.int64)


def without(numbers: IntArray, others: IntArray) -> IntArray:
    """Return numbers that are not among others, ascending and each once.

    The others are each there once. numpy's own way (setdiff1d) looks for doubles by
    hashing, which takes ten times as long as sorting.
    """
    ordered = np.sort(numbers)
    once = ordered[np.diff(ordered, prepend=ordered[:1] - 1) > 0]
    return once[~np.isin(once, others, assume_unique=True)]


def strike(
    connection: Connection, account_id: int, column: Column[int], numbers: IntArray
) -> int:
    """Remove the rows of an account whose column is one of these; count them."""
    if not len(numbers):
        return 0
    theirs = among(connection, column, numbers)
    gone = delete(column.table).where(column.table.c.account_id == account_id, theirs)
    return connection.execute(gone).rowcount


def integers(connection: Connection, wanted: Select[Any]) -> tuple[IntArray, ...]:
    """Return the columns of a query for whole numbers, none of which may be NULL."""
    if connection.dialect.name != "sqlite":
        source = wanted.subquery()
        whole = connection.execute(select(*map(_as_bytes, source.c))).one()
        return tuple(map(_numbers, whole))
    width = len(wanted.selected_columns)
    found = [
        np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width)
        for rows in _sqlite_rows(connection, wanted)
    ]
    rows = np.concatenate([np.empty(0, np.int64), *found]).reshape(-1, width)
    return tuple(np.ascontiguousarray(column) for column in rows.T)


def packed(
    connection: Connection, wanted: Select[Any], width: int
) -> tuple[tuple[IntArray, ...], tuple[list[bytes], ...]]:
    """Return the columns of a query of which the first `width` are of whole numbers.

    The others are of bytes; none may be NULL.
    """
    if connection.dialect.name != "sqlite":
        return _packed_on_postgres(connection, wanted.subquery(), width)
    # Column by column: a list of rows would keep the collector of garbage busy.
    found: list[list[Any]] = [[] for _ in wanted.selected_columns]
    for rows in _sqlite_rows(connection, wanted):
        for at, column in enumerate(found):
            column += [row[at] for row in rows]
    numbers = tuple(np.array(column, np.int64) for column in found[:width])
    return numbers, tuple(found[width:])


def _sqlite_rows(
    connection: Connection, wanted: Select[Any]
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield rows as the driver makes them: SQLAlchemy's take twice as long."""
    cursor = connection.execute(wanted).cursor
    while rows := cursor.fetchmany(_AT_ONCE):
        yield rows


def _packed_on_postgres(
    connection: Connection, source: Subquery, width: int
) -> tuple[tuple[IntArray, ...], tuple[list[bytes], ...]]:
    texts = list(source.c)[width:]
    gathered = [_as_bytes(column) for column in list(source.c)[:width]]
    gathered += [_as_bytes(func.octet_length(text)) for text in texts]
    gathered += [func.string_agg(text, _NOTHING) for text in texts]
    whole = connection.execute(select(*gathered)).one()
    numbers = tuple(map(_numbers, whole[: -len(texts)]))
    joined = zip(numbers[width:], whole[-len(texts) :], strict=True)
    return numbers[:width], tuple(_cut(sizes, text or b"") for sizes, text in joined)


def _cut(sizes: IntArray, text: bytes) -> list[bytes]:
    return [text[low:high] for low, high in pairwise(starts(sizes).tolist())]


# The rows of a sorted source are gathered in its order:
# https://www.postgresql.org/docs/current/functions-aggregate.html
def _as_bytes(column: ColumnElement[int]) -> ColumnElement[bytes]:
    return func.string_agg(func.int8send(cast(column, BigInteger)), _NOTHING)


def _numbers(sent: bytes | None) -> IntArray:
    return np.frombuffer(sent or b"", ">i8").astype(np.int64)
