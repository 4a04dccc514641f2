"""`kommo-sync sandbox` and `kommo-sync sandbox-token`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from kommo_sync.cli.serving import Stop, listen, progress
from kommo_sync.sandbox.account.choices import set_choice
from kommo_sync.sandbox.account.saving import BadStateFile
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.remote import NoSandbox, fetch_tokens
from kommo_sync.sandbox.seeding.transactions import BadTransactions
from kommo_sync.sandbox.traffic.faults import KINDS, FaultPlan, parse_faults

DEFAULT_CLIENTS = 300
SAVE_SECONDS = 60


class Rate(click.ParamType[int | None]):
    """Requests a sliding second, or `off`."""

    name = "N|off"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """Return the rate; None switches the limit off."""
        if value is None or str(value) == "off":
            return None
        if str(value).isdecimal() and int(str(value)) > 0:
            return int(str(value))
        message = f"{value!r} is neither a whole number from 1 nor `off`."
        raise click.BadParameter(message, ctx, param)


class Faults(click.ParamType[FaultPlan]):
    """Fault rules."""

    name = "RULES"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> FaultPlan:
        """Return the plan that the rules describe."""
        if isinstance(value, FaultPlan):
            return value
        try:
            return parse_faults(str(value))
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error


@dataclass(frozen=True)
class Source:
    """Where the account comes from; at most one of the three is given."""

    clients: int | None
    seed: int
    log: Path | None
    state: Path | None

    def open(self) -> Sandbox:
        """Return the account, read or made.

        Raises:
            click.ClickException: what was asked for cannot be had.
        """
        known = self.state is not None and self.state.exists()
        if self.log is not None and self.clients is not None:
            raise click.UsageError("Give --clients or --from, not both.")
        if known and (self.log is not None or self.clients is not None):
            raise click.UsageError(
                f"{self.state} holds an account already: drop --clients and --from, "
                "or give another --state."
            )
        try:
            return self._make(known=known)
        except (BadStateFile, BadTransactions) as error:
            raise click.ClickException(str(error)) from error

    def _make(self, *, known: bool) -> Sandbox:
        if known and self.state is not None:
            with progress(f"Reading {self.state}"):
                return Sandbox.loaded(self.state)
        if self.log is not None:
            with progress(f"Reading {self.log}"):
                return Sandbox.from_transactions(self.log)
        clients = DEFAULT_CLIENTS if self.clients is None else self.clients
        with progress(f"Making an account with {clients} clients"):
            return Sandbox.generated(clients=clients, seed=self.seed)


def _fault_help() -> str:
    kinds = ", ".join(KINDS)
    return (
        "What goes wrong: KIND[:key=value,…] separated by `;`. Keys: p, n, after, ms, "
        f"seconds, method, path; `seed=N` for chance. Kinds: {kinds}."
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8380,
    show_default=True,
    help="Port; 0 takes any free one.",
)
@click.option("--clients", type=click.IntRange(0), help="How many clients to make.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the account.")
@click.option(
    "--from",
    "log",
    type=click.Path(path_type=Path),
    help="A log of purchases: client,date,amount[,order_id,country].",
)
@click.option(
    "--rate", type=Rate(), default="7", show_default=True, help="Requests a second."
)
@click.option(
    "--latency",
    type=click.FloatRange(0),
    default=0,
    help="Milliseconds added to every answer.",
)
@click.option("--faults", type=Faults(), default="", help=_fault_help())
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to keep the account in.",
)
@click.option(
    "--set",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="A switch for what no source confirms; see docs/sandbox.md.",
)
def sandbox(  # noqa: PLR0913 one argument an option
    host: str,
    port: int,
    clients: int | None,
    seed: int,
    log: Path | None,
    rate: int | None,
    latency: float,
    faults: FaultPlan,
    state: Path | None,
    switches: tuple[str, ...],
) -> None:
    """Serve an imitation of a Kommo account until Ctrl-C."""
    account = Source(clients, seed, log, state).open()
    _set_switches(account, switches)
    account.limiter.rate = rate
    faults.latency = latency / 1000
    account.engine.break_with(faults)
    if state is not None:
        _save(account, state)
    with Stop() as stop:
        server = listen(account, host, port)
        for name, value in account.environment(server.base_url).items():
            click.echo(f"{name}={value}")
        click.echo(f"Pages at {server.base_url}/ ; Ctrl-C ends.", err=True)
        stop.wait(_saver(account, state))
        server.stop()
    if state is not None:
        _save(account, state)


def _set_switches(account: Sandbox, switches: tuple[str, ...]) -> None:
    for switch in switches:
        name, _, value = switch.partition("=")
        try:
            set_choice(account.state.choices, name, value)
        except ValueError as error:
            raise click.UsageError(str(error)) from error


def _save(account: Sandbox, state: Path) -> None:
    try:
        account.save(state)
    except BadStateFile as error:
        raise click.ClickException(str(error)) from error


class _Saver:
    """Called each second: saves once a minute, if anything was asked since."""

    def __init__(self, account: Sandbox, state: Path) -> None:
        self._account, self._state = account, state
        self._waited = 0
        self._seen = len(account.state.data.requests)

    def __call__(self) -> None:
        self._waited += 1
        seen = len(self._account.state.data.requests)
        if seen != self._seen and self._waited >= SAVE_SECONDS:
            _save(self._account, self._state)
            self._waited, self._seen = 0, seen


def _saver(account: Sandbox, state: Path | None) -> Callable[[], None]:
    return (lambda: None) if state is None else _Saver(account, state)


@click.command("sandbox-token")
@click.option("--base-url", required=True, help="Of the running sandbox.")
def sandbox_token(base_url: str) -> None:
    """Print a fresh refresh token and an expired access token as JSON."""
    try:
        click.echo(json.dumps(fetch_tokens(base_url)))
    except NoSandbox as error:
        raise click.ClickException(str(error)) from error
