"""What all commands have in common: help, language, settings, the way out."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kommo_sync.cli import main
from kommo_sync.cli.accounts import tell_failures
from kommo_sync.cli.sync import INTERRUPTED
from kommo_sync.cli.world import Call, CliWorld, printable
from kommo_sync.errors import (
    ConfigError,
    CrmUnavailable,
    ExitCode,
    Unauthorized,
    Unpaid,
)
from kommo_sync.model.entities import STREAMS

OWN = ("init", "connect", "doctor", "sync", "status", "migrate")


def helped(*args: str, **environ: str) -> str:
    result = CliRunner().invoke(main, [*args, "--help"], obj=CliWorld(environ))
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


@pytest.mark.parametrize("language", ["en", "es", "pt", "ru"])
def test_no_help_shows_a_key(language):
    pages = [helped(name, LANG=language) for name in OWN]
    for page in [helped(LANG=language), *pages]:
        assert not re.search(r"help\.\w", page)


def test_help_comes_in_the_readers_language():
    assert "Probar" not in helped(LANG="es_ES.UTF-8")
    assert "Prueba el token de una cuenta" in helped(LANG="es_ES.UTF-8")
    assert "Только аккаунт" in helped("sync", LANG="ru_RU.UTF-8")


def test_help_follows_the_language_of_the_settings(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('language = "pt"')
    assert "Testa o token" in helped("--config", str(path), LANG="ru_RU.UTF-8")
    assert "Testa o token" in helped("--config", str(path), "connect")


def test_settings_that_cannot_be_read_do_not_hide_the_help(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[")
    assert "Try an account's token" in helped("--config", str(path))


def test_the_settings_may_be_named_by_the_environment(tmp_path):
    env = {"KOMMO_SYNC_CONFIG": str(tmp_path / "other.toml")}
    result = CliRunner().invoke(main, ["status"], env=env, obj=CliWorld({}))
    assert result.exit_code == 2
    assert f"There is no {tmp_path / 'other.toml'}" in result.stderr


def test_an_unknown_setting_ends_with_one_sentence(ready):
    ready.config.write_text("[sync]\noverlap = 3\n")
    result = ready.run("sync")
    assert (result.exit_code, result.stderr) == (
        2,
        "sync.overlap is not a setting: did you mean sync.overlap_seconds?\n",
    )


def test_what_steers_a_terminal_is_not_printed():
    assert printable("Acme\x1b[2J\n") == "Acme\N{REPLACEMENT CHARACTER}[2J" + (
        "\N{REPLACEMENT CHARACTER}"
    )


def test_names_in_brackets_are_printed_as_they_are(ready):
    ready.sandbox.state.data.account.name = "[red]Acme[/] :boom:"
    ready.environ["KOMMO_SYNC_TOKEN"] = ready.sandbox.token
    said = ready.done("connect", "--base-url", "https://demo.kommo.com")
    assert said.startswith("[red]Acme[/] :boom: is connected")


GONE = Unauthorized("gone")
LATER = CrmUnavailable("later")


@pytest.mark.parametrize(
    ("errors", "of", "code"),
    [
        ([], 2, ExitCode.DONE),
        ([GONE], 2, ExitCode.PARTLY),
        ([LATER, GONE], 2, ExitCode.RECONNECT),
        ([LATER, Unpaid("pay")], 2, ExitCode.FAILED),
        ([LATER, ConfigError("what")], 2, ExitCode.USAGE),
        ([LATER], 1, ExitCode.TEMPORARY),
    ],
)
def test_the_worst_failure_is_answered_if_all_have_failed(errors, of, code):
    call = Call.begin(CliWorld({}), Path("absent.toml"))
    assert tell_failures(call, [("Acme", error) for error in errors], of) is code


def told() -> set[str]:
    """Return what stands in backticks in first cells of docs/commands.md."""
    page = Path(__file__).parents[2] / "docs" / "commands.md"
    cells = re.findall(r"^\| (.+?) \|", page.read_text("utf-8"), re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^` ]+)", cell)}


@pytest.mark.parametrize("name", [*OWN, None])
def test_every_option_is_documented(name):
    command = main.commands[name] if name else main
    options = {it.opts[0] for it in command.params if isinstance(it, click.Option)}
    assert options <= told()


def test_every_command_and_stream_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) >= set(OWN)
    assert set(STREAMS) <= set(re.findall(r"`(\w+)`", page))


def test_every_exit_code_is_documented():
    assert {str(int(code)) for code in [*ExitCode, INTERRUPTED]} <= told()


def test_every_own_command_has_help_by_key():
    commands = [main.commands[name] for name in OWN]
    options = [
        param
        for command in commands
        for param in command.params
        if isinstance(param, click.Option)
    ]
    helps = [it.help for it in commands] + [it.help for it in options]
    assert all((text or "").startswith("help.") for text in helps)
