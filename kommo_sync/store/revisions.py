"""Which states of the schema this program knows, and which one a database has."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

import kommo_sync
from kommo_sync.errors import NewerSchema, OlderSchema
from kommo_sync.store.engines import Database


def folder() -> Path:
    """Return where the migrations lie: in the package, or beside it in a checkout."""
    package = Path(kommo_sync.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def known() -> tuple[str, ...]:
    """Return the revisions in order; a file is named NNNN_what.py."""
    files = sorted((folder() / "versions").glob("[0-9]*_*.py"))
    return tuple(file.name.partition("_")[0] for file in files)


def head() -> str:
    """Return the revision that this program needs."""
    return known()[-1]


def kept_revision(connection: Connection) -> str | None:
    """Return the revision of the database; None if it is new."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar()


def revision_of(database: Database) -> str | None:
    """Return the revision of an open database; None if it is new, or not there.

    Raises:
        StoreUnusable: it is damaged or out of reach.
    """
    if database.path is not None and not database.path.exists():
        return None
    with database.reading() as connection:
        return kept_revision(connection)


def require_head(database: Database) -> None:
    """Make sure that the database is in the state that this program needs.

    Raises:
        OlderSchema: it is new, or waits for a migration.
        NewerSchema: a later version of this program made it.
    """
    found = revision_of(database)
    refuse_newer(database, found)
    if found is None:
        raise OlderSchema(
            "The database {name} is empty: run `kommo-sync migrate`.",
            name=database.name,
        )
    if found != head():
        raise OlderSchema(
            "The database {name} is at revision {found}, this program needs {head}: "
            "run `kommo-sync migrate`.",
            name=database.name,
            found=found,
            head=head(),
        )


def refuse_newer(database: Database, found: str | None) -> None:
    """Refuse a revision that this program does not know.

    Raises:
        NewerSchema: a later version of this program made the database.
    """
    if found is not None and found not in known():
        raise NewerSchema(
            "The database {name} is at revision {found}, this program knows none after "
            "{head}: install the version of kommo-sync that made it.",
            name=database.name,
            found=found,
            head=head(),
        )
