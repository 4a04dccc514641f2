"""Webhooks on their way: an outbox, a schedule of attempts, and who answers badly."""

import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import httpx
import msgspec

from kommo_sync.sandbox.account.history import ROBOT
from kommo_sync.sandbox.account.records import Delivery, Webhook
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Signal, Writer
from kommo_sync.sandbox.hooks.body import codes_in, write_body
from kommo_sync.sandbox.hooks.forms import describe
from kommo_sync.sandbox.traffic.faults import FaultPlan

Send = Callable[[str, bytes, dict[str, str]], int]
"""Posts (address, body, headers); returns the status, or one of the two below."""
NO_CONNECTION = 0
TIMED_OUT = 499
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "amoCRM-Webhooks/3.0",
}
# https://developers.kommo.com/docs/webhooks-general: the receiver's time, the waits
# after each attempt, and when a subscription is switched off.
ANSWER_SECONDS = 2.0
WAITS = {1: 300.0, 2: 900.0, 3: 900.0, 4: 3600.0}
WAITS_AFTER_ANY_REFUSAL = (1, 2)
BAD_WINDOW = 7200.0
MOST_BAD = 100
OVERTAKEN_WAITS = 10.0
"""Seconds that a delivery which is to be overtaken waits for one that does it."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The witness's row: one body as it was sent and how it was answered.

    Attributes:
        at: Unix seconds when the sending began.
        attempt: 1 to 5.
        events: the codes that the body tells of.
    """

    delivery_id: int
    webhook_id: int
    destination: str
    at: float
    attempt: int
    events: list[str]
    body: str
    status: int = NO_CONNECTION


@dataclass
class HookFaults:
    """How often deliveries go astray: probabilities 0..1, each drawn per delivery."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay_probability: float = 0.0
    delay_seconds: float = 0.0
    reorder: float = 0.0


class Hooks:
    """The webhooks of one account.

    Args:
        send: how a body is sent; by default over HTTP.
        chance: what the faults are drawn from.
    """

    def __init__(
        self, state: State, send: Send | None = None, *, chance: random.Random
    ) -> None:
        self.state = state
        self.chance = chance
        self.faults = HookFaults()
        self.attempts: list[Attempt] = []
        self._send = send or post_form
        self._busy: set[int] = set()
        self._overtaken: dict[int, int] = {}

    def obey(self, plan: FaultPlan) -> None:
        """Let the plan's webhook rules act from now on, drawn from its seed."""

        def often(kind: str) -> float:
            rule = plan.standing(kind)
            return rule.probability if rule else 0.0

        delay = plan.standing("hook_delay")
        self.chance = random.Random(plan.seed)  # noqa: S311
        self.faults = HookFaults(
            drop=often("hook_drop"),
            duplicate=often("hook_duplicate"),
            delay_probability=often("hook_delay"),
            delay_seconds=delay.seconds if delay else 0.0,
            reorder=often("hook_reorder"),
        )

    def enqueue(self, writer: Writer) -> None:
        """Put what the writer has signalled on its way, as things stand now; once."""
        with self.state.lock:
            signals, writer.signals = writer.signals, {}
            listeners = self._listeners()
            if not listeners:
                return
            by_code: dict[str, list[Signal]] = {}
            for signal in signals.values():
                by_code.setdefault(signal.code, []).append(signal)
            for code, group in by_code.items():
                asked = [hook for hook in listeners if code in hook.settings]
                if asked:
                    self._enqueue_code(code, group, asked, writer)

    def _listeners(self) -> list[Webhook]:
        return [hook for hook in self.state.data.webhooks.values() if self._hears(hook)]

    def _hears(self, hook: Webhook) -> bool:
        return self.state.data.account.webhooks_in_plan and not hook.disabled

    def _enqueue_code(
        self, code: str, signals: list[Signal], asked: list[Webhook], writer: Writer
    ) -> None:
        state = self.state
        told = (describe(state, signal, writer.user_id) for signal in signals)
        items = [item for item in told if item is not None]
        size = max(1, state.choices.hook_items_per_post)
        for start in range(0, len(items), size):
            body = write_body(state, code, items[start : start + size])
            for hook in asked:
                self._enqueue_body(hook.id, body)

    def _enqueue_body(self, webhook_id: int, body: str) -> None:
        faults, state = self.faults, self.state
        if self._strikes(faults.drop):
            return
        late = faults.delay_seconds if self._strikes(faults.delay_probability) else 0.0
        delivery = Delivery(
            id=state.next_id("deliveries"),
            webhook_id=webhook_id,
            body=body,
            due_at=state.clock.now() + state.choices.hook_delay + late,
        )
        state.data.deliveries[delivery.id] = delivery
        self._reorder(delivery)
        if self._strikes(faults.duplicate):
            twin_id = state.next_id("deliveries")
            twin = msgspec.structs.replace(delivery, id=twin_id)
            state.data.deliveries[twin_id] = twin

    def _strikes(self, probability: float) -> bool:
        return probability > 0 and self.chance.random() < probability

    def _reorder(self, delivery: Delivery) -> None:
        """Let one delivery wait until the next of its subscription has overtaken it."""
        deliveries = self.state.data.deliveries
        waiting = deliveries.get(self._overtaken.pop(delivery.webhook_id, 0))
        if waiting is not None and waiting.attempt == 1:
            del deliveries[waiting.id]
            waiting.id = self.state.next_id("deliveries")
            waiting.due_at = delivery.due_at
            deliveries[waiting.id] = waiting
        elif self._strikes(self.faults.reorder):
            delivery.reordered = True
            delivery.due_at += OVERTAKEN_WAITS
            self._overtaken[delivery.webhook_id] = delivery.id

    def next_due(self) -> float | None:
        """Return when the next delivery is due, in Unix seconds; None if none is."""
        with self.state.lock:
            deliveries = self.state.data.deliveries.values()
            return min((delivery.due_at for delivery in deliveries), default=None)

    def deliver_due(self) -> int:
        """Send what is due when this begins; returns how many bodies were sent.

        Bodies of one subscription go one after the other, whichever thread sends them;
        receivers may call the API back, for nothing is locked meanwhile.
        """
        with self.state.lock:
            now = self.state.clock.now()
            deliveries = self.state.data.deliveries.values()
            due = sorted((d for d in deliveries if d.due_at <= now), key=_order)
        return sum(self._try(delivery) for delivery in due)

    def _try(self, delivery: Delivery) -> bool:
        attempt = self._begin(delivery)
        if attempt is None:
            return False
        try:
            body = attempt.body.encode()
            status = self._send(attempt.destination, body, dict(HEADERS))
            self._end(msgspec.structs.replace(attempt, status=status))
        finally:
            with self.state.lock:
                self._busy.discard(attempt.webhook_id)
        return True

    def _begin(self, delivery: Delivery) -> Attempt | None:
        """Reserve the delivery for this thread; None if it is not to be sent now."""
        with self.state.lock:
            data, now = self.state.data, self.state.clock.now()
            if data.deliveries.get(delivery.id) is not delivery:
                return None
            hook = data.webhooks.get(delivery.webhook_id)
            if hook is None or not self._hears(hook):
                del data.deliveries[delivery.id]
                return None
            if hook.id in self._busy or delivery.due_at > now:
                return None
            self._busy.add(hook.id)
            return Attempt(
                delivery_id=delivery.id,
                webhook_id=hook.id,
                destination=hook.destination,
                at=now,
                attempt=delivery.attempt,
                events=codes_in(delivery.body),
                body=delivery.body,
            )

    def _end(self, attempt: Attempt) -> None:
        with self.state.lock:
            self.attempts.append(attempt)
            deliveries = self.state.data.deliveries
            wait = wait_after(attempt.attempt, attempt.status)
            delivery = deliveries.get(attempt.delivery_id)
            if wait is None:
                deliveries.pop(attempt.delivery_id, None)
            elif delivery is not None:
                delivery.attempt += 1
                delivery.due_at = attempt.at + wait
            hook = self.state.data.webhooks.get(attempt.webhook_id)
            if hook is not None and not is_valid(attempt.status):
                self._blame(hook, attempt.at)

    def _blame(self, hook: Webhook, at: float) -> None:
        """Count an invalid answer, the latest one; too many switch the webhook off."""
        hook.bad = [*(past for past in hook.bad if past > at - BAD_WINDOW), at]
        if len(hook.bad) > MOST_BAD:
            writer = Writer(self.state, ROBOT)
            writer.assign("webhooks", hook, "disabled", True)
            drop_deliveries(self.state, hook.id)


def _order(delivery: Delivery) -> tuple[float, int]:
    return delivery.due_at, delivery.id


def drop_deliveries(state: State, webhook_id: int) -> None:
    """Forget everything that is on its way to a subscription."""
    deliveries = state.data.deliveries
    for delivery in list(deliveries.values()):
        if delivery.webhook_id == webhook_id:
            del deliveries[delivery.id]


def is_valid(status: int) -> bool:
    """Tell whether the receiver has answered as it should: 100 to 299."""
    return 100 <= status <= 299


def wait_after(attempt: int, status: int) -> float | None:
    """Return the seconds from an attempt to the next one; None: there is none.

    Any invalid answer is worth three attempts, a time-out or a 5xx five.
    """
    if is_valid(status):
        return None
    hopeful = status == TIMED_OUT or 500 <= status <= 599
    if attempt not in WAITS_AFTER_ANY_REFUSAL and not hopeful:
        return None
    return WAITS.get(attempt)


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def post_form(
    url: str, body: bytes, headers: dict[str, str], seconds: float = ANSWER_SECONDS
) -> int:
    """Post a form; returns the status, 0 for no connection, 499 for a time-out.

    Redirects are not followed, the answer's body is not read.
    """
    try:
        with httpx.Client(
            verify=_trusted(),
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
        ) as client:
            request = client.build_request("POST", url, content=body, headers=headers)
            answer = client.send(request, stream=True)
            answer.close()
    except httpx.TimeoutException:
        return TIMED_OUT
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        return NO_CONNECTION
    return answer.status_code
