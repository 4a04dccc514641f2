"""Every transaction log becomes an account, and a database, that hold what it holds."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from sqlite3 import Error as DatabaseError
from subprocess import SubprocessError
from urllib.error import URLError

from acceptance.checks import Checks
from acceptance.keeping import CommandFailed, Kept, contradictions, keep_account
from acceptance.logs import CLASSES, Classes, read_log
from acceptance.reading import Reader, Unreadable, read_account
from acceptance.spawning import PROGRAM, SandboxFailed, spawn_sandbox

AT_ONCE = 2
"""Databases filled at the same time: each waits for its sandbox's limit."""
UNREADABLE = (Unreadable, URLError, KeyError, ValueError)
NOT_KEPT = (*UNREADABLE, CommandFailed, SandboxFailed, SubprocessError, DatabaseError)


@dataclass(frozen=True)
class Filled:
    """A database made of a log, and how long that took; or why there is none."""

    kept: Kept | None
    seconds: float
    why: str = ""


def check_logs(folder: Path, checks: Checks, program: Path = PROGRAM) -> None:
    """Compare each `*/transactions.csv` with the account that is made of it."""
    for path in _logs(folder, checks):
        options = ("--from", str(path), "--rate", "off")
        with spawn_sandbox(*options, program=program) as sandbox:
            reader = Reader(sandbox.base_url, sandbox.token)
            try:
                shown = read_account(reader)
            except UNREADABLE as error:
                checks.expect(path.parent.name, held=False, told=repr(error))
                continue
        compare(path.parent.name, read_log(path), shown, checks)


def check_stores(folder: Path, checks: Checks, program: Path = PROGRAM) -> None:
    """Compare each log with the database into which our own commands bring it.

    The sandbox keeps its limit, the client its default pace.
    """
    logs = _logs(folder, checks)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for path, filled in zip(
            logs, pool.map(partial(fill, program), logs), strict=True
        ):
            judge(path, filled, checks)


def fill(program: Path, path: Path) -> Filled:
    """Bring a log into a database of its own."""
    began = time.monotonic()  # noqa: TID251, told to the person who waits
    kept, why = None, ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with spawn_sandbox("--from", str(path), program=program) as sandbox:
                kept = keep_account(sandbox, Path(folder), program)
        except NOT_KEPT as error:
            why = repr(error)
    return Filled(kept, time.monotonic() - began, why)  # noqa: TID251


def judge(path: Path, filled: Filled, checks: Checks) -> None:
    """Count what held of a database."""
    name = f"{path.parent.name} in the database"
    if filled.kept is None:
        checks.expect(name, held=False, told=filled.why)
        return
    compare(name, read_log(path), filled.kept.classes, checks)
    wrong = contradictions(filled.kept)
    told = "; ".join(wrong) or (
        f"as kept; {filled.kept.report['requests']} requests, {filled.seconds:.0f} s"
    )
    checks.expect(f"{name}, told by sync and status", held=not wrong, told=told)


def compare(name: str, wanted: Classes, shown: Classes, checks: Checks) -> None:
    """Count one check a class, one for the clients and one for the days.

    The days are compared where no order was taken back: which of two equal orders a
    cancellation means is the importer's choice.
    """
    for kind in CLASSES:
        told = _told(shown, kind)
        held = told == _told(wanted, kind)
        more = "" if held else f", the file: {_told(wanted, kind)}"
        checks.expect(f"{name}, {kind}", held=held, told=told + more)
    clients = len(shown.clients), len(wanted.clients)
    checks.expect(
        f"{name}, clients",
        held=clients[0] == clients[1],
        told=f"{clients[0]} contacts, {clients[1]} clients in the file",
    )
    if not wanted.counts["cancelled"]:
        wrong = set(wanted.days.items()) ^ set(shown.days.items())
        days = len({day for day, _ in wrong})
        checks.expect(
            f"{name}, days", held=not days, told=f"{days} days with another sum"
        )


def _logs(folder: Path, checks: Checks) -> list[Path]:
    logs = sorted(folder.glob("*/transactions.csv"))
    checks.expect("logs", held=bool(logs), told=f"{len(logs)} files")
    return logs


def _told(classes: Classes, kind: str) -> str:
    whole, cents = divmod(classes.cents[kind], 100)
    return f"{classes.counts[kind]} leads, {whole}.{cents:02}"
