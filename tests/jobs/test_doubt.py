"""What a sync does that may not trust what it has: a refused token, another count."""

import pytest

from kommo_sync.errors import CrmUnavailable, Unauthorized
from kommo_sync.jobs.syncing import SyncReport, sync_account
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.traffic.faults import parse_faults
from tests.sync.world import Silent, differences


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


def lose_a_lead_without_a_word(sandbox: Sandbox) -> int:
    lead = max(sandbox.state.cards("leads"))
    del sandbox.state.cards("leads")[lead]
    sandbox.state.touch("leads")
    return lead


def read_whole(report: SyncReport) -> set[Part]:
    return {part.part for part in report.parts if part.full} & {Part.LEADS}


def test_a_count_that_differs_twice_has_everything_read_again(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId
) -> None:
    sync_account(rt, account_id, progress=Silent())
    lead = lose_a_lead_without_a_word(sandbox)
    for _twice in range(2):
        assert not read_whole(sync_account(rt, account_id, progress=Silent()))
    assert differences(sandbox, rt.store) == [f"leads {lead}: should be gone"]
    assert read_whole(sync_account(rt, account_id, progress=Silent()))
    assert differences(sandbox, rt.store) == []


def test_a_count_that_differs_lastingly_is_not_chased_each_time(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId
) -> None:
    sync_account(rt, account_id, progress=Silent())
    pretend = "kommo_sync.jobs.syncing.count_records"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretend, lambda *_: -1)
        reports = [sync_account(rt, account_id, progress=Silent()) for _ in range(6)]
    whole = [number for number, report in enumerate(reports) if read_whole(report)]
    assert whole == [2]


def test_a_crm_that_does_not_answer_when_it_is_to_count_spoils_nothing(
    rt: Runtime, sandbox: Sandbox, account_id: AccountId
) -> None:
    def refuse(*_: object) -> int:
        raise CrmUnavailable("It does not answer.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kommo_sync.jobs.syncing.count_records", refuse)
        sync_account(rt, account_id, progress=Silent())
    assert rt.store.account(account_id).runs(1)[0].outcome == "done"
    assert differences(sandbox, rt.store) == []
