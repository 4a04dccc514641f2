"""Keeps the SQLite file in order, and tells how a database is."""

import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import text

from kommo_sync.store import revisions
from kommo_sync.store.engines import Database

NETWORK_FILE_SYSTEMS = frozenset(
    "nfs nfs4 cifs smb3 smbfs 9p afs ceph glusterfs fuse.sshfs fuse.s3fs lustre".split()
)
"""Where locks cannot be trusted: https://sqlite.org/faq.html#q5."""
_MOUNTS = Path("/proc/mounts")


def checkpoint(database: Database) -> None:
    """Move what SQLite has written ahead into its file; nothing on Postgres.

    The writer's lock is held meanwhile, so that no commit falls into the checkpoint:
    that is the condition of the damage that SQLite before 3.51.3 can do.

    Raises:
        Busy, StoreUnusable: as Database.writing.
    """
    if database.path is None:
        return
    with database.writing():
        other = database.writer.raw_connection()
        try:
            other.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            other.close()


def health(database: Database) -> dict[str, object]:
    """Return what a doctor looks at.

    Returns:
        `kind` (sqlite, postgresql), `version` of the database, `revision` of the
        schema; on SQLite also `journal_mode`, `quick_check` ("ok" or what is wrong),
        `mode` (the file's rights, octal), `size_bytes` of the file, and of its disk
        `file_system`, `is_network_file_system` and `free_bytes`.

    Raises:
        StoreUnusable: it cannot be read.
    """
    found: dict[str, object] = {
        "kind": database.writer.dialect.name,
        "revision": revisions.revision_of(database),
    }
    if database.path is None:
        with database.reading() as connection:
            found["version"] = connection.execute(text("SHOW server_version")).scalar()
        return found
    with database.reading() as connection:
        for pragma in ("journal_mode", "quick_check"):
            found[pragma] = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
    file_system = _file_system(database.path)
    stat = database.path.stat()
    return found | {
        "version": sqlite3.sqlite_version,
        "mode": f"{stat.st_mode & 0o777:o}",
        "size_bytes": stat.st_size,
        "free_bytes": shutil.disk_usage(database.path.parent).free,
        "file_system": file_system,
        "is_network_file_system": file_system in NETWORK_FILE_SYSTEMS,
    }


def _file_system(path: Path) -> str | None:
    """Return the kind of file system that a file lies on; None if nobody says."""
    if not _MOUNTS.exists():
        return None
    mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    around = [
        (len(where), kind)
        for _, where, kind, *_ in mounts
        if os.path.commonpath([path.resolve(), where]) == where
    ]
    return max(around)[1] if around else None
