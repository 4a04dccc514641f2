"""`kommo-sync demo`: a whole account on this machine, with pages to look at."""

import click

from kommo_sync.cli.serving import Stop, listen, progress
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.tour import BrokenSandbox, Sight, look_around

CLIENTS = 400
SEED = 7


@click.command()
@click.option("--once", is_flag=True, help="End instead of serving.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8380,
    show_default=True,
    help="Port of the sandbox; 0 takes any free one.",
)
def demo(*, once: bool, host: str, port: int) -> None:
    """Show the sandbox with a generated account, and leave its pages running."""
    with progress(f"Making an account with {CLIENTS} clients"):
        sandbox = Sandbox.generated(clients=CLIENTS, seed=SEED)
    with Stop() as stop:
        server = listen(sandbox, host, port)
        click.echo(f"A Kommo account answers at {server.base_url}/api/v4")
        _tell(_look_around(server.base_url, sandbox.token))
        if not once:
            click.echo(f"\nPages: {server.base_url}/   (Ctrl-C ends)")
            stop.wait()
        server.stop()


def _look_around(base_url: str, token: str) -> Sight:
    try:
        with progress("Reading all of it through the API"):
            return look_around(base_url, token)
    except BrokenSandbox as error:
        raise click.ClickException(str(error)) from error


def _tell(sight: Sight) -> None:
    """Say it in words, then in KEY=value lines that a script can read."""
    won = f"{sight.won_sum:,.2f} {sight.currency}"
    click.echo(
        f"{sight.account}: {sight.contacts} contacts, {sight.companies} companies, "
        f"{sight.leads} leads in {sight.pipelines} pipelines; "
        f"{sight.won} won for {won}, {sight.lost} lost, "
        f"{sight.open_tasks} tasks open, {sight.events} events."
    )
    figures = {
        "CONTACTS": sight.contacts,
        "COMPANIES": sight.companies,
        "LEADS": sight.leads,
        "WON": sight.won,
        "WON_SUM": f"{sight.won_sum:.2f}",
        "OPEN_TASKS": sight.open_tasks,
        "EVENTS": sight.events,
        "PAGES": sight.pages,
    }
    for name, value in figures.items():
        click.echo(f"{name}={value}")
