"""`kommo-sync doctor`: what is well, what is not, and what to do about it."""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum

import click

from kommo_sync.cli.accounts import account_name, chosen_accounts
from kommo_sync.cli.world import Call, printable
from kommo_sync.config import Config
from kommo_sync.errors import KommoSyncError
from kommo_sync.health import Check, examine
from kommo_sync.texts import Texts


class Grade(IntEnum):
    """How bad it is; the worst one is what the command answers to the shell."""

    OK = 0
    WARN = 1
    FAIL = 2


STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A check, told in the reader's language."""

    check: str
    """Its key, the same in every language."""
    state: str
    name: str
    found: str
    fix: str | None
    account_id: int | None
    account: str | None


@click.command(help="help.doctor")
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look at everything that can be looked at, however much is broken."""
    call: Call = ctx.obj
    findings = list(_examine(call))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            _tell(call, finding)
    ctx.exit(int(max(Grade[finding.state] for finding in findings)))


def _examine(call: Call) -> Iterator[Finding]:
    texts = call.texts
    try:
        config = call.config()
    except KommoSyncError as error:
        yield _told(texts, _failed("check.config", error))
        return
    found = {"path": call.path.absolute()}
    yield _told(texts, Check("check.config", "OK", "found.config", dict(found)))
    yield from (_told(texts, check) for check in _key_file(config))
    try:
        with call.runtime() as rt:
            for check in examine(rt, chosen_accounts(rt, ())):
                owner = check.account_id
                name = None if owner is None else account_name(rt, owner)
                yield _told(texts, check, name)
    except KommoSyncError as error:
        yield _told(texts, _failed("check.database", error))


def _failed(name: str, error: KommoSyncError) -> Check:
    return Check(name, "FAIL", "found.error", {"error": error}, "fix.see_sentence")


def _key_file(config: Config) -> Iterator[Check]:
    """Look at who may read the key, where files have owners."""
    path = config.key_path()
    if os.name != "posix" or config.key_text is not None or not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    found: dict[str, object] = {"path": path, "mode": f"{mode:03o}"}
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Check("check.key_file", "FAIL", "found.key_open", found, "fix.key_open")
    else:
        yield Check("check.key_file", "OK", "found.key_closed", found)


def _told(texts: Texts, check: Check, account: str | None = None) -> Finding:
    values = {
        place: texts.error(value) if isinstance(value, KommoSyncError) else value
        for place, value in check.values.items()
    }
    return Finding(
        check=check.name.removeprefix("check."),
        state=check.state,
        name=texts.say(check.name),
        found=texts.say(check.text, **values),
        fix=check.fix and texts.say(check.fix, **values),
        account_id=check.account_id,
        account=account,
    )


def _tell(call: Call, finding: Finding) -> None:
    out = call.out()
    out.print(f"{finding.state:4}", style=STYLES[finding.state], end="  ")
    whose = f"{finding.account}: " if finding.account else ""
    out.print(f"{whose}{finding.name}: {printable(finding.found)}")
    if finding.fix:
        out.print(f"      {call.texts.say('doctor.fix', fix=finding.fix)}")
