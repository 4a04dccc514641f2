"""The two databases: how each is opened, written and read."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kommo_sync.errors import ConfigError, StoreUnusable
from kommo_sync.store.failures import WAIT_SECONDS, translated

STATEMENT_SECONDS = 60
"""A count over a million rows takes a second or two; what takes a minute hangs."""

_PRAGMAS = (
    f"busy_timeout={WAIT_SECONDS * 1000}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "mmap_size=0",
    "wal_autocheckpoint=0",
)
"""reliability-security §1.7; checkpoints are ours because SQLite 3.7.0 to 3.51.2 can
damage a file when a commit falls into one (https://sqlite.org/wal.html#walresetbug)."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is open: writers one at a time, readers beside them."""

    name: str
    """For people: the file, or host and database; never a password."""
    path: Path | None
    """The file, if it is SQLite."""
    writer: Engine
    reader: Engine

    @contextmanager
    def writing(self, account_id: int | None = None) -> Iterator[Connection]:
        """Give one transaction, kept whole or not at all.

        Args:
            account_id: whose rows it writes. On Postgres it waits for other writers of
                that account, as on SQLite for all others: what it has read stays true.

        Raises:
            Busy: another writer holds the database for too long.
            StoreUnusable: full, read-only, damaged or out of reach.
        """
        with translated(self.name), self.writer.begin() as connection:
            if account_id is not None and self.path is None:
                connection.execute(_LOCK, {"key": account_id})
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one moment's view of the database.

        Raises:
            StoreUnusable: damaged or out of reach.
        """
        with translated(self.name), self.reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.reader.dispose()
        self.writer.dispose()


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


def open_database(url: str) -> Database:
    """Return the database behind a URL; nothing is created, or asked yet.

    Raises:
        ConfigError: not a URL that this program can use.
        StoreUnusable: the folder of a SQLite file is not there.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _not_a_url() from None
    backend = parsed.drivername.partition("+")[0]
    if backend == "sqlite":
        return _open_sqlite(parsed)
    if backend in ("postgresql", "postgres"):
        return _open_postgres(parsed)
    raise _not_a_url()


def _not_a_url() -> ConfigError:
    return ConfigError(
        "The database's URL must begin with {sqlite} or {postgres}.",
        sqlite="sqlite:////absolute/path",
        postgres="postgresql://",
    )


def create_file(path: Path) -> None:
    """Make an empty SQLite file that only this user can read, if there is none.

    SQLite gives its -wal and -shm files the same rights. The file appears with its
    journal mode set: two processes that set it at once do not wait for each other.

    Raises:
        StoreUnusable: it cannot be made.
    """
    if path.exists():
        return
    try:
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            made = Path(folder, "new.db")
            os.close(os.open(made, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(made)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            with suppress(FileExistsError):
                os.link(made, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnusable(
            "The database {name} cannot be made ({reason}): check the folder and "
            "the right to write in it.",
            name=path,
            reason=getattr(error, "strerror", error),
        ) from error


def _open_sqlite(parsed: URL) -> Database:
    path = Path(parsed.database or "")
    if not path.is_absolute() or parsed.query:
        raise ConfigError(
            "A SQLite database must be named by its absolute path and no more "
            "(sqlite:////var/lib/kommo-sync/kommo-sync.db): memory, relative paths "
            "and parameters do not outlive a restart."
        )
    if not path.parent.is_dir():
        raise StoreUnusable(
            "The folder {folder} for the database is not there: make it first.",
            folder=path.parent,
        )
    file = URL.create(
        "sqlite",
        database=f"file:{quote(str(path))}",
        query={"mode": "rw", "uri": "true"},
    )
    writer = create_engine(
        file, hide_parameters=True, connect_args={"timeout": WAIT_SECONDS}
    )
    reader = create_engine(
        file, hide_parameters=True, connect_args={"timeout": WAIT_SECONDS}
    )
    event.listen(writer, "connect", _prepare_writer)
    event.listen(reader, "connect", _prepare_reader)
    # A deferred BEGIN cannot become a writer once somebody else has written: it fails
    # at once, whatever the timeout (reliability-security §1.7: 382 of 600).
    event.listen(writer, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(reader, "begin", lambda c: c.exec_driver_sql("BEGIN"))
    return Database(str(path), path, writer, reader)


def _prepare_writer(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare_writer(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _open_postgres(parsed: URL) -> Database:
    waits = {
        "lock_timeout": WAIT_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": STATEMENT_SECONDS,
    }
    options = " ".join(f"-c {name}={seconds}s" for name, seconds in waits.items())
    try:
        writer = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={
                "options": options,
                "connect_timeout": WAIT_SECONDS,
                "application_name": "kommo-sync",
            },
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            "A Postgres database needs its driver: install kommo-sync[postgres]."
        ) from error
    reader = writer.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    name = f"{parsed.database or 'postgres'} at {parsed.host or 'the local socket'}"
    return Database(name, None, writer, reader)
