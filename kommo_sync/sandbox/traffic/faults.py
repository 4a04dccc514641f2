"""Faults by rule and by seed: what goes wrong, for which requests, how often."""

import random
from dataclasses import dataclass, field

KINDS = {
    "drop_before": "the connection is cut before anything is executed",
    "drop_after": "executed, then the connection is cut without an answer",
    "cut": "executed, then ten bytes of the answer and the connection is cut",
    "error_before": "500 in HTML, nothing executed",
    "bad_gateway_after": "executed, then 502 in HTML",
    "timeout_after": "executed, then 504 in HTML",
    "slow": "executed and answered after `ms`",
    "zombie": "the connection is cut; executed `seconds` later",
    "lag": "lists do not show what is younger than `seconds`",
    "system_error": "400 that asks to try again, nothing executed",
    "throttle": "429",
    "blocked": "403 in HTML, as for a blocked address",
    "unpaid": "402",
    "revoked": "401, as for a revoked token",
    "hook_duplicate": "a webhook is delivered twice",
    "hook_reorder": "a webhook overtakes the one before it",
    "hook_delay": "a webhook comes `seconds` late",
    "hook_drop": "a webhook is never delivered",
}
STANDING = ("lag", "hook_duplicate", "hook_reorder", "hook_delay", "hook_drop")
"""Kinds that act as long as they are set, not on single requests."""
DEFAULT_SECONDS = {"zombie": 5.0, "lag": 3.0, "hook_delay": 30.0, "slow": 1.0}


@dataclass
class Rule:
    """One line of a fault plan.

    Attributes:
        kind: a key of KINDS.
        probability: of each matching request, 0..1.
        times: how many requests it may still strike; None: any number.
        after: how many matching requests it lets pass first.
        method: only this method, if given.
        path: only paths that begin so, below /api/v4.
        seconds: how long, for kinds that take time.
    """

    kind: str
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    method: str | None = None
    path: str = ""
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether the rule speaks of such a request."""
        below = path.removeprefix("/api/v4")
        return self.method in (None, method) and below.startswith(self.path)


@dataclass
class FaultPlan:
    """The rules in force and the chance that they draw from."""

    rules: list[Rule] = field(default_factory=list)
    seed: int = 0
    latency: float = 0.0
    """Seconds added to every API answer."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311

    def strike(self, method: str, path: str) -> Rule | None:
        """Return the rule that strikes this request; the first that does, wins."""
        for rule in self.rules:
            if rule.kind in STANDING or not rule.matches(method, path):
                continue
            if rule.after > 0:
                rule.after -= 1
            elif rule.times != 0 and self.chance.random() < rule.probability:
                rule.times = None if rule.times is None else rule.times - 1
                return rule
        return None

    def standing(self, kind: str) -> Rule | None:
        """Return the standing rule of that kind, if one is set."""
        return next((rule for rule in self.rules if rule.kind == kind), None)


def parse_faults(text: str) -> FaultPlan:
    """Return the plan of `KIND[:key=value,…]` rules separated by `;`.

    Raises:
        ValueError: an unknown kind, key or value; the sentence names it.
    """
    rules: list[Rule] = []
    seed = 0
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        if part.startswith("seed="):
            seed = int(_number("seed", part.removeprefix("seed=")))
            continue
        rules.append(_parse_rule(part))
    return FaultPlan(rules=rules, seed=seed)


def _parse_rule(text: str) -> Rule:
    kind, _, settings = text.partition(":")
    if kind not in KINDS:
        raise ValueError(f"No fault is called {kind!r}; there are: {', '.join(KINDS)}.")
    rule = Rule(kind=kind, seconds=DEFAULT_SECONDS.get(kind, 0.0))
    for setting in filter(None, settings.split(",")):
        key, _, value = setting.partition("=")
        _set(rule, key.strip(), value.strip())
    if kind in STANDING and (rule.times, rule.after, rule.method, rule.path) != (
        (None, 0, None, "")
    ):
        raise ValueError(
            f"Fault {kind} acts as long as it is set: it takes p and seconds only."
        )
    return rule


def _set(rule: Rule, key: str, value: str) -> None:
    if key == "p":
        rule.probability = _number(key, value, most=1.0)
    elif key == "n":
        rule.times = int(_number(key, value))
    elif key == "after":
        rule.after = int(_number(key, value))
    elif key == "ms":
        rule.seconds = _number(key, value) / 1000
    elif key == "seconds":
        rule.seconds = _number(key, value)
    elif key == "method":
        rule.method = value.upper()
    elif key == "path":
        rule.path = value
    else:
        known = "p, n, after, ms, seconds, method, path"
        raise ValueError(f"Fault {rule.kind} has no setting {key!r}; it takes {known}.")


def _number(key: str, value: str, most: float = float("inf")) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        limit = "" if most == float("inf") else f" up to {most:g}"
        raise ValueError(
            f"Fault setting {key}={value!r} must be a number from 0{limit}."
        )
    return number


def spell_faults(plan: FaultPlan) -> list[dict[str, object]]:
    """Return the rules as JSON values, for the control route."""
    return [
        {
            "kind": rule.kind,
            "p": rule.probability,
            "n": rule.times,
            "after": rule.after,
            "method": rule.method,
            "path": rule.path,
            "seconds": rule.seconds,
        }
        for rule in plan.rules
    ]
