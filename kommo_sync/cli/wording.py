"""The group of commands: its help in the reader's language, its errors in one place."""

from copy import copy
from pathlib import Path
from typing import TypeVar

import click

from kommo_sync.cli.world import Call, CliWorld
from kommo_sync.errors import KommoSyncError
from kommo_sync.texts import Texts

Command = TypeVar("Command", bound=click.Command)
HELP = "help."
"""What the key of a help text starts with; other help texts are left as they are."""


class WordedGroup(click.Group):
    """A group whose commands carry keys for help texts, and raise our errors."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, its help in the reader's language."""
        command = super().get_command(ctx, cmd_name)
        return command and _worded(command, _texts(ctx))

    def get_help(self, ctx: click.Context) -> str:
        """Return the group's own help in the reader's language."""
        return click.Group.get_help(_worded(self, _texts(ctx)), ctx)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; tell an error as one sentence, and answer with its code."""
        try:
            return super().invoke(ctx)
        except KommoSyncError as error:
            click.echo(_texts(ctx).error(error), err=True)
            ctx.exit(int(error.exit_code))


def _texts(ctx: click.Context) -> Texts:
    """Return the words, also before the group's own callback has run."""
    root = ctx.find_root()
    if isinstance(root.obj, Call):
        return root.obj.texts
    path = Path(root.params.get("config") or "config.toml")
    return Call.begin(root.obj or CliWorld(), path).texts


def _worded(command: Command, texts: Texts) -> Command:
    worded = copy(command)
    worded.help = _said(command.help, texts)
    worded.params = [copy(param) for param in command.params]
    for param in worded.params:
        if isinstance(param, click.Option):
            param.help = _said(param.help, texts)
    return worded


def _said(key: str | None, texts: Texts) -> str | None:
    return texts.say(key) if key and key.startswith(HELP) else key
