"""Brings a database to the state that this program needs, and back."""

from collections.abc import Callable
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from kommo_sync.store import revisions
from kommo_sync.store.engines import Database, create_file, open_database
from kommo_sync.store.tables import metadata

# Any fixed number; no account has a negative id.
_LOCK = -3_141_592


def head() -> str:
    """Return the revision that this program needs."""
    return revisions.head()


def current(url: str) -> str | None:
    """Return the database's revision; None if it is new, or not there.

    Raises:
        ConfigError, StoreUnusable: as open_database.
    """
    database = open_database(url)
    try:
        return revisions.revision_of(database)
    finally:
        database.close()


def migrate(url: str, to: str = "head") -> str | None:
    """Create or bring forward a database, all in one transaction; return its revision.

    Two migrations at once wait for each other.

    Raises:
        NewerSchema: a later version of this program made it.
        Busy, ConfigError, StoreUnusable: as Database.writing.
    """
    database = open_database(url)
    try:
        if database.path is not None:
            create_file(database.path)
        _run(database, lambda config: command.upgrade(config, to))
        return revisions.revision_of(database)
    finally:
        database.close()


def downgrade(url: str, revision: str) -> str | None:
    """Take a database back to a revision ("base": empty); return what it has.

    Raises:
        NewerSchema: a later version of this program made it.
        Busy, ConfigError, StoreUnusable: as Database.writing.
    """
    database = open_database(url)
    try:
        _run(database, lambda config: command.downgrade(config, revision))
        return revisions.revision_of(database)
    finally:
        database.close()


def check(url: str) -> tuple[Any, ...]:
    """Return how the database differs from the code's tables; () if it does not."""
    database = open_database(url)
    try:
        with database.reading() as connection:
            context = MigrationContext.configure(connection)
            return tuple(compare_metadata(context, metadata))
    finally:
        database.close()


def _run(database: Database, change: Callable[[Config], None]) -> None:
    # One transaction from the look at the revision to the last table: whoever waits for
    # the lock finds the work done, and a kill leaves the old state.
    with database.writing() as connection:
        if database.path is None:
            _wait_for_other_migrations(connection)
        revisions.refuse_newer(database, revisions.kept_revision(connection))
        config = Config()
        config.set_main_option("script_location", str(revisions.folder()))
        config.attributes["connection"] = connection
        change(config)


def _wait_for_other_migrations(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("SET LOCAL statement_timeout = 0"))
