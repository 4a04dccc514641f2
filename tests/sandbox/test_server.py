"""The sandbox behind a real socket: HTTP as it is spoken, and broken connections."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import PortTaken, Server
from kommo_sync.sandbox.traffic.faults import parse_faults

HOST = "127.0.0.1"


class Gate(ManualClock):
    """A clock whose sleepers wait until somebody opens."""

    def __init__(self) -> None:
        super().__init__()
        self.somebody_sleeps = threading.Event()
        self.opened = threading.Event()

    def sleep(self, _seconds: float) -> None:
        self.somebody_sleeps.set()
        self.opened.wait(60)


@pytest.fixture
def gate() -> Iterator[Gate]:
    clock = Gate()
    yield clock
    clock.opened.set()


@pytest.fixture
def server(gate: Gate) -> Iterator[Server]:
    server = Server(Sandbox.empty(clock=gate), HOST, 0)
    server.start()
    yield server
    gate.opened.set()
    server.stop()


@pytest.fixture
def line(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = connect(server)
    yield connection
    connection.close()


def connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HOST, server.port, timeout=60)


def ask(
    line: http.client.HTTPConnection,
    server: Server,
    method: str,
    path: str,
    body: Any = None,
    **headers: str,
) -> http.client.HTTPResponse:
    """Send a request; headers are written with underscores."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    token = {"Authorization": f"Bearer {server.sandbox.token}"}
    chunked = isinstance(body, list)
    line.request(method, path, body, {**token, **given}, encode_chunked=chunked)
    return line.getresponse()


def get(
    line: http.client.HTTPConnection, server: Server, path: str, **headers: str
) -> Any:
    answer = ask(line, server, "GET", path, **headers)
    text = answer.read()
    assert answer.status == 200, text
    return json.loads(text)


def break_with(server: Server, rules: str) -> None:
    server.sandbox.engine.break_with(parse_faults(rules))


def leads(server: Server) -> int:
    return len(server.sandbox.state.data.leads)


def test_a_chunked_body_is_read_whole(line, server: Server):
    chunks = [b'[{"name":', b'"in ', b'pieces"}', b"]"]
    answer = ask(
        line, server, "POST", "/api/v4/leads", chunks, Transfer_Encoding="chunked"
    )
    made = json.loads(answer.read())["_embedded"]["leads"][0]["id"]
    assert get(line, server, f"/api/v4/leads/{made}")["name"] == "in pieces"


def test_a_body_on_delete_is_read(line, server: Server):
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    ask(line, server, "POST", "/api/v4/webhooks", json.dumps(hook)).read()
    answer = ask(line, server, "DELETE", "/api/v4/webhooks", json.dumps(hook))
    assert (answer.status, answer.read()) == (204, b"")
    assert server.sandbox.state.data.webhooks == {}


def test_a_chunked_body_on_delete_is_read_too(line, server: Server):
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    ask(line, server, "POST", "/api/v4/webhooks", json.dumps(hook)).read()
    chunks = [json.dumps(hook).encode()]
    path = "/api/v4/webhooks"
    answer = ask(line, server, "DELETE", path, chunks, Transfer_Encoding="chunked")
    assert (answer.status, answer.read()) == (204, b"")


def test_a_big_body_is_read_whole(line, server: Server):
    items = [{"name": f"{n} {'x' * 20_000}"} for n in range(250)]
    answer = ask(line, server, "POST", "/api/v4/leads", json.dumps(items))
    assert answer.status == 200
    answer.read()
    assert leads(server) == 250


def test_a_doubled_slash_before_the_api_is_folded(line, server: Server):
    assert get(line, server, "//api/v4/account")["id"] == 31_000_001


def test_links_stand_on_the_host_and_scheme_that_the_client_sees(line, server: Server):
    path = "/api/v4/account"
    link = get(line, server, path)["_links"]["self"]["href"]
    assert link == f"http://{HOST}:{server.port}{path}"
    seen = {"Host": "acme.kommo.com", "X_Forwarded_Proto": "https"}
    link = get(line, server, path, **seen)["_links"]["self"]["href"]
    assert link == f"https://acme.kommo.com{path}"


def test_types_and_empty_bodies_are_the_same_over_the_wire(line, server: Server):
    answer = ask(line, server, "GET", "/api/v4/account")
    assert answer.headers["Content-Type"] == "application/hal+json"
    answer.read()
    answer = ask(line, server, "GET", "/api/v4/nowhere")
    assert answer.headers["Content-Type"] == "application/problem+json"
    answer.read()
    answer = ask(line, server, "DELETE", "/api/v4/leads")
    assert (answer.status, answer.read()) == (405, b"")
    answer = ask(line, server, "GET", "/api/v4/leads")
    assert (answer.status, answer.read()) == (204, b"")
    assert answer.headers["Content-Type"] is None


def test_a_connection_is_kept_for_the_next_request(line, server: Server):
    get(line, server, "/api/v4/account")
    first = line.sock
    for path in ("/api/v4/leads", "/api/v4/nowhere", "/api/v4/leads/1"):
        ask(line, server, "GET", path).read()
    get(line, server, "/api/v4/account")
    assert line.sock is first is not None


def test_a_connection_that_the_client_wants_closed_is_closed(line, server: Server):
    answer = ask(line, server, "GET", "/api/v4/account", Connection="close")
    answer.read()
    assert line.sock is None


@pytest.mark.parametrize(("kind", "executed"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_ends_without_an_answer(line, server, kind, executed):
    break_with(server, f"{kind}:n=1")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(line, server, "POST", "/api/v4/leads", "[{}]")
    assert leads(server) == executed


def test_a_cut_answer_promises_more_than_it_brings(line, server: Server):
    break_with(server, "cut:n=1")
    answer = ask(line, server, "POST", "/api/v4/leads", "[{}]")
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert len(caught.value.partial) == 10
    assert caught.value.expected == int(answer.headers["Content-Length"]) - 10
    assert leads(server) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "cut", "zombie"])
def test_after_a_broken_connection_the_next_one_is_served(server: Server, kind: str):
    break_with(server, f"{kind}:n=1")
    broken, next_one = connect(server), connect(server)
    with pytest.raises((http.client.HTTPException, ConnectionResetError)):
        ask(broken, server, "GET", "/api/v4/account").read()
    assert get(next_one, server, "/api/v4/account")["id"] == 31_000_001
    broken.close()
    next_one.close()


def test_a_zombie_hangs_up_and_is_executed_later(line, server: Server, gate: Gate):
    break_with(server, "zombie:seconds=5,n=1")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(line, server, "POST", "/api/v4/leads", '[{"name":"late"}]')
    assert leads(server) == 0
    gate.advance(5)
    line.close()
    while ask(line, server, "GET", "/api/v4/leads").read() == b"":
        pass
    [lead] = server.sandbox.state.data.leads.values()
    assert lead.name == "late"


def test_while_a_slow_answer_holds_one_request_others_are_answered(server, gate: Gate):
    break_with(server, "slow:path=/account,n=1")
    held, free = connect(server), [connect(server), connect(server)]
    with ThreadPoolExecutor(3) as threads:
        slow = threads.submit(get, held, server, "/api/v4/account")
        assert gate.somebody_sleeps.wait(60)
        paths = ("/api/v4/account", "/api/v4/leads/pipelines")
        answers = list(threads.map(get, free, [server] * 2, paths))
        assert not slow.done()
        gate.opened.set()
        assert slow.result()["id"] == answers[0]["id"]
    for line in (held, *free):
        line.close()


def test_writes_of_many_threads_are_all_kept(server: Server):
    def write(name: int) -> int:
        line = connect(server)
        answer = ask(
            line, server, "POST", "/api/v4/leads", json.dumps([{"name": str(name)}])
        )
        answer.read()
        line.close()
        return answer.status

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(write, range(40))) == {200}
    data = server.sandbox.state.data
    assert sorted(int(lead.name) for lead in data.leads.values()) == list(range(40))
    assert [row.seq for row in data.requests] == list(range(1, 41))


def test_a_busy_port_is_refused_in_one_sentence(server: Server):
    with pytest.raises(PortTaken) as caught:
        Server(Sandbox.empty(), HOST, server.port)
    sentence = str(caught.value)
    assert sentence.startswith(f"Port {server.port} on {HOST} cannot be used (")
    assert sentence.endswith("choose another --port, or stop what listens there.")


@pytest.mark.parametrize(("host", "port"), [(HOST, 70_000), ("256.0.0.1", 0)])
def test_an_address_that_does_not_exist_is_refused_alike(host: str, port: int):
    with pytest.raises(PortTaken, match=f"Port {port} on {host} cannot be used"):
        Server(Sandbox.empty(), host, port)


def test_a_stopped_server_frees_its_port(gate: Gate):
    server = Server(Sandbox.empty(clock=gate), HOST, 0)
    server.start()
    line = connect(server)
    get(line, server, "/api/v4/account")
    line.close()
    server.stop()
    with socket.create_server((HOST, server.port)) as listener:
        assert listener.getsockname()[1] == server.port


def test_a_request_under_way_is_answered_before_the_server_stops(server, gate: Gate):
    break_with(server, "slow:n=1")
    line = connect(server)
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(get, line, server, "/api/v4/account")
        assert gate.somebody_sleeps.wait(60)
        stopping = threads.submit(server.stop)
        gate.opened.set()
        assert slow.result()["id"] == 31_000_001
        stopping.result()
    line.close()
