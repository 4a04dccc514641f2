"""`kommo-sync report`."""

import json
import re
from typing import Any

import pytest

from kommo_sync.model.entities import AccountId
from tests.cli.judged import opened, regular, speaking, synced_place
from tests.cli.place import Place

LANGUAGES = ("en_GB", "es_MX", "pt_BR", "ru_RU")


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Place:
    """A place whose clients are judged; no test changes it."""
    place = synced_place(tmp_path_factory.mktemp("shop"), clients=80)
    place.done("score")
    return place


@pytest.fixture(scope="module")
def found(shop: Place) -> Any:
    [report] = shop.json("report")
    return report


@pytest.fixture(scope="module")
def years(tmp_path_factory) -> Place:
    """One client that buys every 130 days, for the tenth time today; judged."""
    place, *_ = regular(tmp_path_factory.mktemp("years"), purchases=10, days=130)
    place.done("score")
    return place


def deals(place: Place) -> dict[int, list[tuple[int, int]]]:
    """Return day and amount of all counted deals, by client."""
    with opened(place) as store:
        judging = store.account(AccountId(place.account_id)).judging()
        return {
            client: [(deal.day, deal.amount) for deal in judging.deals_of(client)]
            for client in judging.digests()[0].tolist()
        }


def test_the_key_figures_are_those_of_the_deals(shop, found):
    known, figures = deals(shop), found["figures"]
    days = {client: {day for day, _ in theirs} for client, theirs in known.items()}
    revenue = sum(amount for theirs in known.values() for _, amount in theirs)
    assert figures["clients"] == len(known)
    assert figures["revenue"] == revenue
    assert figures["purchases"] == sum(map(len, days.values()))
    again = sum(len(theirs) > 1 for theirs in days.values())
    assert figures["repeat_rate"] == again / len(known)
    assert sum(figures["clients_by_count"]) == len(known)


def test_the_cohorts_hold_every_client_and_all_revenue(found):
    rows = found["cohorts"]["rows"]
    assert sum(row["clients"] for row in rows) == found["figures"]["clients"]
    assert sum(sum(row["revenue"]) for row in rows) == found["figures"]["revenue"]
    width = len(rows)
    assert [len(row["buyers"]) for row in rows] == list(range(width, 0, -1))
    assert all(row["buyers"][0] == row["clients"] for row in rows)
    assert [row["whole"][-1] for row in rows] == [False] * width
    assert all(all(row["whole"][:-1]) for row in rows)
    assert [row["first_day"] for row in rows][-2:] == ["2026-04-01", "2026-07-01"]


def test_the_best_clients_bring_ever_more_of_the_revenue(found):
    pareto = found["concentration"]
    assert [one["clients"] for one in pareto["best"]] == [0.01, 0.05, 0.1, 0.2, 0.5]
    brought = [one["revenue"] for one in pareto["best"]]
    assert brought == sorted(brought)
    assert brought[-1] < 1
    most = pareto["revenue_from"]
    assert [one["revenue"] for one in most] == [0.6, 0.8]
    assert most[0]["clients"] < most[1]["clients"] < pareto["clients"]
    assert most[0]["share"] == most[0]["clients"] / pareto["clients"]


def test_who_entered_a_stage_went_on_or_is_there_yet(found):
    for stage in found["journey"]:
        assert stage["entered"] == sum(stage["went"].values()) + stage["still"]
    went = {stage["stage"]: stage["went"] for stage in found["journey"]}
    assert went["new"]["repeat"] > 0


def test_the_matrix_holds_every_client_once(shop, found):
    [score] = shop.json("score")
    matrix = found["matrix"]
    assert (len(matrix["stages"]), matrix["days"]) == (11, 90)
    now = dict(
        zip(
            matrix["stages"],
            map(sum, zip(*matrix["clients"], strict=True)),
            strict=True,
        )
    )
    for stage in score["stages"]:
        assert now[stage["stage"]] == stage["clients"]


def test_the_lifetime_value_is_the_product_of_its_parts(found):
    ltv = found["ltv"]
    parts = ("average_order", "purchases_a_year", "years_retained")
    product = ltv[parts[0]] * ltv[parts[1]] * ltv[parts[2]]
    assert ltv["value"] == round(product) > 0


def test_the_ladder_has_the_steps_that_somebody_is_old_enough_for(found):
    steps = found["ladder"]["steps"]
    assert steps[0]["purchase"] == 1
    for step in steps:
        assert step["trials"] >= step["cases"]
        assert step["low"] <= step["share"] == step["cases"] / step["trials"]
        assert step["share"] <= step["high"]


def test_a_regular_client_is_told_to_the_day(years):
    [found] = years.json("report")
    assert (found["as_of"], found["currency"]) == ("2029-12-04", "USD")
    assert found["figures"]["average_order"] == 10_000
    assert found["figures"]["lifetime_days"] == 9 * 130
    wait = found["days_to_second_purchase"]
    assert (wait["cases"], wait["median"], wait["quantile_80"]) == (1, 130, 130)
    [*_, last] = found["ladder"]["steps"]
    assert (last["cases"], last["trials"], last["median_days"]) == (1, 1, 130)
    projection = found["projection"]
    assert (projection["known"], projection["last_year"]) == (True, 30_000)
    assert [way["uplift"] for way in projection["ways"]] == [0, 0.01, 0.05, 0.1]
    for way in projection["ways"]:
        assert way["revenue"] == way["high"] == [30_000] * 3
        assert way["low"][-1] < 30_000


def test_the_page_says_the_same(years):
    said = years.done("report").replace("\N{NO-BREAK SPACE}", " ")
    assert "As of 2029-12-04; the year is the last 365 days." in said
    assert "median 130 days, 80% of clients 130 days (1 client," in said
    assert "if more of it were kept (the last year: 300.00 USD)" in said
    assert "each year keeps 100% (" in said
    [line] = [line for line in said.splitlines() if "+5 points" in line]
    assert [cell.strip() for cell in line.split("│")[2:5]] == ["300"] * 3


def test_a_long_history_shows_the_last_quarters_only(years):
    [found] = years.json("report")
    rows = found["cohorts"]["rows"]
    assert (len(rows), rows[0]["first_day"]) == (14, "2026-07-01")
    said = years.done("report")
    [heading] = [line for line in said.splitlines() if " +11 " in line]
    assert "+12" not in heading
    quarters = [
        line.split()[:2] for line in said.splitlines() if re.match(r"  \d+ Q", line)
    ]
    assert (len(quarters), quarters[-1]) == (12, ["2029", "Q4"])


def test_the_first_quarter_is_told_in_percent_and_the_present_is_marked(shop, found):
    said = shop.done("report")
    row = found["cohorts"]["rows"][-3]
    [line] = [line.split() for line in said.splitlines() if "2026 Q1" in line]
    told = [f"{100 * n / row['clients']:.0f}" for n in row["buyers"]]
    assert line[2:] == [str(row["clients"]), *told[:-1], f"{told[-1]}*"]


def line_of(said: str, start: str) -> list[str]:
    """Return the cells of the one row that begins so."""
    [line] = [line for line in said.splitlines() if line.startswith(f"│ {start}")]
    return line.split("│")[1:-1]


def test_the_most_usual_ways_on_stand_first(shop, found):
    [new] = [stage for stage in found["journey"] if stage["stage"] == "new"]
    ways = sorted(new["went"].values(), reverse=True)
    told = line_of(shop.done("report"), "New ")[-1]
    percents = [f"{100 * way / new['entered']:.0f}" for way in ways]
    assert re.findall(r"(\d+)%", told) == percents[:3]
    assert len(percents) > 1


def test_clients_with_many_purchases_are_one_group(shop, found):
    clients = str(found["figures"]["clients_by_count"][4])
    cells = line_of(shop.done("report"), "5+ ")
    assert cells[1].strip() == clients
    assert cells[1].startswith("  "), "numbers stand to the right"


def test_the_matrix_says_how_long_ago(shop, found):
    assert "\nStages 90 days ago (rows) and now (columns)\n" in shop.done("report")
    now = found["matrix"]["clients"][3][3]
    [loyal] = re.findall(r"^  4 Loyal +(.+)$", shop.done("report"), re.MULTILINE)
    assert loyal.split()[3] == str(now)


def wide(said: str) -> list[str]:
    """Return the lines that are too wide, but for sentences."""
    lines = (line for line in said.splitlines() if not line.endswith("."))
    return [line for line in lines if len(line) > 120 or "…" in line]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_fits_in_120_columns(shop, years, language):
    for place in (shop, years):
        assert wide(speaking(place, language).done("report")) == []
        assert wide(speaking(place, language).done("score")) == []


def test_the_widest_comparison_of_rules_fits_too(shop):
    said = speaking(shop, "ru_RU").done("backtest")
    assert "Правила рядом" in said
    assert wide(said) == []


def test_what_is_not_known_yet_is_said_so(tmp_path):
    place, *_ = regular(tmp_path, purchases=1)
    place.done("score")
    [found] = place.json("report")
    assert found["days_to_second_purchase"]["median"] is None
    assert found["ladder"]["steps"] == []
    assert found["projection"]["known"] is False
    said = speaking(place, "ru_RU").done("report").replace("\N{NO-BREAK SPACE}", " ")
    assert "медиана пока неизвестно, 80 % клиентов пока неизвестно (1 клиент," in said
    assert "Прогноз выручки пока невозможен: нужны два года покупок." in said
    assert "Что приносит вторая покупка, пока неизвестно" in said


def test_an_account_without_clients_has_nothing_to_tell(tmp_path):
    place = synced_place(tmp_path, clients=0)
    place.done("score")
    said = place.done("report").splitlines()
    assert said[-1] == "Nobody has bought yet: there is nothing to tell."
    assert len(said) == 3
    [found] = place.json("report")
    assert found["figures"]["clients"] == 0


def test_before_the_first_scoring_it_names_score(tmp_path):
    place = synced_place(tmp_path, clients=0)
    result = speaking(place, "pt_BR").run("report")
    assert result.exit_code == 2
    assert "não foi avaliada: execute antes `kommo-sync score`." in result.stderr
    [failed] = json.loads(place.run("report", "--json").stdout)
    assert "run `kommo-sync score` first" in failed["error"]
