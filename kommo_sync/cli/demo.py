"""`kommo-sync demo`: a whole account on this machine, read into a local database."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from kommo_sync.cli.backtest import replay, tell_backtest
from kommo_sync.cli.explain import tell_explanation
from kommo_sync.cli.init import write_place
from kommo_sync.cli.progress import show_progress
from kommo_sync.cli.score import BUYERS, NONE, judge, tell_score
from kommo_sync.cli.serving import Stop, listen, progress
from kommo_sync.cli.status import tell_status
from kommo_sync.cli.sync import tell_report
from kommo_sync.cli.world import Call
from kommo_sync.config.settings import example
from kommo_sync.errors import KommoSyncError
from kommo_sync.health import AccountStatus, account_status
from kommo_sync.jobs.connecting import connect_account
from kommo_sync.jobs.explaining import explain_client
from kommo_sync.jobs.running import Outcome
from kommo_sync.jobs.syncing import sync_account
from kommo_sync.model.clients import name_of
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import Server
from kommo_sync.sandbox.tour import BrokenSandbox, Sight, look_around
from kommo_sync.store.judging import Judging

CLIENTS = 400
SEED = 7


@click.command(help="help.demo")
@click.option("--once", is_flag=True, help="help.demo.once")
@click.option("--host", default="127.0.0.1", show_default=True, help="help.demo.host")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8380,
    show_default=True,
    help="help.demo.port",
)
@click.pass_obj
def demo(call: Call, *, once: bool, host: str, port: int) -> None:
    """Make an account, read it as any would be read, and leave its pages running."""
    say = call.texts.say
    with progress(say("demo.making", clients=CLIENTS)):
        sandbox = Sandbox.generated(clients=CLIENTS, seed=SEED)
    with Stop() as stop, tempfile.TemporaryDirectory(prefix="kommo-sync-") as folder:
        server = listen(sandbox, host, port)
        call.tell("demo.answers", address=f"{server.base_url}/api/v4")
        sight = _look_around(call, server.base_url, sandbox.token)
        _tell_sight(call, sight)
        config = Path(folder) / "config.toml"
        status = _read_it(replace(call, path=config), server, sandbox.token)
        _tell_figures(sight, status)
        _compare(sight, status)
        _judge_it(replace(call, path=config), status.connection.account_id)
        if not once:
            call.tell("demo.pages", address=f"{server.base_url}/", config=config)
            stop.wait()
        server.stop()


def _look_around(call: Call, base_url: str, token: str) -> Sight:
    try:
        with progress(call.texts.say("demo.reading")):
            return look_around(base_url, token)
    except BrokenSandbox as error:
        raise click.ClickException(str(error)) from error


def _tell_sight(call: Call, sight: Sight) -> None:
    number = call.texts.number
    call.tell(
        "demo.account",
        account=sight.account,
        contacts=number(sight.contacts),
        companies=number(sight.companies),
        leads=number(sight.leads),
        pipelines=number(sight.pipelines),
        won=number(sight.won),
        won_sum=call.texts.money(round(sight.won_sum * 100), sight.currency),
        lost=number(sight.lost),
        tasks=number(sight.open_tasks),
        events=number(sight.events),
    )


def _read_it(call: Call, server: Server, token: str) -> AccountStatus:
    """Connect and sync in a folder of its own, as an operator would."""
    address = server.base_url.partition("://")[2]
    settings = example("").replace(
        "#sandbox_hosts = []", f'sandbox_hosts = ["{address}"]'
    )
    write_place(call, settings)
    with call.runtime() as rt:
        connected = connect_account(rt, server.base_url, token)
        account_id = AccountId(connected.account.id)
        call.tell("demo.syncing", address=server.base_url)
        title = connected.account.name
        with show_progress(call, title, rt.clock, quiet=False) as listener:
            report = sync_account(rt, account_id, progress=listener)
        tell_report(call, rt, Outcome(account_id, report, None))
        status = account_status(rt, account_id)
        tell_status(call, status)
        return status


def _tell_figures(sight: Sight, status: AccountStatus) -> None:
    """Say it again in KEY=value lines that a script can read."""
    kept = {part.part: part.rows for part in status.parts}
    figures = {
        "CONTACTS": sight.contacts,
        "COMPANIES": sight.companies,
        "LEADS": sight.leads,
        "WON": sight.won,
        "WON_SUM": f"{sight.won_sum:.2f}",
        "OPEN_TASKS": sight.open_tasks,
        "EVENTS": sight.events,
        "PAGES": sight.pages,
        "KEPT_CONTACTS": kept[Part.CONTACTS],
        "KEPT_COMPANIES": kept[Part.COMPANIES],
        "KEPT_LEADS": kept[Part.LEADS],
        "KEPT_WON": status.won.count,
        "KEPT_WON_SUM": f"{status.won.total / 100:.2f}",
    }
    _print(figures)


def _print(figures: Mapping[str, object]) -> None:
    for name, value in figures.items():
        click.echo(f"{name}={value}")


def _judge_it(call: Call, account_id: AccountId) -> None:
    """Judge the clients, explain the one with the most at stake, test the flags."""
    with call.runtime() as rt:
        scored = judge(call, rt, account_id, full=False, quiet=False)
        tell_score(call, rt, account_id, scored)
        flagged = _most_at_stake(rt.store.account(account_id).judging())
        if flagged is not None:
            kind, card_id = name_of(flagged)
            name = "company" if kind is Part.COMPANIES else "contact"
            call.tell("demo.explaining", client=f"{name}:{card_id}")
            found = explain_client(rt, account_id, f"{name}:{card_id}")
            tell_explanation(call, rt, account_id, found)
        call.tell("demo.replaying")
        tell_backtest(call, rt, account_id, replay(call, rt, account_id))
    figures = {"CLIENTS": scored.whole.clients, "FLAGGED": scored.whole.flagged}
    for stage in BUYERS:
        tally = scored.picture.stages.get(stage, NONE)
        figures[f"STAGE_{stage.upper()}"] = tally.clients
    _print(figures)


def _most_at_stake(judging: Judging) -> int | None:
    """Return the key of the flagged client with the largest expected loss, if any."""
    rows = judging.judgements_of(judging.digests()[0])
    flagged = [(row.expected_loss, row.client) for row in rows if row.flagged]
    return max(flagged)[1] if flagged else None


def _compare(sight: Sight, status: AccountStatus) -> None:
    """Fail unless what is kept is what the API showed, to the cent."""
    shown = (sight.won, round(sight.won_sum * 100))
    if shown != (status.won.count, status.won.total):
        raise KommoSyncError(
            "What is kept ({kept}) is not what the CRM shows ({shown}): this is a "
            "fault of the program, please report it.",
            kept=(status.won.count, status.won.total),
            shown=shown,
        )
