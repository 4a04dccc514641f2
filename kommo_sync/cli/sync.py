"""`kommo-sync sync`: bring the store up to date, and show how far it is."""

import json

import click
from rich.table import Table

from kommo_sync.cli.accounts import account_name, chosen_accounts, tell_failures
from kommo_sync.cli.progress import show_progress
from kommo_sync.cli.world import Call
from kommo_sync.errors import ConfigError
from kommo_sync.jobs.running import Outcome, run
from kommo_sync.jobs.syncing import SyncReport, sync_account
from kommo_sync.model.entities import STREAMS, AccountId
from kommo_sync.runtime import Runtime

INTERRUPTED = 130
"""What shells call a program that Ctrl-C ended."""


@click.command(help="help.sync")
@click.option("--full", is_flag=True, help="help.sync.full")
@click.option(
    "--stream",
    "streams",
    type=click.Choice(STREAMS),
    multiple=True,
    help="help.sync.stream",
)
@click.option(
    "--account", "accounts", type=int, multiple=True, help="help.option.account"
)
@click.option("--quiet", is_flag=True, help="help.sync.quiet")
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_context
def sync(
    ctx: click.Context,
    *,
    full: bool,
    streams: tuple[str, ...],
    accounts: tuple[int, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Sync one account after the other; a failure of one does not stop the next."""
    call: Call = ctx.obj
    with call.runtime() as rt:

        def work(account_id: AccountId) -> SyncReport:
            title = account_name(rt, account_id)
            with show_progress(call, title, rt.clock, quiet=quiet) as progress:
                return sync_account(
                    rt, account_id, full=full, streams=streams, progress=progress
                )

        chosen = chosen_accounts(rt, accounts)
        if not chosen:
            raise ConfigError(
                "No account is connected: run `kommo-sync connect` first."
            )
        try:
            outcomes = run(chosen, work)
        except KeyboardInterrupt:
            call.warn("sync.interrupted")
            ctx.exit(INTERRUPTED)
        if as_json:
            click.echo(json.dumps([_as_json(call, o) for o in outcomes], indent=2))
        elif not quiet:
            for outcome in outcomes:
                tell_report(call, rt, outcome)
        failures = [
            (account_name(rt, o.account_id), o.error) for o in outcomes if o.error
        ]
        ctx.exit(int(tell_failures(call, failures, of=len(outcomes))))


def tell_report(call: Call, rt: Runtime, outcome: Outcome[SyncReport]) -> None:
    """Say what a sync did; nothing if it failed."""
    report, texts = outcome.result, call.texts
    if report is None:
        return
    table = Table(title=account_name(rt, outcome.account_id), title_justify="left")
    table.add_column(texts.say("column.part"))
    table.add_column(texts.say("column.rows_read"), justify="right")
    table.add_column(texts.say("column.how"))
    for part in report.parts:
        how = "sync.how.full" if part.full else "sync.how.changes"
        table.add_row(
            texts.say(f"part.{part.part.value}"),
            texts.number(part.rows),
            texts.say("sync.how.hidden" if part.hidden else how),
        )
    call.out().print(table)
    call.tell(
        "sync.done",
        rows=texts.say_many("count.rows", sum(part.rows for part in report.parts)),
        requests=texts.say_many("count.requests", report.requests),
        duration=texts.duration(report.seconds),
    )
    if report.deleted:
        call.tell(
            "sync.deleted",
            deleted=texts.say_many("count.deleted", report.deleted),
            merged=texts.number(report.merged),
        )


def _as_json(call: Call, outcome: Outcome[SyncReport]) -> dict[str, object]:
    report, error = outcome.result, outcome.error
    if report is None:
        sentence = call.texts.error(error) if error else None
        return {"account_id": outcome.account_id, "error": sentence}
    return {
        "account_id": outcome.account_id,
        "error": None,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "deleted": report.deleted,
        "merged": report.merged,
        "parts": [
            {
                "part": part.part.value,
                "rows": part.rows,
                "full": part.full,
                "hidden": part.hidden,
            }
            for part in report.parts
        ],
    }
