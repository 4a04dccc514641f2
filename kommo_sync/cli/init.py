"""`kommo-sync init`: a file of settings, a key, an empty database."""

import base64
import os
from pathlib import Path

import click

from kommo_sync.cli.world import Call
from kommo_sync.config import Config
from kommo_sync.config.settings import Language, example
from kommo_sync.errors import ConfigError
from kommo_sync.runtime import new_key
from kommo_sync.store.schema import migrate
from kommo_sync.texts import Texts

ONLY_OWNER = 0o600
LANGUAGE: click.Choice[Language] = click.Choice(("en", "es", "pt", "ru"))


@click.command(help="help.init")
@click.option("--yes", is_flag=True, help="help.init.yes")
@click.option("--language", type=LANGUAGE, help="help.init.language")
@click.pass_obj
def init(call: Call, *, yes: bool, language: Language | None) -> None:
    """Ask for what must be known, then write; never over what is there."""
    _refuse_what_exists(call.path)
    if language is None and not yes:
        language = click.prompt(
            call.texts.say("init.ask_language"),
            type=LANGUAGE,
            default=call.texts.language,
        )
    call = Call(call.world, call.path, Texts(language or call.texts.language))
    if not yes and not click.confirm(
        call.texts.say("init.ask_folder", folder=call.path.absolute().parent),
        default=True,
    ):
        call.tell("init.nothing_done")
        return
    config = write_place(call, example(language or ""))
    call.tell("init.done", config=call.path, url=_shown_url(config))
    call.tell("init.key", path=config.key_path())
    call.tell("init.next")


def _refuse_what_exists(path: Path) -> None:
    if path.exists():
        raise ConfigError(
            "{path} exists already, and is left as it is: name another file by "
            "--config, or move it away.",
            path=path,
        )
    if not path.absolute().parent.is_dir():
        raise ConfigError(
            "There is no folder {folder}: make it first.",
            folder=path.absolute().parent,
        )


def write_place(call: Call, settings: str) -> Config:
    """Write settings, a key and an empty database, or nothing; return the settings.

    Raises:
        ConfigError: one of them is there already, or cannot be written.
    """
    written: list[Path] = []
    try:
        _write_new(call.path, settings, 0o666, written)
        config = call.config()
        if config.key_text is None:
            key = base64.b64encode(new_key()).decode("ascii")
            _write_new(config.key_path(), key + "\n", ONLY_OWNER, written)
        migrate(config.database_url())
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return config


def _write_new(path: Path, text: str, mode: int, written: list[Path]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise ConfigError(
            "{path} exists already, and is left as it is: it may open the tokens of a "
            "database. Move it away, or write config.toml by hand.",
            path=path,
        ) from None
    except OSError as error:
        raise ConfigError(
            "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from None
    written.append(path)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _shown_url(config: Config) -> str:
    """Return where the database is, without a password."""
    scheme, mark, rest = config.database_url().partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
