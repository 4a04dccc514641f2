"""`kommo-sync status`: what is kept beside what the CRM holds, and how old it is."""

import json
from dataclasses import asdict

import click
from rich.table import Table

from kommo_sync.cli.accounts import account_name, chosen_accounts, tell_failures
from kommo_sync.cli.world import Call, printable
from kommo_sync.errors import KommoSyncError
from kommo_sync.health import AccountStatus, PartStatus, account_status
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime
from kommo_sync.texts import Texts

UNKNOWN = "-"


@click.command(help="help.status")
@click.option("--live", is_flag=True, help="help.status.live")
@click.option(
    "--account", "accounts", type=int, multiple=True, help="help.option.account"
)
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_context
def status(
    ctx: click.Context, *, live: bool, accounts: tuple[int, ...], as_json: bool
) -> None:
    """Tell of each account; what is kept is told also if the CRM does not answer."""
    call: Call = ctx.obj
    found: list[AccountStatus] = []
    failures: list[tuple[str, KommoSyncError]] = []
    with call.runtime() as rt:
        for account_id in chosen_accounts(rt, accounts):
            try:
                found.append(_ask(call, rt, account_id, live=live))
            except KommoSyncError as error:
                failures.append((account_name(rt, account_id), error))
    if as_json:
        click.echo(json.dumps([_as_json(account) for account in found], indent=2))
    elif not found and not failures:
        call.tell("status.nobody")
    for account in () if as_json else found:
        tell_status(call, account)
    ctx.exit(int(tell_failures(call, failures, of=len(found) + len(failures))))


def _ask(
    call: Call, rt: Runtime, account_id: AccountId, *, live: bool
) -> AccountStatus:
    """Return how an account stands; on a terminal, show how far the counting is."""
    if not live:
        return account_status(rt, account_id)
    with call.err().status(call.texts.say("status.counting")) as shown:

        def tell(read: int) -> None:
            shown.update(call.texts.say_many("status.counted", read))

        return account_status(rt, account_id, live=True, tell=tell)


def _as_json(account: AccountStatus) -> dict[str, object]:
    connection, crm_won = account.connection, account.crm_won
    return {
        "account_id": connection.account_id,
        "name": connection.name,
        "base_url": connection.base_url,
        "state": connection.state,
        "token_expires_at": connection.token_expires_at,
        "currency": account.currency,
        "parts": [asdict(part) for part in account.parts],
        "won": {"count": account.won.count, "total": account.won.total},
        "crm_won": crm_won
        and {
            "count": crm_won[0],
            "total": crm_won[1],
            "at": account.crm_won_at,
        },
        "runs": [asdict(job) for job in account.runs],
    }


def tell_status(call: Call, account: AccountStatus) -> None:
    """Say how an account stands."""
    texts, connection = call.texts, account.connection
    call.tell(
        f"status.{connection.state}",
        account=f"{printable(connection.name)} ({connection.account_id})",
        address=connection.base_url,
    )
    call.out().print(_parts(call, account))
    call.tell(
        "status.won",
        won=texts.say_many("count.won", account.won.count),
        total=texts.money(account.won.total, account.currency),
    )
    if account.crm_won is not None:
        count, total = account.crm_won
        call.tell(
            "status.crm_won",
            won=texts.say_many("count.won", count),
            total=UNKNOWN if total is None else texts.money(total, account.currency),
            moment=texts.moment(account.crm_won_at or 0),
        )
    if account.runs:
        call.out().print(_runs(call, account))


def _parts(call: Call, account: AccountStatus) -> Table:
    texts = call.texts
    table = Table()
    table.add_column(texts.say("column.part"))
    table.add_column(texts.say("column.age"), justify="right")
    table.add_column(texts.say("column.rows_kept"), justify="right")
    table.add_column(texts.say("column.rows_crm"), justify="right")
    for part in account.parts:
        table.add_row(
            texts.say(f"part.{part.part.value}"),
            _age(texts, part),
            texts.number(part.rows),
            UNKNOWN if part.crm_rows is None else texts.number(part.crm_rows),
        )
    return table


def _age(texts: Texts, part: PartStatus) -> str:
    if part.age_seconds is None:
        return texts.say("status.never")
    return texts.duration(part.age_seconds)


def _runs(call: Call, account: AccountStatus) -> Table:
    texts = call.texts
    table = Table(title=texts.say("status.runs"), title_justify="left")
    table.add_column(texts.say("column.began"))
    table.add_column(texts.say("column.outcome"))
    table.add_column(texts.say("column.requests"), justify="right")
    table.add_column(texts.say("column.rows_read"), justify="right")
    table.add_column(texts.say("column.message"))
    for job in account.runs:
        table.add_row(
            texts.moment(job.started_at),
            texts.say(f"outcome.{job.outcome or 'open'}"),
            texts.number(job.requests),
            texts.number(job.rows),
            printable(job.message or ""),
        )
    return table
