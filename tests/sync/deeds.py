"""What tests do to a sandbox, what they see of its requests, and how it fails them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from kommo_sync.sandbox.account.records import Contact
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.control.acting import ACTIONS
from kommo_sync.store.store import Store
from tests.sync.world import ORIGIN

Inner = Callable[[httpx.Request], httpx.Response]
Answering = Callable[[httpx.Request, Inner], httpx.Response]


@dataclass
class Once:
    """What happens the first time only."""

    deed: Callable[[], object]
    happened: bool = False

    def __call__(self) -> None:
        if not self.happened:
            self.happened = True
            self.deed()


def do(sandbox: Sandbox, name: str, **what: Any) -> None:
    """Let somebody act in Kommo's own interface."""
    ACTIONS[name](sandbox.engine, what)


def call(sandbox: Sandbox, method: str, path: str, body: Any) -> None:
    """Let another program write by the API."""
    with httpx.Client(
        transport=sandbox.transport(),
        base_url=ORIGIN,
        headers={"Authorization": f"Bearer {sandbox.token}"},
    ) as client:
        client.request(method, f"/api/v4/{path}", json=body).raise_for_status()


def strangers(sandbox: Sandbox, count: int) -> list[int]:
    """Put contacts into the CRM with whom nothing is linked; return their ids."""
    state = sandbox.state
    made = [
        Contact(
            id=state.next_id("contacts"),
            name="Ann Lee",
            created_at=state.now(),
            updated_at=state.now(),
        )
        for _ in range(count)
    ]
    state.cards("contacts").update({one.id: one for one in made})
    state.touch("contacts")
    return [one.id for one in made]


def merge_unnamed(sandbox: Sandbox, kind: str, winner: int, loser: int) -> None:
    """Merge two cards, and let the event name only the winner."""
    do(sandbox, "merge", entity=kind, id=winner, loser_id=loser)
    for event in sandbox.state.data.events:
        if event.type == "entity_merged":
            event.before = event.after = ()
    sandbox.state.touch("events")


def hide_events(sandbox: Sandbox, kind: str) -> None:
    """Let those of a type be of another, that nobody asks for."""
    for event in sandbox.state.data.events:
        if event.type == kind:
            event.type = "robot_replied"
    sandbox.state.touch("events")


def some(sandbox: Sandbox, kind: str, count: int = 1) -> list[int]:
    return sorted(sandbox.state.cards(kind))[3 : 3 + count]


def asked_for(sandbox: Sandbox, path: str, after: int = 0) -> list[dict[str, str]]:
    return [
        dict(httpx.QueryParams(request.query))
        for request in sandbox.state.data.requests
        if request.path == f"/api/v4/{path}" and request.seq > after
    ]


def last_request(sandbox: Sandbox) -> int:
    return sandbox.state.data.requests[-1].seq


def is_page(request: httpx.Request, part: str, page: int | None = None) -> bool:
    """Whether it asks for a page of a part, not for records by id."""
    asked = request.url.params.get("page")
    named = request.url.path == f"/api/v4/{part}" and asked is not None
    return named and page in (None, int(asked))


def answering(sandbox: Sandbox, answer: Answering) -> httpx.MockTransport:
    """Return a transport that answers in the sandbox's place, or asks it, in time."""
    inner = sandbox.transport()

    def slowly(request: httpx.Request) -> httpx.Response:
        sandbox.state.clock.sleep(0.2)
        return answer(request, inner.handle_request)

    return httpx.MockTransport(slowly)


def refusal(status: int) -> httpx.Response:
    """Return an answer as of a gateway that the CRM stands behind."""
    return httpx.Response(status, text="<html>")


def promising(answer: httpx.Response, request: httpx.Request) -> httpx.Response:
    """Return a full page's answer with a next link, whether there is a next or not."""
    if answer.status_code != 200:
        return answer
    body = json.loads(answer.read())
    [rows] = [rows for rows in body["_embedded"].values() if isinstance(rows, list)]
    if len(rows) == int(request.url.params["limit"]):
        page = int(request.url.params["page"]) + 1
        href = str(request.url.copy_set_param("page", page))
        body["_links"]["next"] = {"href": href}
    return httpx.Response(200, json=body, headers={"Date": answer.headers["Date"]})


def kept_merges(store: Store) -> list[tuple[int, int]]:
    """Return (loser, winner) of all that are kept."""
    with store.database.reader.connect() as connection:
        found = connection.exec_driver_sql("SELECT loser, winner FROM merges")
        return [(row[0], row[1]) for row in found]
