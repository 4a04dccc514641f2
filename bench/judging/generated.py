"""The module of coefficients, written with where they come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bench.judging.logs import Log
from bench.judging.training import MOST_CUTOFFS, PRECISION
from kommo_sync.model.risk_features import FEATURES, Coefficients

DIGITS = 6
UNKNOWN = "licence not known"
LICENCES = {
    "online_retail": "CC BY 4.0, Chen (2012), UCI Online Retail",
    "hotel_b2b": "CC BY 4.0, Antonio, de Almeida & Nunes (2019), Data in Brief",
    "complete_journey": "CC0, 84.51°, Complete Journey 2.0",
}
HEAD = '''"""What other businesses teach about who leaves; a program wrote it, no hand.

Made by `make coefficients`: `python -m bench.judging train` of

{sources}

with {cutoffs} cut-offs at most a horizon and a prior of precision {precision:g}; what
the columns are, and how they are learned: docs/model.md.
"""

'''


def module_of(found: Coefficients, paths: Sequence[Path], logs: Sequence[Log]) -> str:
    """Return the source of the module; the same logs make the same text.

    Args:
        found: what the logs taught.
        paths: of the logs.
        logs: the same, read.
    """
    sources = "\n".join(
        _source(path, log) for path, log in zip(paths, logs, strict=True)
    )
    head = HEAD.format(sources=sources, cutoffs=MOST_CUTOFFS, precision=PRECISION)
    names = ("intercept", *FEATURES)
    return head + "\n".join(
        [
            _column("CENTRE", found.centre, FEATURES),
            _column("SCALE", found.scale, FEATURES),
            _column("WEIGHTS", found.weights, names),
        ]
    )


def _source(path: Path, log: Log) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    licence = LICENCES.get(log.name, UNKNOWN)
    clients, deals = len(log.history), len(log.history.day)
    found = f"- {log.name}: {clients} clients, {deals} deals"
    return "\n  ".join((found, licence, f"sha256 {digest}"))


def _column(name: str, values: Sequence[float], features: Sequence[str]) -> str:
    lines = "".join(
        f"    {value:.{DIGITS}g},  # {feature}\n"
        for value, feature in zip(values, features, strict=True)
    )
    return f"{name}: tuple[float, ...] = (\n{lines})\n"
