"""`kommo-sync doctor`."""

import json

import pytest

from tests.cli.place import ADDRESS, Place

DAY = 86_400


@pytest.fixture
def connected(tmp_path) -> Place:
    return Place.made(tmp_path).init().connect()


def grades(place: Place, code: int) -> dict[str, str]:
    result = place.run("doctor", "--json")
    assert result.exit_code == code, result.output
    return {check["check"]: check["state"] for check in json.loads(result.stdout)}


def test_all_is_well_after_a_sync(connected):
    connected.done("sync")
    assert set(grades(connected, 0).values()) == {"OK"}
    said = connected.done("doctor")
    assert said.count("OK") == len(grades(connected, 0))
    assert "Remedy" not in said


def test_a_folder_without_settings_fails_and_names_init(place):
    result = place.run("doctor")
    assert result.exit_code == 2
    assert result.stdout.startswith("FAIL  Settings: There is no ")
    assert "run `kommo-sync init`" in result.stdout


def test_an_empty_database_only_warns(ready):
    assert grades(ready, 1)["account"] == "WARN"
    assert "Remedy: run `kommo-sync connect`" in ready.run("doctor").stdout


def test_what_was_never_synced_warns(connected):
    assert grades(connected, 1)["sync"] == "WARN"


def test_a_bad_setting_fails(connected):
    connected.config.write_text("[sync]\noverlap_seconds = '5m'\n")
    assert grades(connected, 2) == {"config": "FAIL"}
    assert "write seconds, as in 300" in connected.run("doctor").stdout


def test_a_key_that_others_can_read_fails_with_its_remedy(connected):
    connected.done("sync")
    key = connected.folder / "kommo-sync.key"
    key.chmod(0o644)
    assert grades(connected, 2)["key_file"] == "FAIL"
    assert f"Remedy: run `chmod 600 {key}`" in connected.run("doctor").stdout


def test_a_key_that_is_gone_fails(connected):
    (connected.folder / "kommo-sync.key").unlink()
    assert grades(connected, 2)["key"] == "FAIL"


def test_a_database_that_is_gone_fails(connected):
    (connected.folder / "kommo-sync.sqlite3").unlink()
    assert grades(connected, 2)["database"] == "FAIL"


def test_a_token_that_is_refused_fails(connected):
    connected.done("sync")
    connected.break_with("revoked")
    assert grades(connected, 2)["crm"] == "FAIL"
    assert "refuses the token" in connected.run("doctor").stdout


def test_a_token_in_its_last_days_warns(connected):
    connected.done("sync")
    connected.environ["KOMMO_SYNC_TOKEN"] = connected.token(6 * DAY)
    connected.done("connect", "--base-url", ADDRESS)
    assert grades(connected, 1)["token"] == "WARN"


@pytest.mark.parametrize(
    ("seconds", "state"), [(20, "OK"), (60, "WARN"), (600, "FAIL")]
)
def test_a_clock_that_goes_wrong_is_told(connected, seconds, state):
    connected.done("sync")
    wrong = type(connected.clock)(connected.clock.now() + seconds)
    connected.clock = wrong
    code = {"OK": 0, "WARN": 1, "FAIL": 2}[state]
    assert grades(connected, code)["clock"] == state


@pytest.mark.parametrize(("no_color", "shown"), [("", True), ("1", False)])
def test_colours_are_shown_unless_nobody_wants_them(ready, no_color, shown):
    env = {"FORCE_COLOR": "1", "TERM": "xterm", "NO_COLOR": no_color}
    said = ready.run("doctor", env=env).stdout
    assert ("\x1b[32mOK" in said) is shown


def test_findings_come_in_the_readers_language(ready):
    ready.environ["LANG"] = "pt_BR.UTF-8"
    assert "Solução: execute `kommo-sync connect`" in ready.run("doctor").stdout
