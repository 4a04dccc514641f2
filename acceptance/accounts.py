"""Every transaction log becomes an account that holds what the file holds."""

from pathlib import Path
from urllib.error import URLError

from acceptance.checks import Checks
from acceptance.logs import CLASSES, Classes, read_log
from acceptance.reading import Reader, Unreadable, read_account
from acceptance.spawning import PROGRAM, spawn_sandbox


def check_logs(folder: Path, checks: Checks, program: Path = PROGRAM) -> None:
    """Compare each `*/transactions.csv` with the account that is made of it."""
    logs = sorted(folder.glob("*/transactions.csv"))
    checks.expect("logs", held=bool(logs), told=f"{len(logs)} files")
    for path in logs:
        options = ("--from", str(path), "--rate", "off")
        with spawn_sandbox(*options, program=program) as sandbox:
            reader = Reader(sandbox.base_url, sandbox.token)
            try:
                shown = read_account(reader)
            except (Unreadable, URLError, KeyError, ValueError) as error:
                checks.expect(path.parent.name, held=False, told=repr(error))
                continue
        compare(path.parent.name, read_log(path), shown, checks)


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


def _told(classes: Classes, kind: str) -> str:
    whole, cents = divmod(classes.cents[kind], 100)
    return f"{classes.counts[kind]} leads, {whole}.{cents:02}"
