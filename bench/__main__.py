"""`python -m bench [--only NAME]`: one JSON line a figure; 1 if a goal is missed."""

import argparse
import sys

from bench import (
    backfill,
    btyd_fit,
    full_sync,
    keep,
    rescore,
    sandbox_page,
    sandbox_start,
    scores,
)
from bench.figures import Benchmark, NotMeasured

BENCHMARKS: tuple[Benchmark, ...] = (
    sandbox_page.BENCHMARK,
    sandbox_start.BENCHMARK,
    keep.ON_SQLITE,
    keep.ON_POSTGRES,
    full_sync.BENCHMARK,
    backfill.BENCHMARK,
    btyd_fit.BENCHMARK,
    scores.BENCHMARK,
    rescore.ON_SQLITE,
    rescore.ON_POSTGRES,
)


def main(arguments: list[str]) -> int:
    """Print the figures; return 0 if every goal is met."""
    names = [name for benchmark in BENCHMARKS for name in benchmark.figures]
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("--only", choices=names, help="measure this figure alone")
    only = parser.parse_args(arguments).only
    is_good = True
    for benchmark in BENCHMARKS:
        if only is None or only in benchmark.figures:
            is_good &= _run(benchmark, only)
    return 0 if is_good else 1


def _run(benchmark: Benchmark, only: str | None) -> bool:
    """Print what one benchmark gives; return whether its goals are met."""
    try:
        figures = benchmark.measure()
    except NotMeasured as error:
        print(error, file=sys.stderr)
        return False
    shown = [figure for figure in figures if only in (None, figure.bench)]
    for figure in shown:
        print(figure.line(), flush=True)
    return all(figure.is_met for figure in shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
