"""A sync may be killed at any moment: the next one goes on, and nothing is missing."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import Server
from kommo_sync.store.store import Store
from tests.sync.world import differences, new_store

KILLS = 50
LONGEST_SECONDS = 0.5


@dataclass
class Spawned:
    process: subprocess.Popen[str]

    def start(self) -> int:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Return the wait status: 0, or the signal."""
        return int(self._line())

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()


@contextmanager
def spawner(
    url: str, server: Server, sandbox: Sandbox, *more: str
) -> Iterator[Spawned]:
    account = str(sandbox.state.data.account.id)
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.sync.spawner",
            url,
            server.base_url,
            account,
            *more,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        process.stdin.write(sandbox.token + "\n")
        yield Spawned(process)
        process.stdin.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Sandbox, Server]]:
    sandbox = Sandbox.generated(clients=150, seed=3)
    sandbox.state.choices.incoming_leads_are_listed = True
    server = Server(sandbox, "127.0.0.1", 0)
    server.start()
    yield sandbox, server
    server.stop()


def kill_until_done(
    folder: Path, served: tuple[Sandbox, Server], chance: random.Random, *more: str
) -> tuple[int, list[str]]:
    """Sync into a new database, killed again and again; return kills, differences."""
    sandbox, server = served
    new_store(folder).close()
    url = f"sqlite:///{folder / 'kept.sqlite3'}"
    kills = 0
    with spawner(url, server, sandbox, *more) as spawned:
        while True:
            child = spawned.start()
            time.sleep(chance.random() * LONGEST_SECONDS)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            ended = spawned.ended()
            if ended == 0:
                break
            assert ended == signal.SIGKILL
            kills += 1
    store = Store.open(url, key=bytes(32))
    try:
        return kills, differences(sandbox, store)
    finally:
        store.close()


@pytest.mark.timeout(300)
def test_a_sync_killed_at_fifty_moments_ends_equal(
    tmp_path: Path, served: tuple[Sandbox, Server]
) -> None:
    chance, kills = random.Random(5), 0
    for turn in count():
        if kills >= KILLS:
            break
        folder = tmp_path / str(turn)
        folder.mkdir()
        some, different = kill_until_done(folder, served, chance)
        kills += some
        assert different == []


@pytest.mark.timeout(300)
def test_a_cursor_saved_before_its_rows_would_lose_them(
    tmp_path: Path, served: tuple[Sandbox, Server]
) -> None:
    """The mutant: it shows that the kills can do harm."""
    chance = random.Random(5)
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        if kill_until_done(folder, served, chance, "cursor-first")[1]:
            return
    pytest.fail("the mutant lost nothing")
