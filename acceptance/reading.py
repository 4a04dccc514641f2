"""An account read back through the API alone, page by page along the next links."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from acceptance.logs import Classes

WON, LOST = 142, 143
REFUND = "Refund"


class Unreadable(RuntimeError):
    """The account does not answer as the API promises."""


@dataclass(frozen=True)
class Reader:
    """Asks one account, by way of no proxy."""

    base_url: str
    token: str

    def get(self, url: str) -> Any:
        """Return the decoded body, fractions exact; None for a 204."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body, parse_float=Decimal) if body else None

    def resource(self, path: str) -> Any:
        """Return the body of a path below /api/v4."""
        return self.get(f"{self.base_url}/api/v4/{path}")

    def walk(self, name: str, query: str) -> Iterator[Any]:
        """Return all rows of a list.

        Raises:
            Unreadable: a next link leads away from the address that was asked.
        """
        start = f"{self.base_url}/api/v4/{name}?"
        url: str | None = start + query
        while url is not None:
            if not url.startswith(start):
                raise Unreadable(f"The next link {url} does not begin with {start}.")
            body = self.get(url)
            if body is None:
                return
            yield from body["_embedded"][name]
            url = body["_links"].get("next", {}).get("href")


def read_account(reader: Reader) -> Classes:
    """Return every lead of the account, by class.

    Raises:
        Unreadable: a lead without exactly one contact, no stage for refunds, or an
            answer that should not be.
    """
    refund = _refund_stage(reader)
    zone = _zone(reader)
    classes = Classes()
    for lead in reader.walk("leads", "limit=250&with=contacts&order[id]=asc"):
        name, cents = _class_of(lead, refund), _cents(lead)
        classes.add(name, cents)
        classes.clients.add(_client(lead))
        if lead["status_id"] == WON:
            closed = datetime.fromtimestamp(lead["closed_at"], zone)
            classes.days[closed.date().isoformat()] += cents
    return classes


def _class_of(lead: Any, refund: tuple[int, int]) -> str:
    if lead["status_id"] == WON:
        return "won" if lead["price_with_minor_units"] else "zero"
    if lead["status_id"] == LOST:
        return "cancelled"
    place = (lead["pipeline_id"], lead["status_id"])
    return "refund" if place == refund else "other"


def _cents(lead: Any) -> int:
    cents = Decimal(lead["price_with_minor_units"]) * 100
    if cents != int(cents):
        raise Unreadable(f"The price of lead {lead['id']} has parts of a cent.")
    return int(cents)


def _client(lead: Any) -> str:
    contacts = [contact["id"] for contact in lead["_embedded"]["contacts"]]
    if len(contacts) != 1:
        raise Unreadable(f"Lead {lead['id']} has {len(contacts)} contacts, not one.")
    return str(contacts[0])


def _refund_stage(reader: Reader) -> tuple[int, int]:
    pipelines = reader.resource("leads/pipelines")["_embedded"]["pipelines"]
    places = [
        (pipeline["id"], status["id"])
        for pipeline in pipelines
        for status in pipeline["_embedded"]["statuses"]
        if status["name"] == REFUND and not pipeline["is_main"]
    ]
    if len(places) != 1:
        raise Unreadable(f"{len(places)} stages are called {REFUND}, not one.")
    return places[0]


def _zone(reader: Reader) -> ZoneInfo:
    account = reader.resource("account?with=datetime_settings")
    return ZoneInfo(account["_embedded"]["datetime_settings"]["timezone"])
