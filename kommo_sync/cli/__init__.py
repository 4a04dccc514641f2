"""The command line: `kommo-sync COMMAND`."""

import click

from kommo_sync.cli.demo import demo
from kommo_sync.cli.sandbox import sandbox, sandbox_token


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kommo-sync")
def main() -> None:
    """Keep clients from leaving, inside Kommo / amoCRM."""


main.add_command(demo)
main.add_command(sandbox)
main.add_command(sandbox_token)
