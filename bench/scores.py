"""All scores of many clients from their columns, and what the model's import costs.

What is measured is a process of its own, so that its peak is its own.

`python -m bench.scores CLIENTS` judges once and prints seconds and peak bytes.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from bench.figures import Benchmark, Bound, Figure, Goal, NotMeasured
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.judgement import Rules, judge, learn_scoring
from kommo_sync.model.lifecycle import standing_of
from kommo_sync.model.purchases import settle

SECONDS, MEMORY, GROWTH, GROWTH_SMALL, IMPORT = (
    "scores-1m-clients",
    "scores-1m-clients-memory",
    "scores-growth",
    "scores-growth-small",
    "model-import",
)
SIZES = (10_000, 100_000, 1_000_000)
FIRST_DAY, AS_OF = 18_000, 20_700
LEARN_FROM = 20_000
IMPORTS = 5


def deals_of(clients: int) -> Deals:
    """Return simulated deals, about nine a client, most of them of few clients."""
    rng = np.random.default_rng(1)
    count = np.minimum(1 + rng.negative_binomial(1, 0.1, clients), 400)
    row = np.repeat(np.arange(clients), count)
    mean_gap = 1 / (rng.gamma(1.2, 1 / 45, clients) + 1 / 400)
    gaps = np.maximum(1, rng.exponential(mean_gap[row])).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    gaps[first] = FIRST_DAY + rng.integers(0, 1_500, clients)
    since = np.cumsum(gaps)
    day = since - (since[first] - gaps[first])[row]
    amount = rng.lognormal(8, 1, clients)[row] * rng.lognormal(0, 0.4, len(row))
    known = day <= AS_OF
    return Deals(
        (row[known] + 1) * 2, day[known], amount[known].astype(np.int64) * 100 + 1
    )


def main(clients: int) -> None:
    """Judge once and tell what it took."""
    history, rules = History.of(deals_of(clients)), Rules()
    purchases = settle(history, rules.purchases)
    scoring = learn_scoring(history.take(np.arange(LEARN_FROM // 2)), AS_OF, rules)
    standing = standing_of(purchases, scoring.terms, rules.lifecycle)
    began = time.perf_counter()
    judged = judge(purchases, AS_OF, scoring, rules, None, standing)
    seconds = time.perf_counter() - began
    if not len(judged) or not np.isfinite(judged.p_no_purchase).all():
        raise NotMeasured("scores: not everybody was judged.")
    status = Path("/proc/self/status").read_text("ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    print(seconds, int(line.split()[1]) * 1024)


def _in_a_process(clients: int) -> tuple[float, float]:
    done = subprocess.run(  # noqa: S603  this module itself
        [sys.executable, "-m", "bench.scores", str(clients)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"scores: the judgement failed:\n{done.stderr}")
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def _import_seconds() -> float:
    """Return what importing the model takes in a fresh process, the median of some."""
    code = (
        "import time; began = time.perf_counter(); "
        "import kommo_sync.model.judgement, kommo_sync.model.backtest; "
        "print(time.perf_counter() - began)"
    )
    taken = [
        float(subprocess.check_output([sys.executable, "-c", code], text=True))  # noqa: S603
        for _ in range(IMPORTS)
    ]
    return median(taken)


def measure(sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Return seconds and peak of the largest size, how both grow, and the import.

    Raises:
        NotMeasured: a process failed.
    """
    found = [_in_a_process(clients) for clients in sizes]
    seconds, peak = found[-1]
    small, middle, large = (
        taken / clients for (taken, _), clients in zip(found, sizes, strict=True)
    )
    growth = Goal(Bound.AT_MOST, 1.5)
    return [
        Figure(SECONDS, seconds, "s", Goal(Bound.AT_MOST, 5)),
        Figure(MEMORY, peak / 1e6, "MB", Goal(Bound.AT_MOST, 2_000)),
        Figure(GROWTH, large / middle, "x a client", growth),
        Figure(GROWTH_SMALL, middle / small, "x a client", growth),
        Figure(IMPORT, _import_seconds(), "s", Goal(Bound.AT_MOST, 1)),
    ]


BENCHMARK = Benchmark((SECONDS, MEMORY, GROWTH, GROWTH_SMALL, IMPORT), measure)

if __name__ == "__main__":
    main(int(sys.argv[1]))
