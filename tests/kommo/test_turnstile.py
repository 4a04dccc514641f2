"""Waiting for a turn, and being sent home."""

import pytest

from kommo_sync.errors import CrmUnavailable
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.turnstile import Turnstile
from kommo_sync.sandbox.account.clock import ManualClock
from tests.kommo.kit import Slots


def test_who_waits_goes_home_when_it_is_stopped() -> None:
    clock = ManualClock()
    turnstile = Turnstile(Slots(), clock, "acme.kommo.com")
    with turnstile.stopping(), pytest.raises(CrmUnavailable, match="given up"):
        turnstile.await_slot(Priority.RECONCILIATION)
    turnstile.await_slot(Priority.RECONCILIATION)


class Jumping(ManualClock):
    """Goes back an hour with each wait."""

    slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(-3_600)


def test_a_clock_that_jumps_back_does_not_make_a_wait_longer() -> None:
    clock = Jumping()
    Turnstile(Slots(), clock, "acme.kommo.com").pause(3.25)
    assert clock.slept == 3.25
