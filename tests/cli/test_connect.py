"""`kommo-sync connect`: what is wrong is told in one sentence, and nothing is saved."""

from collections.abc import Callable

import pytest

from tests.cli.place import ADDRESS, Place, contents

DAY = 86_400


@pytest.fixture
def refused(ready: Place) -> Callable[..., str]:
    """Return what is told on standard error, and check that nothing was saved."""

    def refused(code: int, *args: str, **more: str) -> str:
        before = ready.connections()
        result = ready.run("connect", "--base-url", *args, **more)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert ready.connections() == before == 0
        return result.stderr

    return refused


def test_connecting_tells_name_currency_time_zone_and_the_end_of_the_token(ready):
    ready.environ["KOMMO_SYNC_TOKEN"] = ready.sandbox.token
    account = ready.sandbox.state.data.account
    lines = ready.done("connect", "--base-url", ADDRESS).splitlines()
    assert lines == [
        f"{account.name} is connected: account {account.id}, currency "
        f"{account.currency}, time zone {account.timezone}.",
        "The token is valid until 2031-09-20.",
        "Next: `kommo-sync sync` reads everything.",
    ]
    assert ready.connections() == 1


def test_connecting_again_says_so(ready):
    ready.connect()
    assert "is connected again with the new token" in ready.done(
        "connect", "--base-url", ADDRESS
    )
    assert ready.connections() == 1


def test_a_token_on_the_command_line_is_taken_with_a_warning(ready):
    token = ready.sandbox.token
    result = ready.run("connect", "--base-url", ADDRESS, "--token", token)
    assert result.exit_code == 0
    assert "other users of this machine can see the token" in result.stderr
    assert token not in result.output


def test_a_token_may_come_from_a_file(ready):
    path = ready.folder / "token"
    path.write_text(f"\n{ready.sandbox.token}\n")
    ready.done("connect", "--base-url", ADDRESS, "--token-file", str(path))
    assert ready.connections() == 1


def test_a_token_may_come_from_standard_input(ready):
    token = ready.sandbox.token
    args = ("connect", "--base-url", ADDRESS, "--token-file", "-")
    ready.done(*args, input=token)
    assert ready.connections() == 1


def test_a_token_that_is_typed_is_not_shown(ready):
    token = ready.sandbox.token
    said = ready.done("connect", "--base-url", ADDRESS, input=f"{token}\n")
    assert "Token of the integration (it is not shown)" in said
    assert token not in said


@pytest.mark.parametrize(
    ("days", "told"), [(31, ""), (29, "29 days"), (7, "7 days"), (1, "1 day")]
)
def test_the_last_thirty_days_of_a_token_are_told(ready, days, told):
    ready.environ["KOMMO_SYNC_TOKEN"] = ready.token(days * DAY)
    result = ready.run("connect", "--base-url", ADDRESS)
    assert result.exit_code == 0
    assert (f"The token ends in {told}, on " in result.stderr) == bool(told)


def test_a_wrong_token_is_refused_and_not_shown(refused):
    told = refused(4, ADDRESS, "--token-file", "-", input="nonsense")
    assert told == (
        "The CRM at demo.kommo.com refuses the token: connect again with a new one.\n"
    )


def test_a_token_that_has_ended_is_refused_before_the_crm_is_asked(ready, refused):
    token = ready.token(-5 * DAY)
    told = refused(4, ADDRESS, "--token-file", "-", input=token)
    assert told == (
        "The token ended on 2026-09-16: make a new one in the integration's settings "
        "and connect again.\n"
    )


def test_a_token_without_the_scope_is_refused(ready, refused):
    token = ready.sandbox.token
    ready.sandbox.state.data.grants[token].scopes = ["notifications"]
    told = refused(4, ADDRESS, "--token-file", "-", input=token)
    assert told.startswith("The token may not ask demo.kommo.com for ")
    assert told.endswith(
        "an administrator must grant it the scope crm, then connect again.\n"
    )


def test_an_account_that_has_not_paid_is_refused(ready, refused):
    ready.break_with("unpaid")
    told = refused(1, ADDRESS, "--token-file", "-", input=ready.sandbox.token)
    assert told == (
        "The CRM at demo.kommo.com wants to be paid before it answers "
        "/api/v4/account: renew the subscription or check the plan.\n"
    )


def test_the_address_of_another_account_is_refused(ready, refused):
    address = "https://other.kommo.com"
    told = refused(2, address, "--token-file", "-", input=ready.sandbox.token)
    assert told == (
        "https://other.kommo.com answers as the account demo: connect with the "
        "address that the browser shows when you work in that account.\n"
    )


@pytest.mark.parametrize(
    "address", ["https://kommo.com.evil.com", "http://x.kommo.com"]
)
def test_the_token_is_not_sent_to_strangers(ready, refused, address):
    told = refused(2, address, "--token-file", "-", input=ready.sandbox.token)
    assert "is no address of a Kommo account" in told
    assert not ready.sandbox.state.data.requests


def test_a_bare_name_gets_a_hint(refused):
    told = refused(2, "acme", "--token-file", "-", input="x")
    assert told == "acme is no whole address: did you mean acme.kommo.com?\n"


def test_a_crm_that_does_not_answer_is_temporary(ready, refused):
    ready.break_with("error_before")
    told = refused(75, ADDRESS, "--token-file", "-", input=ready.sandbox.token)
    assert told.endswith("try later.\n")


@pytest.mark.parametrize("token", ["two words", "zwei\nzeilen", "schlüssel"])
def test_what_cannot_be_a_token_is_not_tried(refused, token):
    told = refused(2, ADDRESS, "--token-file", "-", input=token)
    assert told == (
        "The token holds a space, a line break or a foreign letter: copy it again, "
        "whole and alone.\n"
    )


def test_an_empty_token_is_not_tried(refused):
    assert refused(2, ADDRESS, "--token-file", "-", input="\n").startswith(
        "The token is empty"
    )


def test_two_tokens_are_one_too_many(refused):
    told = refused(2, ADDRESS, "--token", "a", "--token-file", "b")
    assert told == "Give --token or --token-file, not both.\n"


def test_a_file_that_is_not_there_is_named(ready, refused):
    path = ready.folder / "absent"
    told = refused(2, ADDRESS, "--token-file", str(path))
    assert told == f"The token's file {path} cannot be read.\n"


def test_a_failure_leaves_the_connection_that_there_was(ready):
    ready.connect()
    ready.environ["KOMMO_SYNC_TOKEN"] = "nonsense"
    assert ready.run("connect", "--base-url", ADDRESS).exit_code == 4
    assert ready.run("sync").exit_code == 0


def test_connecting_before_init_names_init(place):
    result = place.run("connect", "--base-url", ADDRESS)
    assert result.exit_code == 2
    assert "run `kommo-sync init`" in result.stderr
    assert contents(place.folder) == {}


def test_the_sentence_comes_in_the_readers_language(ready):
    ready.environ["LANG"] = "ru_RU.UTF-8"
    args = ("connect", "--base-url", ADDRESS, "--token-file", "-")
    result = ready.run(*args, input="nonsense")
    assert "CRM (demo.kommo.com) не принимает токен: " in result.stderr
