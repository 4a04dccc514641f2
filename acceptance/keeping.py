"""An account brought into a database by our own commands, and read there by sqlite3."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from acceptance.logs import Classes
from acceptance.reading import LOST, REFUND, WON, Unreadable
from acceptance.spawning import PROGRAM, Spawned

DATABASE = "kommo-sync.sqlite3"
COMMAND_SECONDS = 600


class CommandFailed(RuntimeError):
    """A command answered anything but 0."""


@dataclass(frozen=True)
class Kept:
    """What the commands left and said.

    Attributes:
        classes: of the database, read past all our code.
        report: of `sync --json`, for the one account.
        status: of `status --json`, for the one account.
    """

    classes: Classes
    report: dict[str, Any]
    status: dict[str, Any]


def keep_account(sandbox: Spawned, folder: Path, program: Path = PROGRAM) -> Kept:
    """Connect and sync a sandbox into an empty folder, at the default pace.

    Raises:
        CommandFailed: a command failed; with what it said.
        Unreadable: the database does not hold what it should.
    """
    commands = _Commands(sandbox, folder, program)
    commands.run("init", "--yes")
    commands.run("connect", "--base-url", sandbox.base_url)
    [report] = json.loads(commands.run("sync", "--json"))
    [status] = json.loads(commands.run("status", "--json"))
    return Kept(read_store(folder / DATABASE), report, status)


def read_store(path: Path) -> Classes:
    """Return every lead of a database with one account, by class.

    Raises:
        Unreadable: a lead without exactly one contact, or no stage for refunds.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        refund = _refund_stage(database)
        [[zone]] = database.execute("SELECT time_zone FROM accounts")
        found = database.execute(
            "SELECT id, pipeline_id, status_id, price, contact_ids, closed_at "
            "FROM leads"
        )
        classes = Classes()
        for lead_id, pipeline, status, cents, contacts, closed_at in found:
            classes.add(_class_of((pipeline, status), cents, refund), cents)
            classes.clients.add(_client(lead_id, contacts))
            if status == WON:
                closed = datetime.fromtimestamp(closed_at, ZoneInfo(zone))
                classes.days[closed.date().isoformat()] += cents
    return classes


def contradictions(kept: Kept) -> list[str]:
    """Return where the commands' own figures differ from what the database holds."""
    counts, cents, status = kept.classes.counts, kept.classes.cents, kept.status
    won, leads = counts["won"] + counts["zero"], sum(counts.values())
    rows = {part["part"]: part for part in status["parts"]}
    read = {part["part"]: part["rows"] for part in kept.report["parts"]}
    told = {
        "won leads": (status["won"]["count"], won),
        "won sum": (status["won"]["total"], cents["won"]),
        "won leads of the CRM": (status["crm_won"]["count"], won),
        "leads": (rows["leads"]["rows"], leads),
        "leads of the CRM": (rows["leads"]["crm_rows"], leads),
        "leads read": (read["leads"], leads),
        "contacts": (rows["contacts"]["rows"], len(kept.classes.clients)),
        "contacts of the CRM": (rows["contacts"]["crm_rows"], rows["contacts"]["rows"]),
    }
    return [f"{name}: {a}, not {b}" for name, (a, b) in told.items() if a != b]


@dataclass(frozen=True)
class _Commands:
    sandbox: Spawned
    folder: Path
    program: Path

    def run(self, *arguments: str) -> str:
        """Return what a command said on standard output."""
        done = subprocess.run(
            [str(self.program.absolute()), *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(
                f"{arguments[0]} answered {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KOMMO_", "CREDENTIALS_"))
        }
        host = self.sandbox.base_url.partition("://")[2]
        return {
            **inherited,
            "KOMMO_SYNC_TOKEN": self.sandbox.token,
            "KOMMO_SYNC__KOMMO__SANDBOX_HOSTS": host,
        }


def _refund_stage(database: sqlite3.Connection) -> tuple[int, int]:
    places: list[tuple[int, int]] = database.execute(
        "SELECT pipeline_id, stages.id FROM stages "
        "JOIN pipelines ON pipelines.id = pipeline_id "
        "WHERE stages.name = ? AND NOT is_main",
        (REFUND,),
    ).fetchall()
    if len(places) != 1:
        raise Unreadable(f"{len(places)} stages are called {REFUND}, not one.")
    return places[0]


def _class_of(place: tuple[int, int], cents: int, refund: tuple[int, int]) -> str:
    if place[1] == WON:
        return "won" if cents else "zero"
    if place[1] == LOST:
        return "cancelled"
    return "refund" if place == refund else "other"


def _client(lead_id: int, contact_ids: str) -> str:
    contacts = json.loads(contact_ids)
    if len(contacts) != 1:
        raise Unreadable(f"Lead {lead_id} has {len(contacts)} contacts, not one.")
    return str(contacts[0])
