"""Other people's clients against the sandbox: every script with and without the limit.

A check may be skipped in one of the two runs (a limit cannot be met where there is
none), never in both.
"""

import os
import re
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from acceptance.checks import Checks
from acceptance.spawning import PROGRAM, Spawned, spawn_sandbox

SCRIPT_SECONDS = 600
LAST_LINES = 20
SUMMARY = re.compile(r": (\d+) passed, (\d+) failed(?:, \d+ skipped)?$")
SKIPPED = re.compile(r"^\s*skip (.*?): ", re.MULTILINE)


@dataclass(frozen=True)
class Pace:
    """One of the two ways in which a script is run."""

    name: str
    rate: str
    limited: str


PACES = (Pace("rate off", "off", "0"), Pace("rate 7", "7", "1"))


@dataclass(frozen=True)
class Outcome:
    """What a script said of itself, and what it left unsaid."""

    passed: int
    failed: int
    skipped: frozenset[str]
    status: int
    output: str

    @property
    def is_good(self) -> bool:
        """Tell whether the script ran to its end and nothing failed."""
        return self.status == 0 and self.failed == 0 and self.passed > 0

    def complaint(self) -> str:
        """Return the failed checks as the script told them; if none, its last lines."""
        lines = self.output.rstrip().splitlines()
        failed = [line for line in lines if line.lstrip().startswith("FAIL ")]
        return "\n".join(failed or lines[-LAST_LINES:])


@dataclass(frozen=True)
class Stage:
    """What the scripts need besides a sandbox.

    Attributes:
        folder: of the scripts.
        python: of the environment in which the clients are installed.
    """

    folder: Path
    python: Path
    program: Path = PROGRAM


def check_clients(stage: Stage, checks: Checks) -> None:
    """Run every script twice, each time against a fresh sandbox."""
    scripts = sorted(stage.folder.glob("py_*.py"))
    checks.expect("clients", held=bool(scripts), told=f"{len(scripts)} scripts")
    for script in scripts:
        outcomes = [_checked(stage, script, pace, checks) for pace in PACES]
        never = never_run(outcomes)
        told = f"skipped in both: {', '.join(never)}" if never else "each ran once"
        checks.expect(f"{script.stem}, every check", held=not never, told=told)


def never_run(outcomes: list[Outcome]) -> list[str]:
    """Return the names of the checks that were skipped in all runs."""
    return sorted(frozenset.intersection(*(outcome.skipped for outcome in outcomes)))


def _checked(stage: Stage, script: Path, pace: Pace, checks: Checks) -> Outcome:
    with spawn_sandbox("--rate", pace.rate, program=stage.program) as sandbox:
        outcome = _run(stage, script, pace, sandbox)
        broken = "Traceback" in sandbox.written_errors()
        errors = sandbox.written_errors() if broken else ""
    checks.add(outcome.passed, outcome.failed)
    name = f"{script.stem}, {pace.name}"
    told = (
        f"{outcome.passed} passed, {outcome.failed} failed, "
        f"{len(outcome.skipped)} skipped"
    )
    checks.expect(name, held=outcome.is_good, told=told)
    if not outcome.is_good:
        print(f"{outcome.complaint()}\n  exit status {outcome.status}", flush=True)
    checks.expect(
        f"{name}, sandbox", held=not broken, told=errors or "no error of its own"
    )
    return outcome


def _run(stage: Stage, script: Path, pace: Pace, sandbox: Spawned) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [str(stage.python), str(script)],
                cwd=folder,
                env=_environment(stage, pace, sandbox, folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=SCRIPT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(0, 1, frozenset(), 1, f"No end in {SCRIPT_SECONDS} s.")
    return read_outcome(done.stdout, done.returncode)


def read_outcome(output: str, status: int) -> Outcome:
    """Return what the output of a script says."""
    last = output.rstrip().rpartition("\n")[2]
    said = SUMMARY.search(last)
    passed, failed = (int(said[1]), int(said[2])) if said else (0, 1)
    skipped = frozenset(SKIPPED.findall(output))
    return Outcome(passed, failed, skipped, status, output)


def _environment(
    stage: Stage, pace: Pace, sandbox: Spawned, folder: str
) -> dict[str, str]:
    """Return the caller's environment with the sandbox's names instead of its own."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KOMMO_", "CLIENTS_"))
    }
    token_command = [
        str(stage.program.absolute()),
        "sandbox-token",
        "--base-url",
        sandbox.base_url,
    ]
    return {
        **inherited,
        **sandbox.environment,
        "CLIENTS_RATE": pace.limited,
        "CLIENTS_CA_DIR": folder,
        "CLIENTS_TOKEN_CMD": shlex.join(token_command),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
