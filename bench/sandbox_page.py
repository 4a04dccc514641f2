"""What a page of leads costs, in encodings of the same JSON by the standard library."""

import io
import json
import sys
import time
from statistics import median
from typing import Any

from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from kommo_sync.sandbox.app import Sandbox

NAME = "sandbox-page"
GOAL = Goal(Bound.AT_MOST, 2)
CLIENTS = 600
PAGES = 8
ROUNDS = 15
WARM_UP = 2
LEADS = 250


def _get(sandbox: Sandbox, query: str) -> bytes:
    """Return the body of a 200 on /api/v4/leads, asked in process."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/v4/leads",
        "QUERY_STRING": query,
        "SERVER_NAME": "demo.kommo.com",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "demo.kommo.com",
        "HTTP_AUTHORIZATION": f"Bearer {sandbox.token}",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    statuses: list[str] = []

    def start(status: str, _headers: Any, _error: Any = None) -> None:
        statuses.append(status)

    body = b"".join(sandbox.wsgi(environ, start))
    if statuses != ["200 OK"]:
        raise NotMeasured(f"{NAME}: /leads?{query} answered {statuses}.")
    return body


def _check(page: Any) -> None:
    """Refuse a page that is lighter than the goal speaks of."""
    leads = page["_embedded"]["leads"]
    full = [
        lead
        for lead in leads
        if lead["custom_fields_values"] and lead["_embedded"]["contacts"]
    ]
    if len(leads) != LEADS or len(full) < LEADS * 0.9:
        raise NotMeasured(
            f"{NAME}: {len(full)} of {len(leads)} leads have fields and contacts, "
            f"at least nine tenths of {LEADS} are needed."
        )


def measure() -> list[Figure]:
    """Return the ratio of the medians, page and encoding timed in turn.

    Raises:
        NotMeasured: a page is not what the goal speaks of.
    """
    sandbox = Sandbox.generated(clients=CLIENTS)
    page_seconds: list[float] = []
    encoding_seconds: list[float] = []
    for turn in range(WARM_UP + ROUNDS):
        for number in range(1, PAGES + 1):
            began = time.perf_counter()
            body = _get(sandbox, f"limit={LEADS}&with=contacts&page={number}")
            answered = time.perf_counter()
            page = json.loads(body)
            decoded = time.perf_counter()
            json.dumps(page)
            encoded = time.perf_counter()
            _check(page)
            if turn >= WARM_UP:
                page_seconds.append(answered - began)
                encoding_seconds.append(encoded - decoded)
    ratio = median(page_seconds) / median(encoding_seconds)
    return [Figure(NAME, ratio, "x json.dumps", GOAL)]


BENCHMARK = Benchmark((NAME,), measure)
