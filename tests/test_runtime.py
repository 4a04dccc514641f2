"""Who a process is, and whether it lives; what is wired to what."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kommo_sync.config import Config
from kommo_sync.config.settings import Kommo
from kommo_sync.errors import OlderSchema, Unauthorized, WrongAddress
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import (
    GivenToken,
    Runtime,
    SystemClock,
    is_dead,
    new_key,
    own_name,
)
from kommo_sync.store.store import Store
from tests.sync.world import new_store

HOST = socket.gethostname()


@contextmanager
def other() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a process, and tell its name."""
    said = "from kommo_sync.runtime import own_name; print(own_name(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{said}; input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_process_is_named_by_machine_number_and_beginning():
    machine, number, began = own_name().rsplit(":", 2)
    assert (machine, number) == (HOST, str(os.getpid()))
    assert began.isdecimal()
    assert own_name() == own_name()


def test_this_process_lives():
    assert not is_dead(own_name())


def test_another_process_lives_until_it_has_ended():
    with other() as (process, name):
        assert not is_dead(name)
        process.kill()
        process.wait()
        assert is_dead(name)


def state_of(process: int) -> str:
    with open(f"/proc/{process}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test_a_process_that_has_ended_and_was_not_looked_at_is_dead():
    with other() as (process, name):
        process.kill()
        while state_of(process.pid) != "Z":
            time.sleep(0.01)
        assert is_dead(name)


def test_a_stopped_process_lives():
    with other() as (process, name):
        process.send_signal(19)
        while state_of(process.pid) != "T":
            time.sleep(0.01)
        assert not is_dead(name)


def test_another_process_with_the_same_number_is_not_the_one_that_was_meant():
    machine, number, began = own_name().rsplit(":", 2)
    assert is_dead(f"{machine}:{number}:{int(began) - 1}")


@pytest.mark.parametrize(
    "name",
    [
        "elsewhere:1:1",
        f"{HOST}x:1:1",
        "",
        ":",
        "::",
        "1:1",
        f"{HOST}:one:1",
        f"{HOST}:-1:1",
        f"elsewhere:{2**31 - 1}:5",
    ],
)
def test_of_a_process_that_cannot_be_looked_for_nothing_is_known(name):
    assert not is_dead(name)


@pytest.mark.parametrize("number", [2**22 + 1, 2**31 - 1, 0])
def test_a_number_that_no_process_has_is_dead(number):
    assert is_dead(f"{HOST}:{number}:1")


def test_a_key_is_32_bytes_and_never_the_same():
    assert len(new_key()) == len(new_key()) == 32
    assert new_key() != new_key()


def test_the_machines_clock_waits_no_negative_time():
    clock = SystemClock()
    clock.sleep(-5)
    assert abs(clock.now() - time.time()) < 60


def test_a_token_under_trial_is_neither_shown_nor_renewed():
    token = GivenToken("canary")
    assert token.load() == "canary"
    assert "canary" not in f"{token!r} {token}"
    with pytest.raises(Unauthorized, match="cannot be renewed"):
        token.save("new", None, None)


def wired(store: Store, config: Config) -> Runtime:
    return Runtime(config, store, SystemClock(), random.Random(1))


def test_only_kommos_hosts_and_the_sandboxes_of_the_settings_are_visited(tmp_path):
    with new_store(tmp_path) as store:
        rt = wired(store, Config())
        rt.visitor("https://acme.kommo.com", "t").close()
        with pytest.raises(WrongAddress):
            rt.visitor("http://127.0.0.1:8380", "t")
        allowed = wired(store, Config(kommo=Kommo(sandbox_hosts=("127.0.0.1:8380",))))
        allowed.visitor("http://127.0.0.1:8380", "t").close()


def test_an_account_that_is_not_connected_has_no_client(tmp_path):
    with new_store(tmp_path) as store, pytest.raises(Exception, match="5") as caught:
        wired(store, Config()).client(AccountId(5))
    assert "connect" in str(caught.value)
    assert not isinstance(caught.value, Unauthorized)


def test_a_database_that_waits_for_migration_is_not_opened(tmp_path):
    (tmp_path / "kommo-sync.sqlite3").touch()
    with pytest.raises(OlderSchema, match="kommo-sync"):
        Runtime.open(Config(folder=tmp_path))
