"""Repeatable chance for tests."""

import random


def chance(seed: int) -> random.Random:
    """Return chance that always takes the same turns."""
    return random.Random(seed)
