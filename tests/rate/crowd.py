"""Several processes on one store and one CRM, and what the CRM saw of them."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import Server
from tests.rate.worker import Order, Refused, Sent

PROCESSES = 4
START_SECONDS = 120
MACHINE_SECONDS = 0.012
"""What an arrival may be late for the network of the test to be as it says: 150 ms of
jitter and these are less than the 167 ms that 7 of 6 a second can bear. What a busy
machine takes longer to wake the server's thread is no doing of the pace."""
_TAG = re.compile(r"tag=([0-9-]+)")


@dataclass(frozen=True)
class Arrival:
    """One request as the CRM saw it, and as it was sent.

    Attributes:
        at: when it came, Unix seconds.
        status: how it was answered.
    """

    at: float
    status: int
    sent: Sent

    @property
    def paced_at(self) -> float:
        """When it came, less what the machine took too long for."""
        return min(self.at, self.sent.due + MACHINE_SECONDS)


@dataclass(frozen=True)
class Witnessed:
    """What came of a crowd; arrivals in their order."""

    arrivals: tuple[Arrival, ...]
    refusals: tuple[Refused, ...]

    def throttled(self) -> list[Arrival]:
        return [one for one in self.arrivals if one.status == 429]

    def deserved(self, permitted: int) -> list[Arrival]:
        """Return the refused that would be so by the pace and the jitter alone.

        A machine that stalls for a tenth of a second brings several to the door at
        once; the CRM refuses them too, but that is no doing of the pace.
        """
        times = sorted(one.paced_at for one in self.arrivals)
        return [
            one
            for one in self.throttled()
            if sum(one.paced_at - 1.0 < at <= one.paced_at for at in times) > permitted
        ]

    def most_in_a_second(self) -> int:
        """Return the most arrivals in any sliding second."""
        times = sorted(one.paced_at for one in self.arrivals)
        return max(
            sum(start <= at < start + 1.0 for at in times[index : index + 20])
            for index, start in enumerate(times)
        )

    def between(self, start: float, end: float) -> list[Arrival]:
        return [one for one in self.arrivals if start <= one.at < end]


@contextmanager
def served(rate: int | None = None) -> Iterator[tuple[Sandbox, Server]]:
    """Serve a CRM without clients whose limiter admits `rate` a second."""
    sandbox = Sandbox.empty(rate=rate)
    server = Server(sandbox, "127.0.0.1", 0)
    server.start()
    try:
        yield sandbox, server
    finally:
        server.stop()


def run(
    url: str,
    crm: tuple[Sandbox, Server],
    *,
    seconds: float,
    jitter: float,
    mutant: str = "",
    meanwhile: Callable[[], None] = lambda: None,
) -> Witnessed:
    """Let the processes ask for some seconds; `meanwhile` runs beside them."""
    sandbox, server = crm
    account = sandbox.state.data.account.id
    token = sandbox.token
    # All are up before the first asks: the seconds are all of a full crowd.
    until = time.time() + seconds
    orders = [
        Order(url, server.base_url, account, token, one, jitter, until, mutant)
        for one in range(PROCESSES)
    ]
    processes = [_spawn(order) for order in orders]
    meanwhile()
    told = [_told(process, seconds) for process in processes]
    return _join(sandbox, [line for lines in told for line in lines])


def _spawn(order: Order) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.rate.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdin
    process.stdin.write(json.dumps(asdict(order)))
    process.stdin.close()
    process.stdin = None
    return process


def _told(process: subprocess.Popen[str], seconds: float) -> list[str]:
    with process:
        text, _ = process.communicate(timeout=seconds + START_SECONDS)
        assert process.returncode == 0
    return text.splitlines()


def _join(sandbox: Sandbox, lines: Sequence[str]) -> Witnessed:
    sent: dict[str, Sent] = {}
    refusals = []
    for line in lines:
        [(kind, values)] = json.loads(line).items()
        if kind == "Sent":
            sent[values["tag"]] = Sent(**values)
        else:
            refusals.append(Refused(**values))
    arrivals = []
    for row in sandbox.state.data.requests:
        found = _TAG.search(row.query)
        assert found
        arrivals.append(Arrival(row.at, row.status, sent[found[1]]))
    assert len(arrivals) == len(sent)
    return Witnessed(tuple(arrivals), tuple(refusals))
