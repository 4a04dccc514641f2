"""A whole first sync at the real pace, over HTTP, with the latency of a far CRM."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from bench.crm import Crm, spawned
from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from kommo_sync.cli.progress import Silence
from kommo_sync.config import Config
from kommo_sync.config.settings import Kommo
from kommo_sync.jobs.connecting import connect_account
from kommo_sync.jobs.syncing import SyncReport, sync_account
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.runtime import Runtime
from kommo_sync.store import schema

SECONDS = "full-sync"
REQUESTS = "full-sync-requests"
LEADS, CONTACTS = 100_000, 50_000
LATENCY_SECONDS = 0.2
PAGE = 250


@dataclass(frozen=True, slots=True)
class Place:
    """A connected account in a database of its own."""

    rt: Runtime
    account_id: AccountId

    @classmethod
    def made(cls, folder: Path, crm: Crm, pace: float = 6.0) -> "Place":
        """Return a SQLite file in that folder, connected to the CRM."""
        kommo = Kommo(sandbox_hosts=(crm.host,), requests_per_second=pace)
        config = Config(folder, kommo=kommo, key_text="A" * 43 + "=")
        schema.migrate(config.database_url())
        rt = Runtime.open(config)
        connected = connect_account(rt, crm.base_url, crm.token)
        return cls(rt, AccountId(connected.account.id))

    def sync(self) -> SyncReport:
        """Bring everything in."""
        return sync_account(self.rt, self.account_id, progress=Silence())


def fewest(rows: Sequence[int]) -> int:
    """Return how many requests lists of those lengths take: a page each, or one."""
    return sum(max(1, ceil(count / PAGE)) for count in rows)


def measure(leads: int = LEADS, contacts: int = CONTACTS) -> list[Figure]:
    """Return the time beside what the pace demands, and requests beside the fewest.

    Counting again what the CRM holds, at the end, counts as used.

    Raises:
        NotMeasured: not everything came.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        spawned(leads, contacts, LATENCY_SECONDS) as crm,
    ):
        place = Place.made(Path(folder), crm)
        done = place.sync()
        counts = place.rt.store.account(place.account_id).counts()
        pace = place.rt.config.kommo.requests_per_second
        place.rt.close()
    held = (counts.get(Part.LEADS), counts.get(Part.CONTACTS))
    if held != (leads, contacts):
        raise NotMeasured(f"{SECONDS}: {held} leads and contacts came.")
    lists = [counts.get(part, 0) for part in Part]
    return [
        Figure(
            SECONDS,
            done.seconds / (done.requests / pace),
            "x requests at the pace",
            Goal(Bound.AT_MOST, 1.05),
        ),
        Figure(
            REQUESTS,
            done.requests / fewest(lists),
            "x the fewest requests",
            Goal(Bound.AT_MOST, 1.02),
        ),
    ]


BENCHMARK = Benchmark((SECONDS, REQUESTS), measure)
