"""The WSGI front: witnesses every request, keeps the pace, and lets faults happen."""

import io
import threading
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

import msgspec

from kommo_sync.sandbox.account.history import Request
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.engine import Engine
from kommo_sync.sandbox.traffic.faults import Rule
from kommo_sync.sandbox.traffic.limiter import Limiter, Verdict
from kommo_sync.sandbox.wire.problems import Problem

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]

WITNESSED = ("/api/", "/oauth2/", "/v3/")
KEPT_BODY = 65_536
CUT_AFTER = 10
# Seen in production: a passing fault that calls itself a bad request.
SYSTEM_ERROR = "Возникла системная ошибка. Пожалуйста, повторите попытку."
PAGES = {
    "error_before": "500 Internal Server Error",
    "blocked": "403 Forbidden",
}
REFUSALS = {
    "system_error": (400, SYSTEM_ERROR),
    "throttle": (429, "Too many requests"),
    "unpaid": (402, "The account's subscription has ended"),
    "revoked": (401, "Invalid user name or password"),
}
HTML = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"


class HangUp(ConnectionError):
    """In process: the connection was cut before the answer was complete."""


class Answer(msgspec.Struct):
    """A whole answer, held back until it is known what becomes of it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def html(status: str) -> Answer:
    """Return an answer as a proxy or a block page gives it, its status for a title."""
    head = f"<head><title>{status}</title></head>"
    body = f"<html>{head}<body><h1>{status}</h1></body></html>"
    return Answer(status, [("Content-Type", HTML)], body.encode())


def problem(status: int, detail: str, **more: Any) -> Answer:
    """Return an answer of type application/problem+json."""
    error = Problem(status, detail, **more)
    title = error.body()["title"]
    body = msgspec.json.encode(error.body())
    return Answer(f"{status} {title}", [("Content-Type", PROBLEM)], body)


class Front:
    """Stands between the network and the application.

    Args:
        app: the Flask application.
    """

    def __init__(self, engine: Engine, app: WsgiApp, limiter: Limiter) -> None:
        self.engine = engine
        self.state = engine.state
        self.limiter = limiter
        self._app = app
        self._zombies: list[tuple[float, Environ]] = []
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        environ["PATH_INFO"] = "/" + environ.get("PATH_INFO", "").lstrip("/")
        if not environ["PATH_INFO"].startswith(WITNESSED):
            return self._app(environ, start_response)
        row, rule = self._open(environ)
        answer = self._answer(environ, row, rule)
        if answer is None:
            return self._hang_up(environ, start_response)
        row.status = int(answer.status.split(" ", 1)[0])
        row.bytes_out = len(answer.body)
        return self._send(environ, start_response, answer, rule)

    def _open(self, environ: Environ) -> tuple[Request, Rule | None]:
        """Witness the arrival and let the faults choose.

        Not under the account's lock: a long answer must not make others arrive late.
        """
        requests = self.state.data.requests
        with self._lock:
            row = Request(
                seq=len(requests) + 1,
                at=self.state.clock.now(),
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                query=environ.get("QUERY_STRING", ""),
            )
            requests.append(row)
            rule = self.engine.plan.strike(row.method, row.path)
        row.fault = rule.kind if rule else None
        environ["sandbox.request"] = row
        return row, rule

    def _answer(
        self, environ: Environ, row: Request, rule: Rule | None
    ) -> Answer | None:
        """Return the answer; None where the connection is cut without one."""
        kind = rule.kind if rule else ""
        if rule and kind == "zombie":
            self._bury(environ, rule.seconds)
            return None
        if kind == "drop_before":
            return None
        early = _early(kind) or self._paced(environ, row)
        if self.engine.plan.latency:
            self.state.clock.sleep(self.engine.plan.latency)
        if early is not None:
            return early
        if rule and kind == "slow":
            self.state.clock.sleep(rule.seconds)
        answer = self._run(environ)
        if kind == "bad_gateway_after":
            return html("502 Bad Gateway")
        if kind == "timeout_after":
            return html("504 Gateway Time-out")
        return None if kind == "drop_after" else answer

    def _paced(self, environ: Environ, row: Request) -> Answer | None:
        if not row.path.startswith("/api/"):
            return None
        with self._lock:
            verdict = self.limiter.judge(self._key(environ), row.at)
        if verdict is Verdict.BLOCKED:
            return html("403 Forbidden")
        return throttled(self.state) if verdict is Verdict.THROTTLED else None

    def _key(self, environ: Environ) -> str:
        choice = self.state.choices.rate_key
        if choice == "ip":
            return str(environ.get("REMOTE_ADDR", ""))
        if choice == "integration":
            token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2]
            grant = self.state.data.grants.get(token)
            return grant.client_id if grant else ""
        return "account"

    def _run(self, environ: Environ) -> Answer:
        caught: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> Any:
            caught["status"], caught["headers"] = status, headers
            return lambda _chunk: None

        chunks = self._app(environ, start)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return Answer(caught["status"], caught["headers"], body)

    def _bury(self, environ: Environ, seconds: float) -> None:
        length = environ.get("CONTENT_LENGTH") or "0"
        body = environ["wsgi.input"].read(int(length))
        kept = {**environ, "wsgi.input": io.BytesIO(body)}
        with self._lock:
            self._zombies.append((self.state.clock.now() + seconds, kept))

    def raise_zombies(self) -> int:
        """Execute the requests whose hour has come; returns how many."""
        now = self.state.clock.now()
        with self._lock:
            due = [environ for at, environ in self._zombies if at <= now]
            self._zombies = [entry for entry in self._zombies if entry[0] > now]
        for environ in due:
            environ["sandbox.request"].status = int(self._run(environ).status[:3])
        return len(due)

    def _hang_up(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        hang_up = environ.get("sandbox.hang_up")
        if hang_up is None:
            raise HangUp("The sandbox cut the connection without an answer.")
        hang_up()
        start_response("500 Internal Server Error", [("Content-Length", "0")])
        return []

    def _send(
        self, environ: Environ, start_response: Any, answer: Answer, rule: Rule | None
    ) -> Iterable[bytes]:
        headers = [h for h in answer.headers if h[0].lower() != "content-length"]
        headers.append(("Date", formatdate(self.state.clock.now(), usegmt=True)))
        if answer.body or not answer.status.startswith(("204", "304")):
            headers.append(("Content-Length", str(len(answer.body))))
        if rule and rule.kind == "cut":
            if "sandbox.hang_up" not in environ:
                raise HangUp("The sandbox cut the answer after a few bytes.")
            start_response(answer.status, headers)
            return [answer.body[:CUT_AFTER]]
        start_response(answer.status, headers)
        return [answer.body]


def throttled(state: State) -> Answer:
    """Return a 429 as the switches want it."""
    seconds = state.choices.rate_retry_after
    told = [] if seconds is None else [("Retry-After", str(seconds))]
    if state.choices.rate_body == "text":
        plain = [("Content-Type", "text/plain"), *told]
        return Answer("429 Too Many Requests", plain, b"Too many requests")
    more = {} if seconds is None else {"retry_after": seconds}
    answer = problem(429, "Too many requests", **more)
    answer.headers += told
    return answer


def _early(kind: str) -> Answer | None:
    """Return the answer of faults that strike before anything is executed."""
    if kind in PAGES:
        return html(PAGES[kind])
    if kind in REFUSALS:
        return problem(*REFUSALS[kind])
    return None
