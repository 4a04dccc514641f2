"""`kommo-sync sync`."""

import json

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.cli.place import Place


@pytest.fixture
def connected(tmp_path) -> Place:
    return Place.made(tmp_path, clients=20).init().connect()


class Impatient(ManualClock):
    """Somebody presses Ctrl-C after two seconds."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() > 1_790_000_002:
            raise KeyboardInterrupt


def rows(report, part: str) -> int:
    [found] = [p["rows"] for p in report["parts"] if p["part"] == part]
    return int(found)


def test_the_first_sync_reads_everything_and_the_next_what_changed(connected):
    [first] = connected.json("sync")
    assert rows(first, "leads") == len(connected.listed_leads())
    connected.clock.advance(3600)
    [second] = connected.json("sync")
    assert rows(second, "leads") == 0
    assert second["requests"] < first["requests"]


def test_a_full_sync_reads_everything_again(connected):
    connected.done("sync")
    connected.clock.advance(3600)
    [report] = connected.json("sync", "--full")
    assert rows(report, "leads") == len(connected.listed_leads())


def test_a_table_tells_what_was_read(connected):
    said = connected.done("sync")
    count = len(connected.listed_leads())
    [line] = [line for line in said.splitlines() if "Leads" in line.split()]
    assert f"{count:,}" in line
    assert "everything" in line
    assert " records read by " in said


def test_json_is_all_that_stands_on_standard_output(connected):
    result = connected.run("sync", "--json")
    [report] = json.loads(result.stdout)
    assert (report["account_id"], report["error"]) == (connected.account_id, None)


def test_quiet_says_nothing(connected):
    result = connected.run("sync", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_only_the_streams_that_are_named_are_read(connected):
    [report] = connected.json("sync", "--stream", "companies")
    parts = {part["part"] for part in report["parts"]}
    assert "companies" in parts
    assert "leads" not in parts


def test_a_stream_that_nobody_knows_is_a_usage_error(connected):
    assert connected.run("sync", "--stream", "zebras").exit_code == 2


def test_the_account_can_be_named(connected):
    [report] = connected.json("sync", "--account", str(connected.account_id))
    assert report["account_id"] == connected.account_id


def test_an_account_that_is_not_connected_is_a_usage_error(connected):
    result = connected.run("sync", "--account", "5")
    assert (result.exit_code, result.stderr) == (
        2,
        "Account 5 is not connected: `kommo-sync status` shows those that are.\n",
    )


def test_a_sync_without_accounts_names_connect(ready):
    result = ready.run("sync")
    assert (result.exit_code, result.stderr) == (
        2,
        "No account is connected: run `kommo-sync connect` first.\n",
    )


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        ("revoked", 4, "refuses the token"),
        ("unpaid", 1, "wants to be paid"),
        ("error_before", 75, "try later"),
    ],
)
def test_a_failure_ends_with_its_code_and_one_sentence(connected, fault, code, told):
    connected.break_with(fault)
    result = connected.run("sync", "--quiet")
    assert result.exit_code == code
    [line] = result.stderr.splitlines()
    assert told in line
    assert f"({connected.account_id}): " in line


def test_a_failure_stands_in_the_json_too(connected):
    connected.break_with("revoked")
    [report] = json.loads(connected.run("sync", "--json").stdout)
    assert "refuses the token" in report["error"]


def test_ctrl_c_leaves_a_state_from_which_the_next_sync_goes_on(connected):
    patient, connected.clock = connected.clock, Impatient()
    result = connected.run("sync")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == (
        "Stopped. What was read is kept; the next `kommo-sync sync` goes on from there."
    )
    connected.clock = patient
    connected.done("sync")
    [status] = connected.json("status")
    kept = {part["part"]: part["rows"] for part in status["parts"]}
    assert kept["leads"] == len(connected.listed_leads())
