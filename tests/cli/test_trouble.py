"""Trouble around the program: one clear sentence, and the next run completes."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import Result

from kommo_sync.config import Config
from kommo_sync.errors import StoreUnusable
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.control.acting import ACTIONS
from kommo_sync.sandbox.server import Server
from kommo_sync.store import checking, engines
from kommo_sync.store.store import Store
from tests.cli.place import Place
from tests.sync.world import differences

NOBODY = 65534
PROGRAM = Path(sys.executable).with_name("kommo-sync")


@pytest.fixture
def connected(tmp_path) -> Place:
    made = Place.made(tmp_path, clients=20)
    made.sandbox.state.choices.incoming_leads_are_listed = True
    return made.init().connect()


def wrong(place: Place) -> list[str]:
    """Return what the database holds otherwise than the CRM."""
    config = Config.load(place.config, place.environ)
    with Store.open(config.database_url(), key=config.key()) as store:
        return differences(place.sandbox, store)


def sentence(result: Result, code: int) -> str:
    assert result.exit_code == code, (result.output, result.exception)
    [line] = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("pages", [1, 50, 60])
def test_a_disk_that_fills_up_is_told_and_the_next_sync_goes_on(
    connected, pages, monkeypatch
):
    small = (*engines._PRAGMAS, f"max_page_count={pages}")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "_PRAGMAS", small)
        told = sentence(connected.run("sync", "--quiet"), 1)
    assert "The disk is full (" in told
    assert told.endswith("free space and start again; what was kept is whole.")
    connected.done("sync")
    assert wrong(connected) == []


def test_what_is_kept_is_shown_on_a_full_disk(connected, monkeypatch):
    connected.done("sync")

    def full(_database: object) -> None:
        raise StoreUnusable("The disk is full.")

    monkeypatch.setattr(checking, "checkpoint", full)
    [status] = connected.json("status")
    assert status["won"]["count"] > 0


@contextmanager
def served(place: Place) -> Iterator[Server]:
    server = Server(place.sandbox, "127.0.0.1", 0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def on_the_network(tmp_path) -> Iterator[Place]:
    """A place whose commands can be run as processes of their own."""
    place = Place.made(tmp_path, clients=5)
    place.clock = ManualClock(place.clock.now())
    place.sandbox.state.choices.incoming_leads_are_listed = True
    with served(place) as server:
        host = server.base_url.partition("://")[2]
        place.environ["KOMMO_SYNC__KOMMO__SANDBOX_HOSTS"] = host
        place.environ["KOMMO_SYNC_TOKEN"] = place.sandbox.token
        place.init().done("connect", "--base-url", server.base_url)
        yield place


def start(place: Place, *args: str, biggest_file: int = -1) -> subprocess.Popen[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (biggest_file, biggest_file))

    return subprocess.Popen(
        [str(PROGRAM), "--config", str(place.config), *args],
        env={**os.environ, **place.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )


def test_a_disk_that_writes_no_more_is_told_and_the_next_sync_goes_on(on_the_network):
    with start(on_the_network, "sync", "--quiet", biggest_file=200_000) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    [line] = err.splitlines()
    assert "check it, then start again" in line or "free space and start again" in line
    on_the_network.done("sync")
    assert wrong(on_the_network) == []


def test_of_two_copies_one_works_and_the_other_says_why_it_does_not(on_the_network):
    copies = [start(on_the_network, "sync", "--quiet") for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in copies]
    assert sorted(code for _err, code in ends) == [0, 75]
    [told] = [err for err, code in ends if code == 75]
    assert "is being done by " in told
    assert told.endswith(": wait until it ends, or stop it.\n")
    assert wrong(on_the_network) == []


@pytest.fixture
def of_another_user() -> Iterator[Place]:
    """A place that this user may read, but for once not write."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        place = Place.made(folder, clients=5).init().connect()
        if os.geteuid() == 0:
            for path in folder.iterdir():
                os.chown(path, NOBODY, NOBODY)
        yield place
        folder.chmod(0o777)


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Act without root's right to write everywhere, if we have it."""
    was = os.geteuid()
    os.seteuid(NOBODY if was == 0 else was)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        *((command, "folder") for command in ("sync", "connect", "status", "doctor")),
        *((command, "file") for command in ("sync", "connect", "doctor")),
    ],
)
def test_a_database_that_cannot_be_written_is_told(of_another_user, command, what):
    place = of_another_user
    path = place.folder / "kommo-sync.sqlite3" if what == "file" else place.folder
    path.chmod(0o555)
    args = ["--base-url", "https://demo.kommo.com"] if command == "connect" else []
    with an_ordinary_user():
        result = place.run(command, *args)
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit)
    assert "kommo-sync.sqlite3" in result.output
    assert "write" in result.output


def test_what_is_kept_is_shown_of_a_file_that_cannot_be_written(of_another_user):
    place = of_another_user
    place.done("sync")
    (place.folder / "kommo-sync.sqlite3").chmod(0o444)
    with an_ordinary_user():
        [status] = place.json("status")
    assert status["won"]["count"] > 0


@pytest.mark.parametrize("hours", [-26, 26])
def test_a_clock_that_goes_wrong_misses_no_change(connected, hours):
    connected.done("sync")
    right = connected.clock
    right.advance(3_600)
    lead = max(connected.sandbox.state.data.leads)
    edit = {"entity": "leads", "id": lead, "set": {"price": 12.34}}
    ACTIONS["edit"](connected.sandbox.engine, edit)
    connected.clock = ManualClock(right.now() + hours * 3_600)
    connected.done("sync")
    assert wrong(connected) == []


@pytest.mark.parametrize("hours", [1, 26])
def test_a_clock_that_was_set_right_does_not_keep_the_sync_waiting(connected, hours):
    right = connected.clock
    connected.clock = ManualClock(right.now() + hours * 3_600)
    connected.done("sync")
    connected.clock = right
    before = right.now()
    connected.done("sync")
    assert right.now() - before < 120
