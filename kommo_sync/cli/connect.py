"""`kommo-sync connect`: try a token, and keep it if it opens the account."""

import sys
from pathlib import Path

import click

from kommo_sync.cli.world import Call, printable
from kommo_sync.errors import ConfigError
from kommo_sync.jobs.connecting import Connected, connect_account

TOKEN_VARIABLE = "KOMMO_SYNC_TOKEN"  # noqa: S105  a variable's name
DAY_SECONDS = 86_400


@click.command(help="help.connect")
@click.option("--base-url", required=True, help="help.connect.base_url")
@click.option("--token", help="help.connect.token")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="help.connect.token_file",
)
@click.pass_obj
def connect(
    call: Call, *, base_url: str, token: str | None, token_file: Path | None
) -> None:
    """Test before saving; a failure saves nothing."""
    with call.runtime() as rt:
        found = _find_token(call, token, token_file)
        connected = connect_account(rt, base_url, _checked(found))
        _tell(call, connected, rt.now())


def _find_token(call: Call, token: str | None, token_file: Path | None) -> str:
    if token is not None and token_file is not None:
        raise ConfigError("Give --token or --token-file, not both.")
    if token is not None:
        call.warn("connect.token_visible")
        return token
    if token_file is not None:
        return _read(token_file)
    if given := call.world.environ.get(TOKEN_VARIABLE):
        return given
    answer: str = click.prompt(call.texts.say("connect.ask_token"), hide_input=True)
    return answer


def _read(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            "The token's file {path} cannot be read.", path=path
        ) from None


def _checked(token: str) -> str:
    """Return the token without what surrounds it.

    Raises:
        ConfigError: it cannot be one.
    """
    bare = token.strip()
    if not bare:
        raise ConfigError(
            "The token is empty: copy it from the integration's settings."
        )
    if not bare.isascii() or not bare.isprintable() or " " in bare:
        raise ConfigError(
            "The token holds a space, a line break or a foreign letter: copy it again, "
            "whole and alone."
        )
    return bare


def _tell(call: Call, connected: Connected, now: int) -> None:
    account, texts = connected.account, call.texts
    call.tell(
        "connect.done" if connected.is_new else "connect.again",
        name=printable(account.name),
        id=account.id,
        currency=account.currency,
        zone=account.time_zone or texts.say("connect.no_zone"),
    )
    ends = connected.token_expires_at
    left = 0 if ends is None else max(0, ends - now)
    if ends is not None:
        call.tell("connect.token_ends", day=texts.day(ends))
    for warning in connected.warnings:
        call.warn(
            warning,
            left=texts.say_many("duration.days", left // DAY_SECONDS),
            day=texts.day(ends or now),
        )
    call.tell("connect.next")
