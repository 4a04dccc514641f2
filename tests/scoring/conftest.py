from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scoring.firm import Firm, opened


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """A firm of which nothing but its own record has been read."""
    with opened(tmp_path) as made:
        yield made
