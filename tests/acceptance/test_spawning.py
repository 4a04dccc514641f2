"""A sandbox that does not start is told with its own words."""

import pytest

from acceptance.spawning import SandboxFailed, spawn_sandbox


def test_a_sandbox_that_refuses_its_options_is_told_in_its_words():
    with (
        pytest.raises(SandboxFailed, match="--clients"),
        spawn_sandbox("--clients", "x"),
    ):
        pass
