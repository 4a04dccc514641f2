"""From summary rows in the store to changed judgements written, 2 % changed.

An account has ten deals a client. Beside ours, in the same run and database, SQL
windows over the deals give everybody quintiles and write those. What is measured is a
process of its own, so that its peak is its own.

`python -m bench.rescore URL` judges once and prints rows, seconds and peak bytes.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from sqlalchemy import select, text

from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from bench.keep import _postgres
from bench.rescoring import AS_OF, DAYS, FIRST_DAY, judge_of, rescore
from kommo_sync.model.entities import AccountId
from kommo_sync.model.histories import Deals
from kommo_sync.store import schema
from kommo_sync.store.checking import checkpoint
from kommo_sync.store.engines import Database, open_database
from kommo_sync.store.store import Store
from kommo_sync.store.tables import counted_deals, judgements, summaries

ACCOUNT = AccountId(31_000_001)
SIZES = (10_000, 100_000, 1_000_000)
DEALS = 10
AT_ONCE = 100_000
ONE_IN = 50
"""So many clients have a new deal."""
SQLITE, POSTGRES = (
    (
        f"rescore-{name}",
        f"rescore-{name}-memory",
        f"rescore-{name}-windows",
        f"rescore-{name}-growth",
        f"rescore-{name}-growth-small",
    )
    for name in ("sqlite", "postgres")
)

NUMBERS = {
    "sqlite": """(WITH RECURSIVE up(n) AS
        (SELECT 0 UNION ALL SELECT n + 1 FROM up WHERE n < :last)
        SELECT n FROM up)""",
    "postgresql": "(SELECT * FROM generate_series(CAST(0 AS BIGINT), :last) AS n)",
}
DEALS_OF_ALL = f"""
INSERT INTO counted_deals
SELECT {ACCOUNT}, n + 1, 2 * (n / {DEALS} + 1),
    {FIRST_DAY} + n * 48271 % 7919 % {DAYS}, 100 + n * 69621 % 999983
FROM {{numbers}} AS numbers
"""  # noqa: S608  numbers of our own
WINDOWS = (
    """
CREATE TABLE windowed (client BIGINT PRIMARY KEY, deals BIGINT, total BIGINT,
    first BIGINT, last BIGINT, squared_gaps BIGINT, longest_gap BIGINT,
    r BIGINT, f BIGINT, m BIGINT)
""",
    f"""
INSERT INTO windowed
SELECT client, deals, total, first, last, squared_gaps, longest_gap,
    NTILE(5) OVER (ORDER BY last), NTILE(5) OVER (ORDER BY deals),
    NTILE(5) OVER (ORDER BY total)
FROM (
    SELECT client, COUNT(*) AS deals, SUM(amount) AS total, MIN(day) AS first,
        MAX(day) AS last, SUM(gap * gap) AS squared_gaps, MAX(gap) AS longest_gap
    FROM (
        SELECT client, day, amount,
            day - LAG(day) OVER (PARTITION BY client ORDER BY day) AS gap
        FROM counted_deals WHERE account_id = {ACCOUNT}
    ) AS gaps GROUP BY client
) AS bought
""",  # noqa: S608
)
"""The numbers that a rhythm needs and quintiles, of everybody."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judging process told of itself."""

    clients: int
    seconds: float
    peak_bytes: int


def measure(
    names: Sequence[str],
    new_url: Callable[[int], str],
    sizes: Sequence[int] = SIZES,
) -> list[Figure]:
    """Return seconds, peak, times faster than SQL, and how time grows by client.

    Args:
        names: of the figures.
        new_url: gives a database that does not exist yet, by number.
        sizes: three numbers of clients, ascending.

    Raises:
        NotMeasured: not exactly the changed were written.
    """
    judged = []
    for number, clients in enumerate(sizes):
        url = new_url(number)
        build(url, clients)
        judged.append(in_a_process(url, clients))
    windows = _timed_windows(url)
    small, middle, large = (one.seconds / one.clients for one in judged)
    last, growth = judged[-1], Goal(Bound.AT_MOST, 1.5)
    return [
        Figure(names[0], last.seconds, "s", Goal(Bound.AT_MOST, 10)),
        Figure(names[1], last.peak_bytes / 1e6, "MB", Goal(Bound.AT_MOST, 1_000)),
        Figure(names[2], windows / last.seconds, "x", Goal(Bound.AT_LEAST, 1)),
        Figure(names[3], large / middle, "x a client", growth),
        Figure(names[4], middle / small, "x a client", growth),
    ]


def build(url: str, clients: int) -> None:
    """Make an account that was judged, and then had new deals.

    What is more than `AT_ONCE` is copied from these: a multiple of it.
    """
    first = min(clients, AT_ONCE)
    schema.migrate(url)
    with Store.open(url) as store:
        _fill(store.database, first)
        judge = judge_of(store.account(ACCOUNT))
        judge.judging.touch_all()
        judge.rebuild_touched()
        rescore(judge)
        _copy(store.database, clients, first)
        store.checkpoint()
        client = np.arange(2, 2 * clients + 1, 2 * ONE_IN)
        day, amount = (np.full(len(client), one) for one in (AS_OF - 30, 5_000))
        lead_id = clients * DEALS + 1 + np.arange(len(client))
        judge.judging.put_counted(lead_id, Deals(client, day, amount))
        judge.rebuild_touched()


def _fill(database: Database, clients: int) -> None:
    """Put in deals, faster than an account would keep them."""
    numbers = NUMBERS[database.writer.dialect.name]
    filling = text(DEALS_OF_ALL.format(numbers=numbers))
    with database.writing() as connection:
        connection.execute(filling, {"last": clients * DEALS - 1})


def _copy(database: Database, clients: int, first: int) -> None:
    """Let there be as many clients, with the deals and judgements of the first ones."""
    [index] = counted_deals.indexes
    with database.writing() as connection:
        index.drop(connection)
    for base in range(first, clients, first):
        moved = {"client": 2 * base, "lead_id": DEALS * base}
        with database.writing() as connection:
            for table in (counted_deals, summaries, judgements):
                columns = [
                    one + moved[one.name] if one.name in moved else one
                    for one in table.columns
                ]
                originals = select(*columns).where(table.c.client <= 2 * first)
                copying = table.insert().from_select(table.columns.keys(), originals)
                connection.execute(copying)
        checkpoint(database)
    with database.writing() as connection:
        index.create(connection)
        if database.path is None:
            connection.execute(text("ANALYZE"))


def _timed_windows(url: str) -> float:
    """Return the seconds that SQL takes to give everybody quintiles."""
    database = open_database(url)
    try:
        began = time.perf_counter()
        with database.writing() as connection:
            if database.path is None:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in WINDOWS:
                connection.execute(text(statement))
        return time.perf_counter() - began
    finally:
        database.close()


def in_a_process(url: str, clients: int) -> Judged:
    """Return what judging took, once, in a process of its own.

    Raises:
        NotMeasured: not exactly the changed were written.
    """
    done = subprocess.run(  # noqa: S603  this module itself
        [sys.executable, "-m", "bench.rescore", url],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"rescore: the judgement failed:\n{done.stderr}")
    written, seconds, peak_bytes = done.stdout.split()
    if int(written) != -(-clients // ONE_IN):
        raise NotMeasured(f"rescore: {written} of {clients} judgements were written.")
    return Judged(clients, float(seconds), int(peak_bytes))


def main(url: str) -> None:
    """Judge once and tell what it took."""
    with Store.open(url) as store:
        judge = judge_of(store.account(ACCOUNT))
        began = time.perf_counter()
        written = rescore(judge)
        seconds = time.perf_counter() - began
    # Not ru_maxrss: a new process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text("ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    print(written, seconds, int(line.split()[1]) * 1024)


def measure_sqlite(sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Return the figures on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(SQLITE, lambda number: f"sqlite:///{folder}/{number}.db", sizes)


def measure_postgres(sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Return the figures on Postgres."""
    with _postgres() as main:

        def new_url(number: int) -> str:
            with psycopg.connect(main, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE rescore_{number}".encode())
            return main.replace("/postgres?", f"/rescore_{number}?")

        return measure(POSTGRES, new_url, sizes)


ON_SQLITE = Benchmark(SQLITE, measure_sqlite)
ON_POSTGRES = Benchmark(POSTGRES, measure_postgres)

if __name__ == "__main__":
    main(*sys.argv[1:])
