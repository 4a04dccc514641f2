"""`kommo-sync score`."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from kommo_sync.cli.progress import CountBar, CountLines
from kommo_sync.model.entities import AccountId
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.texts import Texts
from tests.cli.judged import (
    DAY,
    OTHER,
    buy,
    connect_other,
    copied,
    judgements,
    opened,
    regular,
    speaking,
    synced_place,
)
from tests.cli.place import Place

CLIENTS = 60


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> Place:
    """A place whose clients are judged; no test changes it."""
    place = synced_place(tmp_path_factory.mktemp("judged"), CLIENTS)
    place.done("score")
    return place


@pytest.fixture(scope="module")
def read(tmp_path_factory) -> Place:
    """A place whose account has been read; no test changes it."""
    return synced_place(tmp_path_factory.mktemp("read"), clients=20)


@pytest.fixture
def synced(read, tmp_path) -> Place:
    return copied(read, tmp_path)


def test_the_sums_in_json_are_those_of_the_store(judged):
    [found] = judged.json("score")
    rows = judgements(judged).values()
    assert found["clients"] == len(rows) > 50
    assert found["expected_loss"] == sum(row.expected_loss for row in rows) > 0
    assert found["flagged"] == sum(row.flagged for row in rows) > 0
    flagged_loss = sum(row.expected_loss for row in rows if row.flagged)
    assert found["flagged_loss"] == flagged_loss


def test_contacts_that_bought_nothing_are_potential_clients(judged, tmp_path):
    place = copied(judged, tmp_path)
    with closing(sqlite3.connect(place.folder / "kommo-sync.sqlite3")) as database:
        clients = {key for (key,) in database.execute("SELECT client FROM judgements")}
        joined = database.execute("SELECT contact_id FROM client_members")
        others = {contact for (contact,) in joined}
        cards = database.execute("SELECT id, company_id FROM contacts").fetchall()
        alone = [
            card
            for card, firm in cards
            if card not in others
            and 2 * card not in clients
            and (not firm or 2 * firm + 1 not in clients)
        ]
        lost = "UPDATE leads SET status_id = 143 WHERE status_id <> 142"
        database.execute(lost)
        [lead] = database.execute("SELECT min(id) FROM leads").fetchone()
        reopened = "UPDATE leads SET status_id = 5, main_contact_id = ? WHERE id = ?"
        database.execute(reopened, [alone[0], lead])
        database.execute("DELETE FROM lead_contacts WHERE lead_id = ?", [lead])
        database.commit()
    [found] = place.json("score")
    assert (found["potential"], found["potential_with_open_deal"]) == (len(alone), 1)


@pytest.mark.parametrize(("kind", "those"), [("stage", 9), ("segment", 11)])
def test_every_stage_and_segment_is_counted(judged, kind, those):
    [found] = judged.json("score")
    rows = judgements(judged).values()
    told = {one[kind]: one for one in found[f"{kind}s"]}
    assert len(told) == those
    counted = Counter(getattr(row, kind) for row in rows)
    assert {name: one["clients"] for name, one in told.items() if one["clients"]} == (
        counted
    )
    for name, one in told.items():
        theirs = [row for row in rows if getattr(row, kind) == name]
        assert one["expected_loss"] == sum(row.expected_loss for row in theirs)
        assert one["flagged"] == sum(row.flagged for row in theirs)


def test_the_first_scoring_judges_everybody_and_the_next_nobody(synced):
    [first] = synced.json("score")
    assert first["learned"]
    assert first["judged"] == first["changed"] == first["clients"]
    [second] = synced.json("score")
    assert (second["learned"], second["judged"], second["changed"]) == (False, 0, 0)


def test_a_full_scoring_judges_everybody_again_and_finds_the_same(synced):
    [first] = synced.json("score")
    [again] = synced.json("score", "--full")
    assert again["learned"]
    assert (again["judged"], again["changed"]) == (first["clients"], 0)


def test_a_purchase_lets_one_client_be_judged_anew(tmp_path):
    place, contact, _ = regular(tmp_path, purchases=1)
    place.done("score")
    buy(place, contact)
    [found] = place.json("score")
    assert (found["learned"], found["judged"], found["changed"]) == (False, 1, 1)


def test_days_are_dates_and_it_is_said_what_the_horizon_rests_on(judged):
    [found] = judged.json("score")
    assert found["as_of"] == found["learned_as_of"] == "2026-09-21"
    assert (found["horizon_source"], found["source"]) == ("own", "account")
    assert found["repeat_purchases"] > 150
    said = judged.done("score")
    assert f"in the coming {found['horizon_days']} days" in said
    assert "from the account's own rhythm" in said
    assert f"this account alone: {found['repeat_purchases']} repeat purchases" in said


def test_a_horizon_that_is_set_is_said_to_be(synced):
    synced.environ["KOMMO_SYNC__JUDGING__HORIZON_DAYS"] = "61"
    [found] = synced.json("score")
    assert (found["horizon_days"], found["horizon_source"]) == (61, "set")
    assert "the coming 61 days, a horizon set in the settings" in synced.done("score")


def test_without_purchases_others_speak_for_the_account(tmp_path):
    place = synced_place(tmp_path, clients=0)
    [found] = place.json("score")
    assert (found["clients"], found["expected_loss"]) == (0, 0)
    assert (found["source"], found["horizon_source"]) == ("prior", "usual")
    assert "that of other businesses" in place.done("score")


def test_tables_show_stages_and_segments_in_the_readers_language(judged):
    [found] = judged.json("score")
    told = {one["stage"]: one for one in found["stages"]}
    lines = speaking(judged, "ru_RU").done("score").splitlines()
    [due] = [line.split("│")[2:4] for line in lines if "Пора купить" in line]
    share = round(100 * told["due"]["clients"] / found["clients"])
    assert [cell.strip() for cell in due] == [
        str(told["due"]["clients"]),
        f"{share}\N{NO-BREAK SPACE}%",
    ]
    loss = Texts("ru").money(found["flagged_loss"], "USD")
    [flagged] = [line for line in lines if "под угрозой" in line]
    assert loss in flagged
    assert any("Нельзя потерять" in line for line in lines)
    assert any("Fieles en potencia" in it for it in _lines(judged, "es_ES"))
    assert any("Hora de comprar" in line for line in _lines(judged, "pt_BR"))


def _lines(place: Place, language: str) -> list[str]:
    return speaking(place, language).done("score").splitlines()


def test_what_changed_is_counted_in_words(synced):
    said = synced.done("score").splitlines()[-1]
    clients = len(judgements(synced))
    assert said == f"{clients} clients judged in 0 s; {clients} judgements changed."
    last = synced.done("score").splitlines()[-1]
    assert last == "0 clients judged in 0 s; 0 judgements changed."


def test_who_has_no_purchase_left_is_told(tmp_path):
    place, *_ = regular(tmp_path, purchases=1)
    place.done("score")
    state = place.sandbox.state
    [lead] = state.data.leads.values()
    lead.status_id, lead.updated_at = 143, state.now() + 1
    state.touch("leads")
    place.clock.advance(3600)
    place.done("sync", "--full", "--quiet")
    said = place.done("score").splitlines()[-1]
    assert said == "1 client has no purchase left, and is judged no more."


def test_quiet_says_nothing(synced):
    result = synced.run("score", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_json_is_all_that_stands_on_standard_output(synced):
    [found] = json.loads(synced.run("score", "--json").stdout)
    assert (found["account_id"], found["error"]) == (synced.account_id, None)


@pytest.mark.parametrize("command", ["score", "backtest", "report"])
def test_without_accounts_connect_is_named(ready, command):
    result = ready.run(command)
    assert (result.exit_code, result.stderr) == (
        2,
        "No account is connected: run `kommo-sync connect` first.\n",
    )


@pytest.mark.parametrize("command", ["score", "backtest", "report"])
def test_an_account_of_which_nothing_was_read_names_sync(ready, command):
    result = ready.connect().run(command)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert line.endswith("has been read: run `kommo-sync sync` first.")


@pytest.mark.parametrize("command", ["score", "backtest", "report"])
def test_one_account_of_two_that_fails_is_told_and_the_other_is_done(synced, command):
    synced.done("score")
    connect_other(synced)
    result = synced.run(command, "--json")
    done, failed = json.loads(result.stdout)[::-1]
    assert (result.exit_code, done["error"]) == (3, None)
    assert failed["account_id"] == OTHER
    assert "run `kommo-sync sync` first" in failed["error"]
    assert synced.run(command, "--account", str(OTHER)).exit_code == 2
    assert synced.run(command, "--account", str(synced.account_id)).exit_code == 0


def test_an_account_that_is_not_connected_is_a_usage_error(judged):
    result = judged.run("score", "--account", "7")
    assert result.exit_code == 2
    assert result.stderr.startswith("Account 7 is not connected")


def test_another_process_at_the_same_work_is_temporary(synced):
    with opened(synced) as store:
        store.account(AccountId(synced.account_id)).take_lease(
            "score", "elsewhere:1:1", synced.clock.now(), seconds=900, is_dead=_never
        )
    result = synced.run("score")
    assert result.exit_code == 75
    assert "elsewhere:1:1" in result.stderr


def _never(_owner: str) -> bool:
    return False


class Impatient(ManualClock):
    """Somebody presses Ctrl-C at the second look at the clock."""

    looked = 0

    def now(self) -> float:
        self.looked += 1
        if self.looked > 1:
            raise KeyboardInterrupt
        return super().now()


def test_ctrl_c_ends_with_its_code_and_one_sentence(synced):
    synced.clock = Impatient()
    result = synced.run("score")
    assert result.exit_code == 130
    assert "Stopped. Nothing is lost: run the same command again." in result.stderr


def test_without_a_terminal_a_line_comes_every_ten_seconds():
    clock, written = ManualClock(), StringIO()
    console = Console(file=written, width=200)
    lines = CountLines(
        console, Texts("ru"), "Acme (5)", "progress.clients", clock, clock.now()
    )
    for done in range(0, 25_000, 1000):
        lines(done, 25_000)
        clock.advance(1)
    assert written.getvalue().replace("\N{NO-BREAK SPACE}", " ").splitlines() == [
        "Acme (5): клиенты: 10 000 из 25 000",
        "Acme (5): клиенты: 20 000 из 25 000",
    ]


def test_a_bar_waits_for_the_first_number_and_then_grows():
    progress = Progress(TextColumn("{task.description}"))
    bar = CountBar(progress, Texts("en"), "Acme (5)", "progress.months")
    [task] = progress.tasks
    assert (task.description, task.total) == ("Acme (5)", None)
    assert task.fields["told"] == "counting and learning"
    bar(3, 24)
    assert (task.completed, task.total) == (3, 24)
    assert task.fields["told"] == "months: 3 of 24"


def test_the_days_pass_and_the_account_is_learned_anew(synced):
    synced.done("score")
    synced.clock.advance(DAY)
    [found] = synced.json("score")
    assert (found["learned"], found["as_of"]) == (True, "2026-09-22")
    assert found["judged"] == found["clients"]
