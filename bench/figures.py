"""One measured figure beside the goal it has to meet, as a line of JSON."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class NotMeasured(RuntimeError):
    """A figure could not be taken; the sentence says why."""


class Bound(StrEnum):
    """On which side of its goal a figure has to lie."""

    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Goal:
    """What was promised, in the figure's unit."""

    bound: Bound
    limit: float

    def is_met_by(self, value: float) -> bool:
        """Tell whether the value lies on the right side, the limit included."""
        at_most = self.bound is Bound.AT_MOST
        return value <= self.limit if at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{self.bound} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """What a benchmark measured."""

    bench: str
    value: float
    unit: str
    goal: Goal

    @property
    def is_met(self) -> bool:
        """Tell whether the promise holds."""
        return self.goal.is_met_by(self.value)

    def line(self) -> str:
        """Return the figure as JSON on one line."""
        row = {
            "bench": self.bench,
            "value": round(self.value, 3),
            "unit": self.unit,
            "goal": str(self.goal),
            "met": self.is_met,
        }
        return json.dumps(row)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A measurement and the names of the figures that it gives."""

    figures: tuple[str, ...]
    measure: Callable[[], list[Figure]]
