"""A sandbox in a process of its own, known by what it prints and what it answers."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NAMES = frozenset(
    {
        "KOMMO_BASE_URL",
        "KOMMO_TOKEN",
        "KOMMO_SUBDOMAIN",
        "KOMMO_CLIENT_ID",
        "KOMMO_CLIENT_SECRET",
        "KOMMO_REDIRECT_URI",
    }
)
START_SECONDS = 180.0
STOP_SECONDS = 20.0
PROGRAM = Path(sys.executable).with_name("kommo-sync")
"""The command of the environment that runs this."""


class SandboxFailed(RuntimeError):
    """The sandbox did not start, or broke while it served."""


@dataclass(frozen=True)
class Spawned:
    """A sandbox that serves.

    Attributes:
        environment: what it printed, by name.
    """

    process: subprocess.Popen[str]
    environment: dict[str, str]
    complaints: IO[str]

    @property
    def base_url(self) -> str:
        """Its address."""
        return self.environment["KOMMO_BASE_URL"]

    @property
    def token(self) -> str:
        """Its long-lived token."""
        return self.environment["KOMMO_TOKEN"]

    def written_errors(self) -> str:
        """Return what the sandbox wrote on standard error so far."""
        self.complaints.seek(0)
        return self.complaints.read()


@contextmanager
def spawn_sandbox(*options: str, program: Path = PROGRAM) -> Iterator[Spawned]:
    """Serve on a free port while the block runs.

    Args:
        options: of `kommo-sync sandbox`.

    Raises:
        SandboxFailed: it ended, or printed no whole environment within three minutes.
    """
    command = [str(program), "sandbox", "--port", "0", *options]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            spawned = Spawned(process, {}, complaints)
            _read_environment(spawned)
            yield spawned
        finally:
            _stop(process)


def _read_environment(spawned: Spawned) -> None:
    process, environment = spawned.process, spawned.environment
    assert process.stdout is not None  # noqa: S101, it is a pipe
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            name, _, value = line.rstrip("\n").partition("=")
            environment[name] = value
            if environment.keys() >= NAMES:
                return
    finally:
        watchdog.cancel()
    missing = ", ".join(sorted(NAMES - environment.keys()))
    raise SandboxFailed(
        f"The sandbox ended without printing {missing}:\n{spawned.written_errors()}"
    )


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
