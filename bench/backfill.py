"""What a very large first sync takes of memory, and how fast it goes without a pace.

The CRM is the sandbox, in a process of its own; the sync is a process, too, so that its
peak is its own.

`python -m bench.backfill FOLDER BASE_URL`, the token on standard input, syncs once and
prints rows, seconds and the peak in bytes.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.crm import Crm, spawned
from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from bench.full_sync import Place
from bench.keep import API_ROWS
from kommo_sync.model.entities import Part
from kommo_sync.store.store import Store

MEMORY, API = "backfill-memory", "backfill-api"
LEADS = 1_000_000


class FreeSlots:
    """No pace at all: the CRM of this benchmark has no limiter."""

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        """Return that it may go at once."""
        return True, now

    def blocked_until(self, now: float) -> float:
        """Return that nobody is blocked."""
        return now

    def refused(self, seconds: float | None, now: float) -> float:
        """Return when to come back."""
        return now + (seconds or 1.0)


@dataclass(frozen=True, slots=True)
class Done:
    """What the syncing process told of itself."""

    leads: int
    seconds: float
    peak_bytes: int


def measure(leads: int = LEADS) -> list[Figure]:
    """Return the peak of the syncing process, and how many times the API's speed it is.

    Raises:
        NotMeasured: not every lead came.
    """
    with tempfile.TemporaryDirectory() as folder, spawned(leads, 0) as crm:
        done = _in_a_process(folder, crm)
    if done.leads != leads:
        raise NotMeasured(f"{MEMORY}: {done.leads} of {leads} leads came.")
    rate = done.leads / done.seconds / API_ROWS
    return [
        Figure(MEMORY, done.peak_bytes / 1e6, "MB", Goal(Bound.AT_MOST, 300)),
        Figure(API, rate, "x the API", Goal(Bound.AT_LEAST, 1)),
    ]


def _in_a_process(folder: str, crm: Crm) -> Done:
    done = subprocess.run(  # noqa: S603  this module itself
        [sys.executable, "-m", "bench.backfill", folder, crm.base_url],
        input=crm.token,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"{MEMORY}: the sync failed:\n{done.stderr}")
    leads, seconds, peak_bytes = done.stdout.split()
    return Done(int(leads), float(seconds), int(peak_bytes))


def main(folder: str, base_url: str) -> None:
    """Sync once, without a pace, and tell what it took."""
    crm = Crm(base_url, sys.stdin.read().strip())
    Store.slots = lambda *_whose, **_how: FreeSlots()  # type: ignore[assignment]
    place = Place.made(Path(folder), crm)
    done = place.sync()
    leads = place.rt.store.account(place.account_id).counts()[Part.LEADS]
    place.rt.close()
    # Not ru_maxrss: a new process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text("ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    peak = int(line.split()[1]) * 1024
    print(leads, done.seconds, peak)


BENCHMARK = Benchmark((MEMORY, API), measure)

if __name__ == "__main__":
    main(*sys.argv[1:])
