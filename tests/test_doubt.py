"""What a sync does that may not trust what it has: a refused token, another count."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kommo_sync.config import Config
from kommo_sync.errors import Unauthorized
from kommo_sync.jobs import connect_account, sync_account
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.traffic.faults import parse_faults
from tests.sync.world import Silent, careless, differences, new_store

DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    made = Sandbox.generated(clients=20, seed=4, clock=clock)
    made.state.choices.incoming_leads_are_listed = True
    return made


@pytest.fixture
def rt(tmp_path: Path, sandbox: Sandbox, clock: ManualClock) -> Iterator[Runtime]:
    with careless(new_store(tmp_path)) as store:
        rt = Runtime(Config(), store, clock, random.Random(1), sandbox.transport())
        connect_account(rt, "https://demo.kommo.com", sandbox.token)
        yield rt


@pytest.fixture
def account_id(sandbox: Sandbox) -> AccountId:
    return AccountId(sandbox.state.data.account.id)


def test_a_token_that_is_refused_twice_is_not_tried_again(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId
) -> None:
    sandbox.engine.break_with(parse_faults("revoked"))
    with pytest.raises(Unauthorized):
        sync_account(rt, account_id, progress=Silent())
    [connection] = rt.store.connections()
    assert connection.state == "reconnect"
    before = len(sandbox.state.data.requests)
    with pytest.raises(Unauthorized, match="connect"):
        sync_account(rt, account_id, progress=Silent())
    assert len(sandbox.state.data.requests) == before


def test_a_token_that_is_refused_once_stays_in_use(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId
) -> None:
    sandbox.engine.break_with(parse_faults("revoked:n=1,after=3"))
    with pytest.raises(Unauthorized):
        sync_account(rt, account_id, progress=Silent())
    sync_account(rt, account_id, progress=Silent())
    assert rt.store.connections()[0].state == "active"


def test_another_count_in_the_crm_has_everything_read_again_the_next_time(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId, clock: ManualClock
) -> None:
    sync_account(rt, account_id, progress=Silent())
    lead = max(sandbox.state.cards("leads"))
    del sandbox.state.cards("leads")[lead]
    sandbox.state.touch("leads")
    clock.advance(2 * DAY)
    sync_account(rt, account_id, progress=Silent())
    assert differences(sandbox, rt.store) == [f"leads {lead}: should be gone"]
    report = sync_account(rt, account_id, progress=Silent())
    assert {part.part for part in report.parts if part.full} >= {Part.LEADS}
    assert differences(sandbox, rt.store) == []


def test_another_count_is_not_chased_more_than_once_a_day(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId, clock: ManualClock
) -> None:
    sync_account(rt, account_id, progress=Silent())
    del sandbox.state.cards("leads")[max(sandbox.state.cards("leads"))]
    sandbox.state.touch("leads")
    for _hour in range(3):
        clock.advance(3_600)
        report = sync_account(rt, account_id, progress=Silent())
    assert Part.LEADS not in {part.part for part in report.parts if part.full}
