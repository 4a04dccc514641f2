"""A command that does the same for each account, and tells it or writes JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import click

from kommo_sync.cli.accounts import account_name, chosen_accounts, tell_failures
from kommo_sync.cli.sync import INTERRUPTED
from kommo_sync.cli.world import Call
from kommo_sync.errors import ConfigError
from kommo_sync.jobs.running import Outcome, run
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Doing(Generic[Result]):
    """What is done for each account, and how it is told.

    Args:
        work: does it.
        tell: says it to a person.
        as_json: makes an object of it; `account_id` and `error` stand before.
    """

    work: Callable[[Runtime, AccountId], Result]
    tell: Callable[[Runtime, AccountId, Result], None]
    as_json: Callable[[Result], dict[str, object]]


def do_each(
    ctx: click.Context,
    asked: Sequence[int],
    doing: Doing[Result],
    *,
    as_json: bool,
    quiet: bool = False,
) -> None:
    """Do it for one account after the other, and end the command.

    A failure of one does not stop the next.

    Raises:
        ConfigError: no account is connected, or one that was asked for is not.
    """
    call: Call = ctx.obj
    with call.runtime() as rt:
        chosen = chosen_accounts(rt, asked)
        if not chosen:
            raise ConfigError(
                "No account is connected: run `kommo-sync connect` first."
            )
        try:
            outcomes = run(chosen, lambda account_id: doing.work(rt, account_id))
        except KeyboardInterrupt:
            call.warn("command.stopped")
            ctx.exit(INTERRUPTED)
        if as_json:
            told = [_as_json(call, doing, outcome) for outcome in outcomes]
            click.echo(json.dumps(told, indent=2))
        for outcome in () if as_json or quiet else outcomes:
            if outcome.result is not None:
                doing.tell(rt, outcome.account_id, outcome.result)
        failures = [
            (account_name(rt, o.account_id), o.error) for o in outcomes if o.error
        ]
        ctx.exit(int(tell_failures(call, failures, of=len(outcomes))))


def _as_json(
    call: Call, doing: Doing[Result], outcome: Outcome[Result]
) -> dict[str, object]:
    error = call.texts.error(outcome.error) if outcome.error else None
    told: dict[str, object] = {"account_id": outcome.account_id, "error": error}
    return told if outcome.result is None else told | doing.as_json(outcome.result)
