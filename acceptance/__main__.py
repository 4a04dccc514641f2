"""`python -m acceptance`: strangers' clients and logs, and our own commands."""

import argparse
import sys
from pathlib import Path

from acceptance.accounts import check_logs, check_stores
from acceptance.checks import Checks
from acceptance.clients import Stage, check_clients
from acceptance.judging import JudgingFailed, check_judging
from acceptance.spawning import PROGRAM, SandboxFailed

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Return 0 if everything held, or if there is nothing to check against."""
    asked = _options().parse_args(arguments)
    if not asked.shared.is_dir():
        print(f"Nothing to accept against: there is no folder {asked.shared}.")
        return 0
    checks = Checks()
    try:
        if asked.part in (None, "clients"):
            stage = Stage(asked.shared / "clients", asked.python, asked.program)
            check_clients(stage, checks)
        if asked.part in (None, "logs"):
            check_logs(asked.shared / "data", checks, asked.program)
        if asked.part in (None, "stores"):
            check_stores(asked.shared / "data", checks, asked.program)
        if asked.part in (None, "judging"):
            check_judging(asked.shared / "data", checks)
    except JudgingFailed as error:
        checks.expect("judging", held=False, told=str(error))
    except SandboxFailed as error:
        checks.expect("sandbox", held=False, told=str(error))
    print(checks.summary())
    return int(checks.failed > 0)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m acceptance", description=__doc__)
    parser.add_argument(
        "--shared",
        type=lambda text: Path(text).resolve(),
        default=ROOT.parent / "shared",
        help="folder with clients/ and data/ (default: shared, beside the project)",
    )
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv-clients" / "bin" / "python",
        help="Python that has the clients installed",
    )
    parser.add_argument("--program", type=Path, default=PROGRAM, help="kommo-sync")
    parser.add_argument(
        "--part",
        choices=("clients", "logs", "stores", "judging"),
        help="only this part",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
