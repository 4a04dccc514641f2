"""`kommo-sync backtest`."""

import csv
import json
from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kommo_sync.model.backtest import Rule
from kommo_sync.model.entities import AccountId
from tests.cli.judged import (
    OTHER,
    connect_other,
    copied,
    double,
    judgements,
    opened,
    speaking,
)
from tests.cli.judged import synced_place as place_with
from tests.cli.place import Place


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Place:
    """A place that has been read; no test changes its clients."""
    return place_with(tmp_path_factory.mktemp("shop"), clients=100)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Place:
    """A place with too few clients for a month to say anything; judged."""
    place = place_with(tmp_path_factory.mktemp("small"), clients=15)
    place.done("score")
    return place


@pytest.fixture(scope="module")
def saved(shop: Place) -> Path:
    """Where the months and rules are kept as CSV."""
    return shop.folder / "months.csv"


@pytest.fixture(scope="module")
def found(shop: Place, saved: Path) -> Any:
    """What JSON tells of the same."""
    [report] = shop.json("backtest", "--save", str(saved))
    return report


@pytest.fixture(scope="module")
def said(shop: Place) -> str:
    """What a reader of English is told of the same."""
    return shop.done("backtest")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_has_a_row_a_month_and_rule(shop, found, saved):
    table = rows(saved)
    assert len(found["months"]) > 10
    assert [(row["as_of"], row["rule"]) for row in table] == [
        (month["as_of"], rule.value) for month in found["months"] for rule in Rule
    ]
    assert {row["account_id"] for row in table} == {str(shop.account_id)}
    first, month = table[0], found["months"][0]
    for name in ("horizon_days", "managers", "at_stake", "left", "lost"):
        assert int(first[name]) == month[name]
    for name, value in month["flags"]["ours"].items():
        assert int(first[name]) == value


@pytest.mark.parametrize("rule", ["ours", "silence", "own_median"])
def test_the_totals_of_a_rule_follow_from_its_months(found, saved, rule):
    table = [row for row in rows(saved) if row["rule"] == rule]
    total = {
        name: sum(int(row[name]) for row in table)
        for name in ("flagged", "fresh", "right", "warning_days", "caught", "left")
    }
    told = found["rules"][rule]
    for name in ("flagged", "fresh", "right", "caught"):
        assert told[name] == total[name] > 0
    precision, recall = (
        total["right"] / total["flagged"],
        total["right"] / total["left"],
    )
    assert (told["precision"], told["recall"]) == (precision, recall)
    harmonic = 2 * precision * recall / (precision + recall)
    assert told["f1"] == pytest.approx(harmonic)
    assert told["warning_days"] == total["warning_days"] / total["right"]
    lost = sum(int(row["lost"]) for row in table)
    assert told["caught_share"] == total["caught"] / lost


def test_fresh_flags_are_told_a_manager_and_week(found, saved):
    weeks = 0.0
    for row in rows(saved):
        if row["rule"] == "ours":
            day = date.fromisoformat(row["as_of"])
            days = monthrange(day.year, day.month)[1]
            weeks += int(row["managers"]) * days / 7
    told = found["rules"]["ours"]
    assert told["fresh_a_week"] == pytest.approx(told["fresh"] / weeks)


def test_the_base_rate_is_that_of_all_at_stake(found):
    at_stake = sum(month["at_stake"] for month in found["months"])
    left = sum(month["left"] for month in found["months"])
    assert (found["at_stake"], found["left"]) == (at_stake, left)
    assert found["base_rate"] == left / at_stake
    assert found["lost"] == sum(month["lost"] for month in found["months"])


def test_it_is_kept_in_the_store(shop, found):
    with opened(shop) as store:
        kept = store.account(AccountId(shop.account_id)).judging().newest_backtest()
    assert kept is not None
    result = json.loads(kept.result)
    assert result["best_silence_days"] == found["best_silence_days"]
    assert [m["at_stake"] for m in result["months"]] == [
        m["at_stake"] for m in found["months"]
    ]


def cells(said: str, start: str) -> list[str]:
    """Return the cells of the row that begins so, but for the first."""
    [line] = [line for line in said.splitlines() if line.startswith(f"│ {start}")]
    return [it.strip().replace("\N{NO-BREAK SPACE}", " ") for it in line.split("│")][
        2:-1
    ]


def test_the_rules_stand_side_by_side(said, found):
    assert f"Replayed: {len(found['months'])} months," in said
    assert f"silence would have been {found['best_silence_days']} days" in said
    told = found["rules"]["ours"]
    assert cells(said, "kommo-sync") == [
        str(told["flagged"]),
        f"{told['fresh_a_week']:.1f}",
        f"{told['precision']:.0%}",
        f"{told['warning_days']:.0f}",
        f"{told['caught'] / 100:,.0f}",
        f"{told['caught_share']:.0%}",
        f"{told['f1']:.2f}",
    ]


def test_they_stand_there_in_the_readers_language(shop, found):
    said = speaking(shop, "es_MX").done("backtest")
    assert f"Repetidos: {len(found['months'])} meses, del 01/" in said
    assert f"habría sido de {found['best_silence_days']} días" in said
    told = found["rules"]["ours"]
    assert cells(said, "kommo-sync")[2:5] == [
        f"{told['precision']:.0%}".replace("%", " %"),
        f"{told['warning_days']:.0f}",
        f"{told['caught'] / 100:,.0f}".replace(",", "."),
    ]


def test_the_months_are_told_with_their_horizons(said, found):
    for month in found["months"]:
        ours = month["flags"]["ours"]
        told = (
            month["horizon_days"],
            month["at_stake"],
            month["left"],
            ours["flagged"],
        )
        assert cells(said, month["as_of"])[:4] == [str(number) for number in told]
    horizons = [month["horizon_days"] for month in found["months"]]
    assert f"for a horizon ({min(horizons)}-{max(horizons)} days)" in said


def test_one_horizon_for_all_months_is_told_once(shop, tmp_path):
    place = copied(shop, tmp_path)
    place.environ["KOMMO_SYNC__JUDGING__HORIZON_DAYS"] = "60"
    assert "for a horizon (60 days)" in place.done("backtest")


@pytest.mark.parametrize(
    ("language", "missing"),
    [
        ("en_GB", "No month can be replayed yet. That takes 20 clients"),
        ("ru_RU", "Пока нельзя проиграть ни одного месяца."),
    ],
)
def test_too_little_history_is_told_in_one_sentence(small, language, missing):
    [report] = small.json("backtest")
    assert (report["months"], report["rules"]) == ([], {})
    assert (report["base_rate"], report["best_silence_days"]) == (None, None)
    assert 400 < report["history_days"] < 800
    theirs = judgements(small)
    with opened(small) as store:
        judging = store.account(AccountId(small.account_id)).judging()
        deals = [len(judging.deals_of(row.client)) for row in theirs.values()]
    twice = sum(count > 1 for count in deals)
    assert report["clients_with_two_purchases"] == twice < len(deals)
    [_, line] = speaking(small, language).done("backtest").splitlines()
    assert missing in line
    assert f"{report['clients_with_two_purchases']}," in line
    assert str(report["history_days"]) in line


def test_a_file_that_cannot_be_written_is_told(small):
    result = small.run("backtest", "--save", str(small.folder / "no" / "such.csv"))
    assert result.exit_code == 2
    assert "such.csv cannot be written: No such file" in result.stderr


def test_a_failure_of_another_account_leaves_the_file_of_the_first(shop, tmp_path):
    place = copied(shop, tmp_path)
    connect_other(place)
    path = tmp_path / "months.csv"
    result = place.run("backtest", "--save", str(path))
    assert result.exit_code == 3
    assert f"({OTHER}): " in result.stderr
    assert {row["account_id"] for row in rows(path)} == {str(place.account_id)}


def test_the_months_of_all_accounts_stand_in_one_file(shop, found, tmp_path):
    place = copied(shop, tmp_path)
    double(place)
    path = tmp_path / "months.csv"
    place.done("backtest", "--save", str(path))
    table, whole = rows(path), len(found["months"]) * len(Rule)
    accounts = [int(row["account_id"]) for row in table]
    assert accounts == [OTHER] * whole + [place.account_id] * whole
