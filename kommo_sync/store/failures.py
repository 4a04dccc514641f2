"""The one place where a database's failures become ours."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kommo_sync.errors import Busy, KommoSyncError, StoreUnusable

WAIT_SECONDS = 10
"""How long a statement waits for a lock: reliability-security §1.7, busy_timeout."""

_FULL = "The disk is full ({name}): free space and start again; what was kept is whole."
_READ_ONLY = (
    "The database {name} is read-only: give this user the right to write it, "
    "and the folder it lies in."
)
_LOCKED = (
    "The database {name} stayed locked for {seconds} s: another process writes "
    "to it; try again."
)
_SLOW = "The database {name} did not answer in time: try again."
_UNREACHABLE = (
    "The database {name} cannot be reached: check that it runs, and its address, "
    "user and password."
)
_REFUSED = (
    "The database {name} refused a statement or a value ({reason}): nothing of it was "
    "kept; run `kommo-sync doctor`, and report it if it happens again."
)

_SQLITE: tuple[tuple[str, type[KommoSyncError], str], ...] = (
    ("database or disk is full", StoreUnusable, _FULL),
    ("attempt to write a readonly database", StoreUnusable, _READ_ONLY),
    ("is locked", Busy, _LOCKED),
    (
        "unable to open database file",
        StoreUnusable,
        "The database {name} cannot be opened: check that the folder exists and "
        "that this user may write in it.",
    ),
    (
        "file is not a database",
        StoreUnusable,
        "The file {name} is not a SQLite database: name another one.",
    ),
    (
        "disk image is malformed",
        StoreUnusable,
        "The database {name} is damaged: restore it from a backup, or delete it and "
        "sync again.",
    ),
    (
        "disk I/O error",
        StoreUnusable,
        "The disk under {name} fails to read or write: check it, then start again.",
    ),
)
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES: dict[str, tuple[type[KommoSyncError], str]] = {
    "53100": (StoreUnusable, _FULL),
    "25006": (StoreUnusable, _READ_ONLY),
    "42501": (
        StoreUnusable,
        "The user of the database {name} lacks a right: grant it read and write.",
    ),
    "55P03": (Busy, _LOCKED),
    "40P01": (Busy, _SLOW),
    "40001": (Busy, _SLOW),
    "57014": (Busy, _SLOW),
}


# The only words of SQLite's that are told: names of tables and columns, no values.
_NAMES_ONLY = re.compile(
    r"(no such (table|column)|[A-Z ]+ constraint failed): [\w., ]+"
)
_OF_THE_STATEMENT = "42"
"""Postgres's errors about the text of a statement; ours hold no values."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the driver's failures inside into errors of ours, which tell no values.

    Args:
        name: the database as a person may read it, without a password.

    Raises:
        Busy: locked for too long, or too slow.
        StoreUnusable: full, read-only, damaged or out of reach, or it refused a
            statement or a value.
    """
    try:
        yield
    except (StatementError, sqlite3.Error, OverflowError, UnicodeError) as error:
        # What fails while a connection is prepared does not come through SQLAlchemy.
        failed = error.orig if isinstance(error, StatementError) else error
        found = _foreseen(failed, name)
        if found is None:
            found = StoreUnusable(_REFUSED, name=name, reason=_reason(failed))
        elif getattr(failed, "sqlstate", None) is None:
            raise found from error
        # Postgres tells the row that it refuses, and Python the text.
        raise found from None
    except PoolTimeout as error:
        raise Busy(_SLOW, name=name) from error


def _foreseen(error: object, name: str) -> KommoSyncError | None:
    """Return what a driver's error means to a caller, if that is known."""
    if isinstance(error, sqlite3.Error):
        for words, kind, message in _SQLITE:
            if words in str(error):
                return kind(message, name=name, seconds=WAIT_SECONDS)
        return None
    state = getattr(error, "sqlstate", None)
    if state in _POSTGRES:
        kind, message = _POSTGRES[state]
        return kind(message, name=name, seconds=WAIT_SECONDS)
    # psycopg gives a lost or refused connection no state, or one of these classes.
    lost = state is None and type(error).__name__ in (
        "OperationalError",
        "InterfaceError",
    )
    if lost or str(state)[:2] in ("08", "28", "3D", "57"):
        return StoreUnusable(_UNREACHABLE, name=name)
    return None


def _reason(error: object) -> str:
    """Return what may be told of a surprise: kinds and names, never a value."""
    state = getattr(error, "sqlstate", None)
    diagnosis = getattr(error, "diag", None)
    told = [type(error).__name__, getattr(error, "sqlite_errorname", state)]
    if isinstance(error, sqlite3.Error) and _NAMES_ONLY.fullmatch(str(error)):
        told.append(str(error))
    elif state is not None and state.startswith(_OF_THE_STATEMENT):
        told.append(getattr(diagnosis, "message_primary", None))
    for one in ("table_name", "column_name", "constraint_name"):
        told.append(getattr(diagnosis, one, None))
    return ", ".join(one for one in told if one)
