"""The command line: `kommo-sync COMMAND`."""

import logging
from pathlib import Path

import click

from kommo_sync.cli.backtest import backtest
from kommo_sync.cli.connect import connect
from kommo_sync.cli.demo import demo
from kommo_sync.cli.doctor import doctor
from kommo_sync.cli.explain import explain
from kommo_sync.cli.init import init
from kommo_sync.cli.migrate import migrate
from kommo_sync.cli.report import report
from kommo_sync.cli.sandbox import sandbox, sandbox_token
from kommo_sync.cli.score import score
from kommo_sync.cli.status import status
from kommo_sync.cli.sync import sync
from kommo_sync.cli.wording import WordedGroup
from kommo_sync.cli.world import Call, CliWorld


@click.group(
    cls=WordedGroup,
    help="help.main",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="kommo-sync")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    envvar="KOMMO_SYNC_CONFIG",
    is_eager=True,
    help="help.config",
)
@click.pass_context
def main(ctx: click.Context, *, config: Path) -> None:
    """Keep clients from leaving, inside Kommo / amoCRM."""
    logging.basicConfig(level=logging.ERROR)  # the rest is told in sentences
    ctx.obj = Call.begin(ctx.obj or CliWorld(), config)


main.add_command(init)
main.add_command(connect)
main.add_command(doctor)
main.add_command(sync)
main.add_command(score)
main.add_command(explain)
main.add_command(backtest)
main.add_command(report)
main.add_command(status)
main.add_command(migrate)
main.add_command(demo)
main.add_command(sandbox)
main.add_command(sandbox_token)
