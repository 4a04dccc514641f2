"""The state file: everything comes back, and a bad file costs one clear sentence."""

import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.saving import (
    FORMAT,
    BadStateFile,
    load,
    save,
    truth_path,
)
from kommo_sync.sandbox.app import Sandbox
from tests.sandbox.batches import GOOD_AND_BAD, Account
from tests.sandbox.kit import Api

LISTS = """
account leads?with=contacts,loss_reason leads?with=only_deleted
contacts?with=leads contacts?with=only_deleted companies?with=contacts tasks
leads/notes?with=is_pinned leads/tags leads/custom_fields?limit=250
leads/custom_fields/groups contacts/custom_fields leads/pipelines leads/loss_reasons
leads/unsorted leads/unsorted/summary users?with=role,group roles?with=users webhooks
events events?limit=250&page=2
""".split()


def busy(clock: ManualClock | None = None) -> Sandbox:
    """Return an account in which everything that can happen has happened once."""
    sandbox = Sandbox.generated(clients=12, clock=clock or ManualClock())
    api = Api(sandbox)
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    api.post("webhooks", hook, 201)
    account = Account(api)
    for route in GOOD_AND_BAD:
        account.start(route)
        path, [good, _] = account.batch(route)
        assert api.call(route.split(" ")[0], path, [good]).status_code < 300
    enums = {"name": "Kind", "type": "select", "enums": [{"value": "A"}]}
    [field_id] = api.make("leads/custom_fields", enums)
    api.patch(f"leads/custom_fields/{field_id}", {"enums": [{"value": "B"}]})
    live(api, account)
    assert api.call("POST", "/_sandbox/tokens").status_code == 200
    assert api.call("GET", "nowhere").status_code == 404
    return sandbox


def live(api: Api, account: Account) -> None:
    """Let people do what only they can."""
    api.act("chat", contact_id=account.contact, text="Добрый день")
    api.act("call", contact_id=account.contact, seconds=30)
    api.act("edit", entity="leads", id=account.lead, set={"price": 12.34})
    api.act("merge", entity="contacts", id=account.contact, loser_id=api.contact())
    api.act("trash", entity="leads", id=api.lead(name="gone"))
    api.act("trash", entity="companies", id=account.company)
    api.act("delete_task", id=account.task)
    uid = api.rows("leads/unsorted")[0]["uid"]
    api.post(f"leads/unsorted/{uid}/accept", {})


def answers(sandbox: Sandbox) -> dict[str, Any]:
    api = Api(sandbox, token=sandbox.token)
    return {path: api.get(path) for path in LISTS}


def written(path: Path, **change: Any) -> Path:
    """Write the state of an empty account, changed, and return where it lies."""
    data = msgspec.to_builtins(Sandbox.empty(clock=ManualClock()).state.data)
    path.write_text(json.dumps({**data, **change}))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(BadStateFile) as caught:
        load(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_a_busy_account_comes_back_equal(tmp_path: Path):
    sandbox = busy()
    sandbox.save(tmp_path / "state.json")
    assert load(tmp_path / "state.json") == sandbox.state.data


def test_a_busy_account_answers_the_same_after_a_restart(tmp_path: Path):
    sandbox = busy(clock := ManualClock())
    before = answers(sandbox)
    sandbox.save(tmp_path / "state.json")
    assert answers(Sandbox.loaded(tmp_path / "state.json", clock=clock)) == before


def test_after_a_restart_ids_go_on_where_they_were(tmp_path: Path, api: Api, clock):
    ids = [api.lead(), api.contact(), api.company()]
    api.sandbox.save(tmp_path / "state.json")
    again = Api(Sandbox.loaded(tmp_path / "state.json", clock=clock))
    assert [again.lead(), again.contact(), again.company()] == [
        ids[0] + 1,
        ids[1] + 2,
        ids[2] + 2,
    ]


def test_after_a_restart_tokens_and_switches_hold(tmp_path: Path, api: Api, clock):
    token = api.sandbox.token
    api.sandbox.state.choices.default_limit = 7
    api.sandbox.save(tmp_path / "state.json")
    again = Sandbox.loaded(tmp_path / "state.json", clock=clock)
    assert again.token == token
    assert again.state.choices.default_limit == 7


def test_after_a_restart_what_hangs_on_a_card_is_found(tmp_path: Path, api: Api, clock):
    lead_id = api.lead()
    on = {"text": "x", "entity_type": "leads", "entity_id": lead_id}
    first, _ = api.make("tasks", *({**on, "complete_till": n} for n in (5, 7)))
    api.make(f"leads/{lead_id}/notes", {"note_type": "common", "params": {"text": "x"}})
    api.sandbox.save(tmp_path / "state.json")
    again = Api(Sandbox.loaded(tmp_path / "state.json", clock=clock))
    again.patch(f"tasks/{first}", {"is_completed": True})
    assert again.get(f"leads/{lead_id}")["closest_task_at"] == 7
    assert len(again.rows(f"leads/{lead_id}/notes")) == 1


def test_after_a_restart_a_known_name_is_the_known_tag(tmp_path: Path, api: Api, clock):
    api.lead(tags_to_add=[{"name": "vip"}])
    api.sandbox.save(tmp_path / "state.json")
    again = Api(Sandbox.loaded(tmp_path / "state.json", clock=clock))
    again.lead(tags_to_add=[{"name": "VIP"}])
    assert [tag["name"] for tag in again.rows("leads/tags")] == ["vip"]


def test_a_webhook_on_its_way_is_still_delivered_after_a_restart(
    tmp_path: Path, api, clock
):
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    api.post("webhooks", hook, 201)
    api.lead()
    api.sandbox.save(tmp_path / "state.json")
    sent: list[str] = []

    def send(url: str, _body: bytes, _headers: dict[str, str]) -> int:
        sent.append(url)
        return 200

    again = Sandbox.loaded(tmp_path / "state.json", clock=clock)
    Sandbox(again.state, send=send).hooks.deliver_due()
    assert sent == ["https://a.example/"]


def test_only_the_owner_may_read_the_file(tmp_path: Path, api: Api):
    path = tmp_path / "state.json"
    path.write_text("{}")
    path.chmod(0o644)
    api.sandbox.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_saving_leaves_nothing_beside_the_file(tmp_path: Path, api: Api):
    api.sandbox.save(tmp_path / "state.json")
    api.sandbox.save(tmp_path / "state.json")
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_the_truth_of_a_generated_account_lies_beside_it(tmp_path: Path):
    sandbox = Sandbox.generated(clients=3, clock=ManualClock())
    sandbox.save(tmp_path / "state.json")
    told = json.loads((tmp_path / "state.truth.json").read_bytes())
    assert told == json.loads(msgspec.json.encode(sandbox.state.data.truth))
    assert truth_path(tmp_path / "state.json").name == "state.truth.json"


def test_a_save_that_fails_midway_leaves_the_old_file_whole(tmp_path: Path, api: Api):
    path = tmp_path / "state.json"
    api.sandbox.save(path)
    before = path.read_bytes()
    api.sandbox.state.data.truth = {"no JSON": object()}
    with pytest.raises(TypeError):
        api.sandbox.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_who_has_the_old_file_open_still_reads_it_whole(tmp_path: Path, api: Api):
    path = tmp_path / "state.json"
    api.sandbox.save(path)
    before = path.read_bytes()
    api.lead()
    with path.open("rb") as old:
        api.sandbox.save(path)
        assert old.read() == before != path.read_bytes()


def test_an_old_part_in_the_way_is_overwritten(tmp_path: Path, api: Api):
    (tmp_path / "state.json.part").write_text("left by a crash" * 100_000)
    api.sandbox.save(tmp_path / "state.json")
    assert load(tmp_path / "state.json") == api.sandbox.state.data


@pytest.mark.parametrize(
    "place", ["nowhere/state.json", "file/state.json", "taken.json"]
)
def test_a_place_that_cannot_be_written_is_named_in_one_sentence(
    tmp_path: Path, api: Api, place: str
):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken.json.part").mkdir()
    path = tmp_path / place
    with pytest.raises(BadStateFile, match="cannot be written") as caught:
        save(api.sandbox.state.data, path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named_in_one_sentence(tmp_path: Path):
    assert "cannot be read" in refusal(tmp_path / "nowhere.json")


def test_a_folder_is_no_state_file(tmp_path: Path):
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize(
    "text", [b"", b"garbage", b"{", b"[]", b"{}", b"\xff\xfe\x00", b"null", b"[" * 9999]
)
def test_garbage_is_no_sandbox_state(tmp_path: Path, text: bytes):
    path = tmp_path / "state.json"
    path.write_bytes(text)
    assert "is no sandbox state" in refusal(path)


def test_half_a_file_is_no_sandbox_state(tmp_path: Path, api: Api):
    path = tmp_path / "state.json"
    api.sandbox.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert "is no sandbox state" in refusal(path)


def test_a_value_of_the_wrong_type_is_named_by_its_place(tmp_path: Path):
    path = written(tmp_path / "state.json", leads={"1": {"id": "one"}})
    assert "$.leads[...].id" in refusal(path)


@pytest.mark.parametrize("change", [{}, {"leads": "moved elsewhere"}])
def test_a_newer_format_is_told_apart_whatever_its_shape(tmp_path: Path, change):
    path = written(tmp_path / "state.json", format=FORMAT + 1, **change)
    sentence = refusal(path)
    assert f"has format {FORMAT + 1}, this program reads {FORMAT}" in sentence
