import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kommo_sync.config import Config
from kommo_sync.jobs.connecting import connect_account
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from tests.sync.world import careless, new_store

ADDRESS = "https://demo.kommo.com"


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
        yield Runtime(Config(), store, clock, random.Random(1), sandbox.transport())


@pytest.fixture
def account_id(rt: Runtime, sandbox: Sandbox) -> AccountId:
    """The account, connected."""
    return AccountId(connect_account(rt, ADDRESS, sandbox.token).account.id)
