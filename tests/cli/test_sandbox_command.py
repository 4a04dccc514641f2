"""`kommo-sync sandbox` as a user types it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from kommo_sync.cli import main

NAMES = [
    "KOMMO_BASE_URL",
    "KOMMO_TOKEN",
    "KOMMO_SUBDOMAIN",
    "KOMMO_CLIENT_ID",
    "KOMMO_CLIENT_SECRET",
    "KOMMO_REDIRECT_URI",
]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start the command on a free port; yield it and the NAME=value lines."""
    command = [sys.executable, "-m", "kommo_sync.cli", "sandbox", "--port", "0", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in NAMES]
    try:
        yield process, dict(line.split("=", 1) for line in lines)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def ask(given: dict[str, str], path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {given['KOMMO_TOKEN']}"}
    url = f"{given['KOMMO_BASE_URL']}/api/v4/{path}"
    return httpx.get(url, headers=headers, trust_env=False)


def write(given: dict[str, str], path: str, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {given['KOMMO_TOKEN']}"}
    url = f"{given['KOMMO_BASE_URL']}/api/v4/{path}"
    return httpx.post(url, headers=headers, json=body, trust_env=False)


def test_the_command_prints_what_a_client_needs_and_answers_at_that_address():
    with running("--clients", "3") as (_, given):
        assert list(given) == NAMES
        answer = ask(given, "account")
        assert answer.json()["subdomain"] == given["KOMMO_SUBDOMAIN"]


def test_the_command_ends_cleanly_when_told_to():
    with running("--clients", "0") as (process, _):
        pass
    assert process.returncode == 0


def test_a_token_for_refresh_tests_is_fetched_from_a_running_sandbox():
    with running("--clients", "0") as (_, given):
        result = run("sandbox-token", "--base-url", given["KOMMO_BASE_URL"])
    assert result.exit_code == 0
    assert set(json.loads(result.stdout)) == {"refresh_token", "expired"}


def test_a_kept_account_is_there_again_with_its_tokens(tmp_path: Path):
    state = tmp_path / "account.json"
    with running("--clients", "0", "--state", str(state)) as (_, given):
        made = write(given, "leads", [{"name": "kept"}]).json()
    lead_id = made["_embedded"]["leads"][0]["id"]
    with running("--state", str(state)) as (_, again):
        given["KOMMO_BASE_URL"] = again["KOMMO_BASE_URL"]
        assert ask(given, f"leads/{lead_id}").json()["name"] == "kept"


def test_the_generator_s_truth_lies_beside_the_state_file(tmp_path: Path):
    state = tmp_path / "account.json"
    with running("--clients", "5", "--state", str(state)):
        pass
    truth = json.loads((tmp_path / "account.truth.json").read_text())
    assert len(truth["clients"]) >= 5


def test_a_log_of_purchases_becomes_an_account(tmp_path: Path):
    log = tmp_path / "log.csv"
    log.write_text("client,date,amount\nA,2025-01-05,10.50\nB,2025-02-01,7\n")
    with running("--from", str(log)) as (_, given):
        rows = ask(given, "leads").json()["_embedded"]["leads"]
    assert sorted(r["price_with_minor_units"] for r in rows) == [7.0, 10.5]


def test_rate_latency_faults_and_switches_are_in_force():
    words = ("--clients", "0", "--rate", "2", "--faults", "unpaid:path=/contacts")
    with running(*words, "--set", "default_limit=1") as (_, given):
        assert ask(given, "contacts").status_code == 402
        statuses = [ask(given, "account").status_code for _ in range(6)]
    assert 429 in statuses


def test_a_busy_port_is_told_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("sandbox", "--clients", "0", "--port", port)
    assert result.exit_code == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith(f"Error: Port {port} on 127.0.0.1 cannot be used")
    assert "--port" in last


BAD = [
    (("--prot", "1"), 2, "No such option"),
    (("--port", "99999"), 2, "99999"),
    (("--rate", "fast"), 2, "'fast' is neither a whole number from 1 nor `off`"),
    (("--faults", "explode"), 2, "No fault is called 'explode'"),
    (("--set", "colour=1"), 2, "No switch is called 'colour'"),
    (("--clients", "0", "--set", "rate_key=moon"), 2, "rate_key cannot be 'moon'"),
    (("--clients", "-5"), 2, "-5"),
    (("--clients", "2", "--from", "x.csv"), 2, "not both"),
    (("--from", "no-such.csv"), 1, "no-such.csv"),
]


@pytest.mark.parametrize(("words", "code", "said"), BAD)
def test_bad_input_is_told_in_one_sentence_that_names_it(words, code, said):
    result = run("sandbox", *words)
    assert result.exit_code == code
    assert said in result.stderr.strip().splitlines()[-1]
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,2025-13-01,5", ("row 3", "date", "2025-13-01")),
        ("A,2025-01-01,five", ("row 3", "amount", "five")),
        (",2025-01-01,5", ("row 3", "client")),
    ],
)
def test_a_bad_row_of_a_log_is_named_with_its_column(tmp_path: Path, row, said):
    log = tmp_path / "log.csv"
    log.write_text(f"client,date,amount\nA,2025-01-05,10.50\n{row}\n")
    result = run("sandbox", "--from", str(log))
    last = result.stderr.strip().splitlines()[-1]
    assert result.exit_code == 1
    assert all(part in last.lower() for part in said)


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 1}', b"\xff\xfe", b"[]"])
def test_an_unreadable_state_file_is_told_and_left_as_it_was(tmp_path: Path, content):
    state = tmp_path / "account.json"
    state.write_bytes(content)
    result = run("sandbox", "--state", str(state))
    assert result.exit_code == 1
    assert f"The state file {state}" in result.stderr.strip().splitlines()[-1]
    assert state.read_bytes() == content


def test_a_state_file_that_cannot_be_written_is_told_before_serving(tmp_path: Path):
    state = tmp_path / "no" / "such" / "folder" / "account.json"
    result = run("sandbox", "--clients", "0", "--port", "0", "--state", str(state))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_an_account_is_not_made_over_a_kept_one(tmp_path: Path):
    state = tmp_path / "account.json"
    state.write_text("{}")
    result = run("sandbox", "--clients", "5", "--state", str(state))
    assert result.exit_code == 2
    assert "holds an account already" in result.stderr


def test_nobody_at_an_address_is_told_in_one_sentence():
    result = run("sandbox-token", "--base-url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "No sandbox answers at http://127.0.0.1:9" in result.stderr
