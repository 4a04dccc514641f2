"""Four processes on one store: never more than seven arrivals in any sliding second."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store import schema
from kommo_sync.store.pacing import PACE
from tests.rate.crowd import Witnessed, run, served
from tests.store.databases import new_postgres, postgres_server

PERMITTED = 7
"""Arrivals in any second (https://developers.kommo.com/docs/limitations)."""
JITTER, GREAT_JITTER = 0.15, 0.3


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/kept.db"
    schema.migrate(url)
    return url


@pytest.fixture
def postgres_url() -> Iterator[str]:
    with postgres_server() as main, new_postgres(main, migrated=True) as url:
        yield url


def used(seen: Witnessed) -> float:
    """Return how much of the pace was used, from the first slot to the last."""
    slots = sorted(one.sent.slot for one in seen.arrivals)
    return (len(slots) - 1) / (slots[-1] - slots[0]) / PACE


def refuse_once(sandbox: Sandbox) -> Callable[[], None]:
    """Return what lets a dozen requests pass, then refuses until one was refused."""
    requests = sandbox.state.data.requests

    def meddle() -> None:
        while len(requests) < 12:
            time.sleep(0.01)
        sandbox.limiter.rate = 0
        while not any(row.status == 429 for row in requests):
            time.sleep(0.001)
        sandbox.limiter.rate = None

    return meddle


def too_early(seen: Witnessed) -> int:
    """Count who came within a block although it could know of it.

    On its way already is who last asked whether everybody is blocked before the
    refusal was in the store: nobody can call it back. Whoever asked later must wait.
    """
    return sum(
        one.sent.cleared > refusal.noted and one.at < refusal.until
        for one in seen.arrivals
        for refusal in seen.refusals
    )


@pytest.mark.timeout(240)
def test_with_jitter_four_processes_use_the_pace_and_keep_within_seven_a_second(
    sqlite_url: str,
) -> None:
    with served() as crm:
        seen = run(sqlite_url, crm, seconds=60, jitter=JITTER)
    assert seen.most_in_a_second() <= PERMITTED
    assert used(seen) >= 0.95


@pytest.mark.timeout(240)
def test_on_postgres_four_processes_keep_within_seven_a_second(
    postgres_url: str,
) -> None:
    with served() as crm:
        seen = run(postgres_url, crm, seconds=15, jitter=JITTER)
    assert seen.most_in_a_second() <= PERMITTED
    assert used(seen) >= 0.95


@pytest.mark.timeout(240)
def test_with_great_jitter_the_limiter_refuses_once_and_then_no_more(
    sqlite_url: str,
) -> None:
    with served(rate=PERMITTED) as crm:
        seen = run(sqlite_url, crm, seconds=60, jitter=GREAT_JITTER)
    assert len(seen.deserved(PERMITTED)) <= 1


@pytest.mark.timeout(120)
def test_after_a_refusal_nobody_comes_before_its_time(sqlite_url: str) -> None:
    with served() as crm:
        crm[0].state.choices.rate_retry_after = 3
        meddle = refuse_once(crm[0])
        seen = run(sqlite_url, crm, seconds=12, jitter=JITTER, meanwhile=meddle)
    [first, *_] = seen.throttled()
    assert max(one.until for one in seen.refusals) >= first.at + 3
    assert too_early(seen) == 0
    assert seen.between(first.at + 3, first.at + 12)


@pytest.mark.timeout(120)
def test_a_bucket_with_a_burst_would_be_seen(sqlite_url: str) -> None:
    """The mutant: slots saved up in quiet seconds, as most limiters do it."""
    with served() as crm:
        seen = run(sqlite_url, crm, seconds=10, jitter=JITTER, mutant="burst")
    assert seen.most_in_a_second() > PERMITTED


@pytest.mark.timeout(120)
def test_a_process_deaf_to_refusals_would_be_seen(sqlite_url: str) -> None:
    """The mutant: what one process is told, the others do not hear."""
    with served() as crm:
        crm[0].state.choices.rate_retry_after = 3
        meddle = refuse_once(crm[0])
        seen = run(
            sqlite_url, crm, seconds=10, jitter=JITTER, mutant="deaf", meanwhile=meddle
        )
    assert too_early(seen) > 0
