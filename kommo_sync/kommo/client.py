"""The one door to Kommo: paced, retried where that is safe, refused by reaction."""

import logging
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity

from kommo_sync.errors import (
    BadAnswer,
    CrmUnavailable,
    Rejected,
    Throttled,
    Unauthorized,
)
from kommo_sync.kommo import protocol, refusals
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.kommo.patience import Patience, pause
from kommo_sync.kommo.ports import Chance, Clock, Priority, RequestSlots, TokenKeeper
from kommo_sync.kommo.protocol import Answer, Page, Request
from kommo_sync.kommo.timing import Timing
from kommo_sync.kommo.turnstile import Turnstile
from kommo_sync.model.entities import Part

Read = TypeVar("Read")

CONNECT_SECONDS = 5.0
CONNECTIONS = 16
MAX_BODY = 64 * 2**20
"""Bytes; a page of 250 leads has about a quarter of a million."""
BLOCK_SECONDS = 300.0
"""For how long a block keeps everybody from asking (kommo-rest-api 3.1)."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REFUSED_ITEMS = 400
_TOKEN = re.compile(r"[!-~]+", re.ASCII)


class KommoClient:
    """Talks to one account; several threads may share it.

    Args:
        base_url: the account's address.
        tokens: where the token is; it is asked anew for each request.
        slots: when the next request may leave.
        clock: time and waiting.
        chance: scatters the waits, so that processes do not come back together.
        transport: in place of the network.
        allowed: which addresses may be shown the token.
        timeout_seconds: for each read and write.
        attempts: how often a read is tried.

    Raises:
        WrongAddress: `base_url` is not allowed.
    """

    def __init__(  # noqa: PLR0913  all that it needs from elsewhere
        self,
        base_url: str,
        tokens: TokenKeeper,
        slots: RequestSlots,
        clock: Clock,
        chance: Chance,
        *,
        allowed: AllowedHosts,
        transport: httpx.BaseTransport | None = None,
        timeout_seconds: float = 30,
        attempts: int = 6,
    ) -> None:
        self.origin = allowed.origin(base_url)
        self._host = urlsplit(self.origin).netloc
        self._tokens, self._slots = tokens, slots
        self._clock, self._chance = clock, chance
        self._attempts = attempts
        self._http = _http(transport, timeout_seconds)
        self._lock = threading.Lock()
        self._requests = 0
        self._timing = Timing()
        self._turnstile = Turnstile(slots, clock, self._host)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._requests

    @property
    def latency(self) -> float:
        """Seconds from sending to the whole answer, of late; 0 before the first."""
        return self._timing.latency

    @property
    def server_time(self) -> int:
        """The latest moment that an answer told, by Kommo's clock; 0 before."""
        return self._timing.latest

    def stopping(self) -> AbstractContextManager[None]:
        """Let other threads give up, as long as this lasts.

        For the time in which the threads of a reading that failed are waited for.
        """
        return self._turnstile.stopping()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def get(self, request: Request, priority: Priority) -> Answer:
        """Return the answer to a read, after waiting for its slot.

        Raises:
            RetryLater: no good answer after all tries.
            SkipRecord: Kommo refuses the request, or there is no such thing.
            NeedsOperator: the token, a right, the subscription or the address.
        """
        return self._read(request, priority, self._json)

    def ask(self, part: Part, request: Request, priority: Priority) -> Page:
        """Return a page by any request of `protocol`; errors as of `get`."""
        return self._read(
            request,
            priority,
            lambda answer: protocol.read_page(part, answer, request, self.origin),
        )

    def page(  # noqa: PLR0913  what a walk varies
        self,
        part: Part,
        page: int,
        *,
        priority: Priority,
        limit: int = protocol.MAX_LIMIT,
        since: int | None = None,
        until: int | None = None,
        kinds: tuple[str, ...] = (),
    ) -> Page:
        """Return one page by `protocol.page_request`; errors as of `get`."""
        request = protocol.page_request(
            part, page, limit=limit, since=since, until=until, kinds=kinds
        )
        return self.ask(part, request, priority)

    def by_ids(self, part: Part, ids: Sequence[int], *, priority: Priority) -> Page:
        """Return those of at most 100 records that are alive; errors as of `get`."""
        return self.ask(part, protocol.ids_request(part, ids), priority)

    def send(self, request: Request, priority: Priority) -> Answer:
        """Return the answer to a write: 2xx, or the 400 that `read_batch` reads.

        It is sent again only if it was surely not executed: no connection, or 429.

        Raises:
            CrmUnavailable: it may have been executed; look before it is sent again.
            SkipRecord, NeedsOperator: it was refused.
        """
        return self._trying(_was_not_executed)(self._send_once, request, priority)

    def _send_once(self, request: Request, priority: Priority) -> Answer:
        try:
            return self._exchange(request, priority, keep=_REFUSED_ITEMS)
        except CrmUnavailable as error:
            if _was_not_executed(error):
                raise
            raise type(error)(
                "{method} {path} at {host} got no good answer, and may have been "
                "executed: look before sending it again.",
                method=request.method,
                path=request.path,
                host=self._host,
            ) from error

    def _read(
        self, request: Request, priority: Priority, read: Callable[[Answer], Read]
    ) -> Read:
        if request.method != "GET":
            raise ValueError(f"{request.method} {request.path}: only reads are retried")

        def once() -> Read:
            return read(self._exchange(request, priority))

        return self._trying(Patience().lasts)(once)

    def _trying(self, again: Callable[[BaseException], bool]) -> tenacity.Retrying:
        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return pause(error, state.attempt_number, self._chance)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(again),
            wait=wait,
            stop=tenacity.stop_after_attempt(self._attempts),
            sleep=self._turnstile.pause,
            reraise=True,
        )

    def _json(self, answer: Answer) -> Answer:
        if answer.status == protocol.NO_CONTENT or refusals.is_json(answer.body):
            return answer
        raise BadAnswer(
            "{host} gave no JSON, or not all of it, with status {status}.",
            host=self._host,
            status=answer.status,
        )

    def _exchange(
        self, request: Request, priority: Priority, keep: int | None = None
    ) -> Answer:
        """Wait for a slot and send once.

        Args:
            keep: the status of refusals that are returned, not raised.
        """
        self._turnstile.await_slot(priority)
        sent_at = self._clock.now()
        status, headers, body = self._sent(request)
        self._timing.note_latency(self._clock.now() - sent_at)
        if status == 429:
            seconds = refusals.pause_asked(headers.get("Retry-After"), body)
            self._slots.refused(seconds, self._clock.now())
        elif refusals.is_block(status, body):
            self._slots.refused(BLOCK_SECONDS, self._clock.now())
        error = refusals.refusal(status, body, self._host, request.path)
        if error and not (status == keep and isinstance(error, Rejected)):
            raise error
        date, now = headers.get("Date", ""), self._clock.now()
        told = self._timing.note_date(date, now, self._host, request.path)
        return Answer(status, body, told)

    def _sent(self, request: Request) -> tuple[int, httpx.Headers, bytes]:
        """Return status, headers and the whole body of one exchange.

        Raises:
            CrmUnavailable: no answer, or a cut one.
        """
        headers = {"Authorization": f"Bearer {self._token()}"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        with self._lock:
            self._requests += 1
        try:
            with self._http.stream(
                request.method,
                self.origin + request.path,
                params=list(request.query),
                content=request.body,
                headers=headers,
            ) as response:
                return response.status_code, response.headers, _body(response)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise CrmUnavailable(
                "{host} gives no whole answer for {path} ({reason}): "
                "check the address and the network, or try later.",
                host=self._host,
                path=request.path,
                reason=type(error).__name__,
            ) from error

    def _token(self) -> str:
        token = self._tokens.load()
        # httpx quotes a header that it cannot send in its error: that must not be.
        if _TOKEN.fullmatch(token):
            return token
        raise Unauthorized(
            "What is kept as the token for {host} is none: connect again.",
            host=self._host,
        )


def _was_not_executed(error: BaseException) -> bool:
    return isinstance(error, Throttled) or isinstance(error.__cause__, _NEVER_SENT)


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise httpx.DecodingError("too long", request=response.request)
    return bytes(body)


def _http(transport: httpx.BaseTransport | None, seconds: float) -> httpx.Client:
    """Return a client that goes nowhere but where it is told, and keeps no cookie."""
    logging.getLogger("httpx").addFilter(_hide_query)
    client = httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
        limits=httpx.Limits(
            max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
        ),
        headers={"User-Agent": f"kommo-sync/{version('kommo-sync')}"},
        follow_redirects=False,
        trust_env=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return client


def _hide_query(record: logging.LogRecord) -> bool:
    """Take queries out of what httpx logs: it logs whole addresses at INFO."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            str(arg.copy_with(query=None)) if isinstance(arg, httpx.URL) else arg
            for arg in record.args
        )
    return True
