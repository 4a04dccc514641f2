"""Who leaves, foretold on each log by what the others teach: is it good enough?"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance.checks import Checks

ROOT = Path(__file__).resolve().parents[1]
HORIZONS = {"online_retail": 90, "hotel_b2b": 90, "complete_journey": 30}
"""Days that each log is judged ahead."""
SMALL = 300
TIMEOUT_SECONDS = 1800
OURS, BY_MONEY, SILENCE = "ours", "ours_x_value", "recency"
NOT_RULES = (OURS, BY_MONEY, "p0")

AUC = 0.80
CAPTURED = {True: 0.40, False: 0.42}
"""Of small accounts and of whole logs."""
CAPTURED_BY_RULE = 1.2
EARLY = 1.7


class JudgingFailed(RuntimeError):
    """The logs could not be replayed."""


@dataclass(frozen=True)
class Figures:
    """What was printed, of whole logs or of small accounts.

    Attributes:
        rows: one a log and method.
    """

    rows: Sequence[dict[str, Any]]

    def of(self, method: str, figure: str) -> dict[str, float]:
        """Return a method's figure by log."""
        return {row["log"]: row[figure] for row in self.rows if row["method"] == method}

    def mean(self, method: str, figure: str) -> float:
        """Return a method's mean over the logs."""
        values = self.of(method, figure).values()
        return sum(values) / len(values)

    def best_rule(self, figure: str) -> float:
        """Return the mean of the rule of thumb that is best at something."""
        rules = {row["method"] for row in self.rows} - set(NOT_RULES)
        return max(self.mean(rule, figure) for rule in rules)


def check_judging(data: Path, checks: Checks) -> None:
    """Replay the three logs, each judged by what the other two teach.

    Args:
        data: folder with a folder for each log.
        checks: where the outcome is told.

    Raises:
        JudgingFailed: the program ended badly, or printed no figures.
    """
    print("Who leaves, each log judged by what the others teach")
    rows = _replayed(data)
    for small in (True, False):
        some = [row for row in rows if (row["clients"] == SMALL) is small]
        if {row["log"] for row in some} != set(HORIZONS):
            raise JudgingFailed(f"not all logs were judged, small accounts: {small}")
        check_figures(Figures(some), small=small, checks=checks)


def _replayed(data: Path) -> list[dict[str, Any]]:
    logs = [
        f"{data / name / 'transactions.csv'}:{days}" for name, days in HORIZONS.items()
    ]
    command = [sys.executable, "-m", "bench.judging", "judge", "--leave-one-out", *logs]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise JudgingFailed(done.stderr.strip() or f"status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_figures(figures: Figures, *, small: bool, checks: Checks) -> None:
    """Hold the figures against what was promised."""
    size = f"{SMALL} clients" if small else "whole logs"

    def expect(name: str, value: float, least: float) -> None:
        told = f"{value:.3f}, at least {least:.3f}"
        checks.expect(f"{size}, {name}", held=value >= least, told=told)

    if small:
        expect("ranking (AUC)", figures.mean(OURS, "auc"), AUC)
    captured = figures.mean(BY_MONEY, "revenue10")
    expect("revenue of leavers in the top tenth", captured, CAPTURED[small])
    best = CAPTURED_BY_RULE * figures.best_rule("revenue10")
    expect(f"{CAPTURED_BY_RULE} x the best rule's revenue", captured, best)
    silence = figures.mean(SILENCE, "f1")
    expect("F1 beside the best days in hindsight", figures.mean(OURS, "f1"), silence)
    early = figures.mean(OURS, "early_precision")
    expect("early flags", early, EARLY * figures.mean(OURS, "base_rate"))
    own_base, by_days = (
        figures.of(OURS, "early_base_rate"),
        figures.of(SILENCE, "early_precision"),
    )
    for log, value in figures.of(OURS, "early_precision").items():
        expect(f"early flags, {log}", value, max(EARLY * own_base[log], by_days[log]))
