"""Places to run commands in."""

from pathlib import Path

import pytest

from tests.cli.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder, and an account without clients."""
    return Place.made(tmp_path)


@pytest.fixture
def ready(place: Place) -> Place:
    """The same after `init`."""
    return place.init()
