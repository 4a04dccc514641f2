"""How rows are written: one statement a table and database, built once from Core.

The statement goes to the driver as text, so that rows cost little more than the bare
driver takes for them: on SQLite by executemany, on Postgres as one array a column,
which is as fast there as COPY and a merge.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnCollection,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from kommo_sync.store.tables import TABLE_OF, events, tombstones

CLOCK_SLACK_SECONDS = 120
"""An answer that is this much younger is the truth, whatever its `updated_at` says."""

Columns = ColumnCollection[str, ColumnElement[Any]]
Values = tuple[Any, ...]

_ENTITY_TABLES = frozenset(TABLE_OF.values())


def write(connection: Connection, table: Table, rows: Collection[Values]) -> int:
    """Insert rows, or update the kept ones that are older; return how many it wrote.

    A kept record is older by `updated_at`, then by `seen_at`; a tombstone by its time.
    Events never change. Rows of the other tables replace what is there.

    Args:
        connection: in a writing transaction.
        table: one whose key columns come first.
        rows: values in the order of its columns.
    """
    if not rows:
        return 0
    if connection.dialect.name == "sqlite":
        statement = _sqlite_upsert(table)
        return connection.exec_driver_sql(statement, list(rows)).rowcount
    # One statement cannot touch a row twice: what names a row again goes after it.
    width = len(table.primary_key)
    first: dict[Values, Values] = {}
    again = [row for row in rows if first.setdefault(row[:width], row) is not row]
    columns = zip(table.columns, zip(*first.values(), strict=True), strict=True)
    arrays = tuple(_array(column, values) for column, values in columns)
    written = connection.exec_driver_sql(_postgres_upsert(table), arrays).rowcount
    return written + write(connection, table, again)


def put(connection: Connection, table: Table, values: Mapping[str, object]) -> None:
    """Write one row of a table of ours, whether it is there or not."""
    write(connection, table, [tuple(values[column.name] for column in table.columns)])


@cache
def _sqlite_upsert(table: Table) -> str:
    statement = _on_conflict(sqlite.insert(table), table)
    return str(statement.compile(dialect=sqlite.dialect(), column_keys=_names(table)))


@cache
def _postgres_upsert(table: Table) -> str:
    names = _names(table)
    arrays = [
        bindparam(column.name, type_=ARRAY(column.type)) for column in table.columns
    ]
    rows = func.unnest(*arrays).table_valued(*names).render_derived()
    source = select(*(rows.c[name] for name in names))
    insert = postgresql.insert(table).from_select(names, source)
    psycopg_dialect: Any = PGDialect_psycopg
    dialect = psycopg_dialect(paramstyle="format")
    statement = str(_on_conflict(insert, table).compile(dialect=dialect))
    # psycopg packs arrays of texts and truths far faster in binary (%b) than in text.
    return re.sub("%s::(?!BIGINT)", "%b::", statement)


def _array(column: Column[Any], values: Values) -> object:
    """Return an array as psycopg sends it fastest; of numbers that is a literal."""
    if isinstance(column.type, BigInteger):
        return "{" + str(list(values))[1:-1].replace("None", "NULL") + "}"
    return list(values)


# The two dialects' inserts are strangers to the type checker, yet twins.
def _on_conflict(insert: Any, table: Table) -> Any:  # noqa: ANN401
    key = [column.name for column in table.primary_key]
    if table is events or len(key) == len(table.columns):
        return insert.on_conflict_do_nothing(index_elements=key)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={name: new[name] for name in _names(table) if name not in key},
        where=_is_newer(table, new),
    )


def _is_newer(table: Table, new: Columns) -> ColumnElement[bool] | None:
    if table is tombstones:
        return new.at > table.c.at
    if table not in _ENTITY_TABLES:
        return None
    seen_later = new.seen_at >= table.c.seen_at
    if "updated_at" not in table.c:
        return seen_later
    slack: ColumnElement[int] = literal_column(str(CLOCK_SLACK_SECONDS))
    return or_(
        new.updated_at > table.c.updated_at,
        and_(new.updated_at == table.c.updated_at, seen_later),
        new.seen_at > table.c.seen_at + slack,
    )


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]
