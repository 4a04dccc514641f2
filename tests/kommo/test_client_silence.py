"""Over a real socket: nothing secret is logged, nothing outside steers requests."""

import logging
import random
import socket
from typing import Any

import pytest

from kommo_sync.errors import CrmUnavailable, WrongAddress
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.kommo.protocol import Request
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import Server
from kommo_sync.sandbox.traffic.faults import parse_faults
from tests.kommo.kit import NOW, TOKEN, URGENT, Keeper, Slots

SECRET = Request("GET", "/api/v4/contacts", (("query", "canary-phone"),))


def client_of(base_url: str, token: str = TOKEN, **more: Any) -> KommoClient:
    return KommoClient(
        base_url,
        Keeper(token),
        Slots(),
        ManualClock(NOW),
        random.Random(1),
        allowed=AllowedHosts((base_url.partition("://")[2],)),
        **more,
    )


@pytest.fixture
def server():
    server = Server(Sandbox.empty(), "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server):
    client = client_of(server.base_url, server.sandbox.token)
    yield client
    client.close()


def test_no_log_line_holds_a_query_or_a_token(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    client.get(SECRET, URGENT)
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert "/api/v4/contacts" in written
    assert "canary" not in written
    assert server.sandbox.token not in written
    assert "canary" not in repr([vars(record) for record in caplog.records])


def test_no_error_of_the_network_holds_a_query_or_a_token(server, caplog):
    server.sandbox.engine.break_with(parse_faults("cut"))
    client = client_of(server.base_url, attempts=1)
    with pytest.raises(CrmUnavailable) as failure:
        client.get(SECRET, URGENT)
    client.close()
    assert "canary" not in repr((failure.value, failure.value.__cause__))


@pytest.mark.parametrize("fault", ["cut", "drop_before", "drop_after"])
def test_an_answer_cut_on_the_wire_is_asked_for_again(server, client, fault):
    server.sandbox.engine.break_with(parse_faults(f"{fault}:n=1"))
    assert client.page(Part.ACCOUNT, 1, priority=URGENT).rows
    assert client.requests == 2


def test_proxies_and_netrc_of_the_surroundings_are_not_heeded(
    client, monkeypatch, tmp_path
):
    (tmp_path / "netrc").write_text("default login me password canary")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    fresh = client_of(client.origin, client._tokens.load(), attempts=1)
    assert fresh.page(Part.ACCOUNT, 1, priority=URGENT).rows
    fresh.close()


def test_a_port_where_nobody_answers_is_unavailable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = client_of(f"http://127.0.0.1:{taken.getsockname()[1]}", attempts=2)
        with pytest.raises(CrmUnavailable, match="ConnectError"):
            client.get(SECRET, URGENT)
        client.close()


def test_an_address_that_is_not_allowed_makes_no_client():
    with pytest.raises(WrongAddress):
        KommoClient(
            "https://evil.com",
            Keeper(),
            Slots(),
            ManualClock(NOW),
            random.Random(1),
            allowed=AllowedHosts(),
        )
