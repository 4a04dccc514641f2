"""`python -m bench.judging judge "a.csv:90" b.csv`, or `... train LOG...`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.judging.generated import module_of
from bench.judging.judge import judge
from bench.judging.logs import Log, Unreadable, read_log
from bench.judging.replay import RULES, until_middle
from bench.judging.training import lessons, train
from kommo_sync.model.purchases import settle
from kommo_sync.model.risk import SHIPPED, choose_horizon
from kommo_sync.model.risk_features import Coefficients

SEEDS = 10
WORKERS = 2
TARGET = Path(__file__).resolve().parents[2] / "kommo_sync/model/coefficients.py"


def main(arguments: list[str]) -> int:
    """Do what is asked; return 0 if it could be done."""
    asked = _options().parse_args(arguments)
    try:
        return _train(asked) if asked.command == "train" else _judge(asked)
    except (Unreadable, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench.judging", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="replay logs; one JSON line a method")
    judging.add_argument("logs", nargs="+", metavar="FILE[:H]", help="H: horizon, days")
    judging.add_argument("--seeds", type=int, default=SEEDS, help="small accounts")
    judging.add_argument("--workers", type=int, default=WORKERS, help="processes")
    judging.add_argument(
        "--leave-one-out",
        action="store_true",
        help="judge each log by what the others teach, not by what is shipped",
    )
    training = commands.add_parser("train", help="write the universal coefficients")
    training.add_argument("logs", nargs="+", type=Path, metavar="FILE")
    training.add_argument("--target", type=Path, default=TARGET, help="module to write")
    return parser


def _judge(asked: argparse.Namespace) -> int:
    named = [_named(text) for text in asked.logs]
    logs = [read_log(path) for path, _ in named]
    others = _others(logs, leave_one_out=asked.leave_one_out)
    for log, (_, horizon), believed in zip(logs, named, others, strict=True):
        days = horizon or _by_rule(log)
        for row in judge(log, days, believed, asked.seeds, asked.workers):
            print(json.dumps(row), flush=True)
    return 0


def _named(text: str) -> tuple[Path, int | None]:
    """Return the path and the horizon of `path:days` or `path`."""
    path, _, days = text.rpartition(":")
    return (Path(path), int(days)) if path and days.isdigit() else (Path(text), None)


def _by_rule(log: Log) -> int:
    """Return the horizon that the rule chooses on the eve of the first cut-off."""
    known = settle(until_middle(log), RULES)
    return choose_horizon(known, log.middle - 1)


def _others(logs: Sequence[Log], *, leave_one_out: bool) -> list[Coefficients]:
    if not leave_one_out:
        return [SHIPPED] * len(logs)
    if len(logs) < 2:
        raise ValueError("--leave-one-out: at least two logs, to learn from the others")
    taught = [lessons(log) for log in logs]
    return [train(taught[:at] + taught[at + 1 :]) for at in range(len(logs))]


def _train(asked: argparse.Namespace) -> int:
    logs = [read_log(path) for path in asked.logs]
    found = train([lessons(log) for log in logs])
    asked.target.write_text(module_of(found, asked.logs, logs), "utf-8")
    print(f"{asked.target}: {len(found.weights)} weights of {len(logs)} logs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
