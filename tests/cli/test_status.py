"""`kommo-sync status`."""

import pytest

from kommo_sync.model.entities import WON, Part
from tests.cli.place import Place


@pytest.fixture
def connected(tmp_path) -> Place:
    return Place.made(tmp_path, clients=20).init().connect()


def won_prices(place: Place) -> list[int]:
    kept = place.sandbox.state.data.leads
    won = [it["id"] for it in place.listed_leads() if it["status_id"] == WON]
    return [kept[it].price for it in won]


def test_without_accounts_it_names_connect(ready):
    assert ready.done("status") == (
        "No account is connected: run `kommo-sync connect` first.\n"
    )
    assert ready.json("status") == []


def test_before_the_first_sync_nothing_has_been_read(connected):
    [status] = connected.json("status")
    assert [part["part"] for part in status["parts"]] == [p.value for p in Part]
    assert {part["synced_at"] for part in status["parts"]} == {None}
    assert "never read" in connected.done("status")


def test_counts_and_ages_stand_beside_the_crms(connected):
    connected.done("sync")
    connected.clock.advance(7200)
    [status] = connected.json("status")
    [leads] = [part for part in status["parts"] if part["part"] == "leads"]
    assert leads["rows"] == leads["crm_rows"] == len(connected.listed_leads())
    assert 7200 <= leads["age_seconds"] < 7400


def test_won_leads_are_counted_and_summed(connected):
    connected.done("sync")
    [status] = connected.json("status")
    prices = won_prices(connected)
    assert status["won"] == {"count": len(prices), "total": sum(prices)}


def test_live_asks_the_crm_for_count_and_sum(connected):
    connected.done("sync")
    lead = next(
        lead
        for lead in connected.sandbox.state.data.leads.values()
        if lead.status_id == WON
    )
    lead.price += 1
    [status] = connected.json("status", "--live")
    assert sum(won_prices(connected)) - status["won"]["total"] == 1
    told = status["crm_won"]
    prices = won_prices(connected)
    assert (told["count"], told["total"]) == (len(prices), sum(prices))
    assert told["at"] >= connected.clock.now() - 1


def test_the_last_runs_are_shown(connected):
    connected.done("sync")
    connected.break_with("revoked")
    connected.run("sync")
    [status] = connected.json("status")
    assert [run["outcome"] for run in status["runs"]] == ["failed", "done"]
    assert "refuses the token" in status["runs"][0]["message"]


def test_the_table_is_in_the_readers_language(connected):
    connected.done("sync")
    connected.environ["LANG"] = "es_ES.UTF-8"
    said = connected.done("status")
    assert "leads ganados" in said
    assert "Contactos" in said
    assert "Últimas ejecuciones" in said


def test_a_crm_that_does_not_answer_does_not_hide_the_others(connected):
    connected.break_with("revoked")
    result = connected.run("status", "--live")
    assert result.exit_code == 4
    assert "refuses the token" in result.stderr
