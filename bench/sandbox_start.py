"""How long a large account takes to answer for the first time, and what it holds."""

import time
import urllib.error
import urllib.request
from pathlib import Path

from acceptance.reading import Reader
from acceptance.spawning import SandboxFailed, Spawned, spawn_sandbox
from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured

SECONDS = "sandbox-start-100k-leads"
MEGABYTES = "sandbox-rss-100k-leads"
CLIENTS = 13_500
LEADS = 100_000
PAGE = 250


def measure() -> list[Figure]:
    """Return the seconds up to the first good answer, and the peak of memory.

    Raises:
        NotMeasured: it does not start, holds too few leads, or memory cannot be read.
    """
    began = time.perf_counter()
    try:
        with spawn_sandbox("--clients", str(CLIENTS), "--rate", "off") as sandbox:
            reader = Reader(sandbox.base_url, sandbox.token)
            reader.resource("account")
            seconds = time.perf_counter() - began
            _check_size(reader)
            peak = _peak_megabytes(sandbox)
    except (SandboxFailed, urllib.error.URLError) as error:
        raise NotMeasured(f"{SECONDS}: {error}") from error
    return [
        Figure(SECONDS, seconds, "s", Goal(Bound.AT_MOST, 30)),
        Figure(MEGABYTES, peak, "MB", Goal(Bound.AT_MOST, 1000)),
    ]


def _check_size(reader: Reader) -> None:
    """Refuse an account whose last promised page is not full."""
    page = reader.resource(f"leads?limit={PAGE}&page={LEADS // PAGE}")
    rows = len(page["_embedded"]["leads"]) if page else 0
    if rows < PAGE:
        raise NotMeasured(
            f"{SECONDS}: {CLIENTS} clients give fewer than {LEADS} leads."
        )


def _peak_megabytes(sandbox: Spawned) -> float:
    """Return the most memory that the process held so far, as Linux tells it."""
    try:
        text = Path(f"/proc/{sandbox.process.pid}/status").read_text("ascii")
    except OSError as error:
        raise NotMeasured(f"{MEGABYTES}: memory is read from /proc only.") from error
    [line] = [line for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / 1e6


BENCHMARK = Benchmark((SECONDS, MEGABYTES), measure)
