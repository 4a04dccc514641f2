"""A walk around a running account, as a client that knows nothing but its address."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

PAGES = ("/", "/clients", "/tasks", "/history")


class BrokenSandbox(RuntimeError):
    """The sandbox answered otherwise than its own rules say."""


@dataclass(frozen=True)
class Sight:
    """What the walk has seen. Sums are in the account's major unit."""

    account: str
    currency: str
    pipelines: int
    contacts: int
    companies: int
    leads: int
    won: int
    won_sum: float
    lost: int
    open_tasks: int
    events: int
    pages: int


def look_around(base_url: str, token: str) -> Sight:
    """Read the whole account through the API and open each page once.

    Raises:
        BrokenSandbox: an answer that should not be; the sentence names it.
    """
    client = httpx.Client(
        base_url=base_url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60.0,
        trust_env=False,
    )
    with client:
        account = _get(client, "/api/v4/account")
        leads = list(_walk(client, "leads"))
        statuses = Counter(lead["status_id"] for lead in leads)
        won = [lead for lead in leads if lead["status_id"] == 142]
        return Sight(
            account=account["name"],
            currency=account["currency"],
            pipelines=_count(_get(client, "/api/v4/leads/pipelines")),
            contacts=sum(1 for _ in _walk(client, "contacts")),
            companies=sum(1 for _ in _walk(client, "companies")),
            leads=len(leads),
            won=len(won),
            won_sum=round(sum(lead["price_with_minor_units"] for lead in won), 2),
            lost=statuses[143],
            open_tasks=sum(1 for _ in _walk(client, "tasks", "filter[is_completed]=0")),
            events=sum(1 for _ in _walk(client, "events")),
            pages=sum(_opens(client, page) for page in PAGES),
        )


def _get(client: httpx.Client, url: str) -> Any:
    answer = client.get(url)
    if answer.status_code == 204:
        return None
    if answer.status_code != 200:
        raise BrokenSandbox(f"GET {url} answered {answer.status_code}.")
    return answer.json()


def _count(body: Any) -> int:
    return int(body["_total_items"])


def _walk(client: httpx.Client, name: str, query: str = "") -> Iterator[Any]:
    joined = f"limit=250&order[id]=asc{'&' if query else ''}{query}"
    url: str | None = f"/api/v4/{name}?{joined}"
    while url is not None:
        body = _get(client, url)
        if body is None:
            return
        yield from body["_embedded"][name]
        following = body["_links"].get("next")
        url = following["href"] if following else None


def _opens(client: httpx.Client, page: str) -> int:
    answer = client.get(page)
    if answer.status_code != 200 or "</html>" not in answer.text:
        raise BrokenSandbox(f"The page {page} answered {answer.status_code}.")
    return 1
