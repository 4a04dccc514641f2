"""`kommo-sync explain`."""

import ast
import inspect

import pytest

from kommo_sync.cli.explain import HEADINGS
from kommo_sync.model import explain as facts_of_the_model
from kommo_sync.model.clients import company_key, contact_key
from kommo_sync.model.entities import AccountId
from tests.cli.judged import (
    DAY,
    OTHER,
    connect_other,
    copied,
    judgements,
    opened,
    regular,
    speaking,
    synced_place,
)
from tests.cli.place import ADDRESS, Place

ANN, HER_OTHER_CARD = 5_000_001, 5_000_002


@pytest.fixture(scope="module")
def ann(tmp_path_factory) -> Place:
    """Ann bought on four days, 30 days apart, and has been silent for 20; judged."""
    place, first, second = regular(tmp_path_factory.mktemp("ann"))
    assert (first, second) == (ANN, HER_OTHER_CARD)
    place.clock.advance(20 * DAY)
    place.done("score")
    return place


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Place:
    """A place whose clients are judged; no test changes it."""
    place = synced_place(tmp_path_factory.mktemp("shop"), clients=60)
    place.done("score")
    return place


def told(place: Place, *args: str) -> dict[str, dict[str, object]]:
    """Return the values of the facts about a client."""
    facts = place.json("explain", *args)["facts"]
    return {fact["fact"]: fact["values"] for fact in facts}


def test_the_facts_are_those_of_the_deals(ann):
    facts = told(ann, f"contact:{ANN}")
    assert facts["bought"] == {
        "purchases": 4,
        "first": "2026-09-21",
        "last": "2026-12-20",
        "total": 40_000,
    }
    assert facts["rhythm"] == {"gap": 30, "longest": 30}
    assert facts["silent"]["silence"] == facts["r"]["silence"] == 20
    assert facts["source_prior"] == {"repeats": 3}
    assert "p_alive" not in facts


def test_the_sentences_say_them_in_groups(ann):
    said = ann.done("explain", f"contact:{ANN}")
    assert said.startswith(
        f"Contact {ANN}  {ADDRESS}/contacts/detail/{ANN}\n"
        "As of 2027-01-09, by what the account taught up to 2027-01-09.\n"
        "\nPurchases\n"
        "  4 purchases for 400.00\N{NO-BREAK SPACE}USD: the first on 2026-09-21, the "
        "last on 2026-12-20.\n"
        "\nRhythm\n"
        "  A purchase every 30 days on average; the longest gap was 30 days.\n"
        "  Now silent for 20 days: "
    )
    headings = [line for line in said.splitlines() if line and line[0].isupper()]
    assert headings[3:8] == [
        "Rhythm",
        "RFM",
        "Stage",
        "What comes next",
        "Flag",
    ]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "es_AR",
            (
                "4 compras por 400,00 USD: la primera el 21/09/2026, la última el",
                "Una compra cada 30 días de media; el intervalo más largo fue de 30",
                "(3 recompras)",
                f"El contacto {HER_OTHER_CARD} es la misma persona: tiene un correo",
            ),
        ),
        (
            "pt_BR",
            (
                "4 compras por 400,00 USD: a primeira em 21/09/2026, a última em",
                "Uma compra a cada 30 dias em média; o maior intervalo foi de 30 dias",
                "(3 recompras)",
                f"O contato {HER_OTHER_CARD} é a mesma pessoa: tem um e-mail",
            ),
        ),
        (
            "ru_RU",
            (
                "4 покупки на 400,00 USD: первая 21.09.2026, последняя 20.12.2026.",
                "Покупает в среднем раз в 30 дней; самый длинный перерыв — 30 дней.",
                "(3 повторные покупки)",
                f"Контакт {HER_OTHER_CARD} — тот же человек",
            ),
        ),
    ],
)
def test_they_are_told_in_the_readers_language(ann, language, sentences):
    said = speaking(ann, language).done("explain", f"contact:{ANN}")
    plain = said.replace("\N{NO-BREAK SPACE}", " ")
    assert [one for one in sentences if one not in plain] == []


def test_the_deals_that_count_are_listed_with_their_leads(ann):
    deals = ann.json("explain", f"contact:{ANN}")["deals"]
    leads = {lead["id"]: lead["price"] for lead in ann.listed_leads()}
    assert {deal["lead_id"]: deal["amount"] // 100 for deal in deals} == leads
    assert [deal["day"] for deal in deals] == [
        "2026-09-21",
        "2026-10-21",
        "2026-11-20",
        "2026-12-20",
    ]
    said = ann.done("explain", f"contact:{ANN}")
    for lead in leads:
        [line] = [line for line in said.splitlines() if f" {lead} " in line]
        assert "100.00" in line


def test_a_second_card_of_the_same_person_is_told_with_its_evidence(ann):
    found = ann.json("explain", f"contact:{HER_OTHER_CARD}")
    assert found["client"] == f"contact:{ANN}"
    assert found["joined"] == [
        {"contact_id": HER_OTHER_CARD, "joined_with": ANN, "kind": "email"}
    ]
    said = ann.done("explain", f"contact:{ANN}")
    assert said.endswith(
        f"Contact {HER_OTHER_CARD} is the same person: it has an e-mail of contact "
        f"{ANN}.\n"
    )


@pytest.mark.parametrize(
    "name",
    [
        f"{ADDRESS}/contacts/detail/{ANN}",
        f"{ADDRESS}/leads/detail/1000002",
        "lead:1000004",
        f"contact {ANN}",
    ],
)
def test_a_client_is_named_by_a_card_or_its_address(ann, name):
    assert ann.json("explain", name)["client"] == f"contact:{ANN}"


def test_what_is_told_of_anybody_is_what_the_store_holds(shop):
    rows = judgements(shop)
    flagged = next(name for name, row in rows.items() if row.flagged)
    lost = next(name for name, row in rows.items() if row.stage == "lost")
    company = next(name for name in rows if name.startswith("company"))
    for name in (flagged, lost, company):
        facts, row = told(shop, name), rows[name]
        assert [facts[score]["score"] for score in "rfm"] == [row.r, row.f, row.m]
        assert facts["segment"] == {"segment": row.segment}
        assert facts["stage"]["stage"] == row.stage
        assert facts["p_no_purchase"]["chance"] == row.p_no_purchase
        assert facts["p_alive"]["chance"] == row.p_alive
        at_stake = facts.get("expected_loss", {"loss": 0})
        assert at_stake["loss"] == row.expected_loss
        assert ("flagged_chance" in facts) == bool(row.flagged)


def test_shares_are_percents_and_money_has_its_currency(shop):
    name, row = next(it for it in judgements(shop).items() if it[1].flagged)
    said = shop.done("explain", name).replace("\N{NO-BREAK SPACE}", " ")
    chance = f"{round(100 * row.p_no_purchase)}%"
    assert f"days: {chance}." in said
    assert f"At stake: {row.expected_loss / 100:,.2f} USD, that is {chance}" in said
    assert f"Flagged: the chance of no purchase, {chance}, has reached" in said


def test_a_past_judgement_comes_out_the_same_bit_by_bit(ann, tmp_path):
    place = copied(ann, tmp_path)
    now = place.json("explain", f"contact:{ANN}")
    assert now["same"] is None
    place.clock.advance(200 * DAY)
    place.done("score")
    later = place.json("explain", f"contact:{ANN}")
    past = place.json("explain", f"contact:{ANN}", "--on", "2027-01-15")
    assert (past["as_of"], past["same"]) == ("2027-01-09", True)
    assert past["facts"] == now["facts"] != later["facts"]
    said = place.done("explain", f"contact:{ANN}", "--on", "2027-01-15")
    assert "the judgement is the same, bit by bit." in said
    assert "the last judgement kept up to 2027-01-15" in said
    exact = place.done("explain", f"contact:{ANN}", "--on", "2027-01-09")
    assert "the last judgement kept" not in exact


def test_a_judgement_that_comes_out_otherwise_is_told(ann, tmp_path):
    place = copied(ann, tmp_path)
    with opened(place) as store:
        judging = store.account(AccountId(place.account_id)).judging()
        [turn] = judging.log_of(contact_key(ANN))
        wrong = turn._replace(row=turn.row._replace(ltv=turn.row.ltv + 1))
        judging.write_judgements([], [wrong])
    args = ("explain", f"contact:{ANN}", "--on", "2027-01-09")
    assert place.json(*args)["same"] is False
    assert "the judgement differs" in place.done(*args)


def test_a_day_before_the_first_judgement_has_none(ann):
    result = ann.run("explain", f"contact:{ANN}", "--on", "2026-12-01")
    assert (result.exit_code, result.stderr) == (
        2,
        f"contact:{ANN} was not judged by then: `kommo-sync score` does it.\n",
    )


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("zebra",), "zebra names no card: write contact:12, company:34 or lead:56"),
        (("contact:1",), "No deal of contact:1 counts as a purchase"),
        (("lead:1",), "No deal of lead:1 counts as a purchase"),
        ((f"contact:{ANN}", "--on", "2026-13-01"), "--on: 2026-13-01 is no day"),
        ((f"contact:{ANN}", "--on", "soon"), "--on: soon is no day"),
        (
            (f"contact:{ANN}", "--on", "2027-01-10"),
            "--on: 2027-01-10 lies ahead; today is 2027-01-09.",
        ),
        ((f"contact:{ANN}", "--account", "7"), "Account 7 is not connected"),
    ],
)
def test_bad_input_is_told_in_one_sentence(ann, args, told):
    result = ann.run("explain", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert told in line


def test_today_is_not_ahead(ann):
    assert ann.run("explain", f"contact:{ANN}", "--on", "2027-01-09").exit_code == 0


def test_without_accounts_connect_is_named(ready):
    result = ready.run("explain", "contact:1")
    assert result.exit_code == 2
    assert "run `kommo-sync connect` first" in result.stderr


def test_before_sync_and_score_they_are_named(ready):
    ready.connect()
    result = ready.run("explain", "contact:1")
    assert (result.exit_code, "`kommo-sync sync` first" in result.stderr) == (2, True)
    ready.done("sync", "--quiet")
    result = ready.run("explain", "contact:1")
    assert (result.exit_code, "`kommo-sync score` first" in result.stderr) == (2, True)


def test_of_several_accounts_one_must_be_named(ann, tmp_path):
    place = copied(ann, tmp_path)
    connect_other(place)
    result = speaking(place, "ru_RU").run("explain", f"contact:{ANN}")
    assert (result.exit_code, result.stderr) == (
        2,
        "Подключено несколько аккаунтов: укажите один из "
        f"{OTHER}, {place.account_id} через --account.\n",
    )
    account = str(place.account_id)
    assert place.run("explain", f"contact:{ANN}", "--account", account).exit_code == 0


def test_a_company_is_told_as_one(shop):
    name = next(one for one in judgements(shop) if one.startswith("company"))
    number = name.partition(":")[2]
    said = shop.done("explain", name)
    address = f"{ADDRESS}/companies/detail/{number}"
    assert said.startswith(f"Company {number}  {address}\n")
    assert shop.json("explain", name)["client"] == name
    with opened(shop) as store:
        judging = store.account(AccountId(shop.account_id)).judging()
        deals = judging.deals_of(company_key(int(number)))
    told = shop.json("explain", name)["deals"]
    assert [deal["lead_id"] for deal in told] == [deal.lead_id for deal in deals]


def test_every_fact_of_the_model_has_its_place_in_a_group():
    tree = ast.parse(inspect.getsource(facts_of_the_model))
    keys = {
        node.value.partition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("explain.")
    }
    assert keys == HEADINGS.keys()
