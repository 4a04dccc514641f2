"""`kommo-sync report`: the owner's numbers."""

from dataclasses import asdict, dataclass

import click

from kommo_sync.cli.accounts import account_name
from kommo_sync.cli.each import Doing, do_each
from kommo_sync.cli.owner import tell_owner
from kommo_sync.cli.tables import currency_of, iso
from kommo_sync.cli.world import Call
from kommo_sync.jobs.reporting import OwnerReport, owner_report
from kommo_sync.model.cohorts import Cohorts, Ladder
from kommo_sync.model.entities import AccountId
from kommo_sync.model.estimates import Share
from kommo_sync.model.journey import Journey
from kommo_sync.model.lifecycle import STAGES
from kommo_sync.model.revenue import Concentration, Projection, SecondPurchase
from kommo_sync.runtime import Runtime

NAMES = tuple(stage.value for stage in STAGES)
MONTHS_A_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Reported:
    """The owner's numbers, and the currency that they are in."""

    report: OwnerReport
    currency: str


@click.command(help="help.report")
@click.option(
    "--account", "accounts", type=int, multiple=True, help="help.option.account"
)
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_context
def report(ctx: click.Context, *, accounts: tuple[int, ...], as_json: bool) -> None:
    """Tell of one account after the other; a failure of one does not stop the next."""
    call: Call = ctx.obj

    def work(rt: Runtime, account_id: AccountId) -> Reported:
        return Reported(owner_report(rt, account_id), currency_of(rt, account_id))

    def tell(rt: Runtime, account_id: AccountId, found: Reported) -> None:
        tell_owner(call, account_name(rt, account_id), found.report, found.currency)

    do_each(ctx, accounts, Doing(work, tell, as_object), as_json=as_json)


def as_object(reported: Reported) -> dict[str, object]:
    """Return what stands in JSON: days as dates, amounts in hundredths, shares 0..1."""
    found = reported.report
    figures = asdict(found.figures)
    figures["clients_by_count"] = found.figures.clients_by_count.tolist()
    figures["revenue_by_count"] = found.figures.revenue_by_count.tolist()
    return {
        "as_of": iso(found.as_of),
        "currency": reported.currency,
        "figures": figures,
        "ltv": {**asdict(found.ltv), "value": found.ltv.value},
        "concentration": _concentration(found.concentration),
        "second_purchase": _second(found.second),
        "ladder": _ladder(found.ladder),
        "days_to_second_purchase": {
            "cases": found.wait.cases,
            "median": found.wait.quantile(0.5),
            "quantile_80": found.wait.quantile(0.8),
            "days": found.wait.days.tolist(),
            "waiting": found.wait.waiting.tolist(),
        },
        "cohorts": _cohorts(found.cohorts),
        "journey": _journey(found.journey),
        "matrix": {
            "days": found.matrix_days,
            "stages": [*NAMES, "absent"],
            "clients": found.matrix.tolist(),
        },
        "projection": _projection(found.projection),
    }


def _concentration(found: Concentration) -> dict[str, object]:
    best = zip(found.top.tolist(), found.top_revenue.tolist(), strict=True)
    most = zip(
        found.most.tolist(),
        found.most_clients.tolist(),
        found.most_share.tolist(),
        strict=True,
    )
    return {
        "clients": found.clients,
        "revenue": found.revenue,
        "best": [{"clients": part, "revenue": brought} for part, brought in best],
        "revenue_from": [
            {"revenue": part, "clients": clients, "share": share}
            for part, clients, share in most
        ],
    }


def _second(found: SecondPurchase) -> dict[str, object]:
    return {
        "newcomers": found.newcomers,
        "returned": _shares(found.returned)[0],
        "later_spend": found.later_spend,
        "gain": found.gain,
    }


def _ladder(found: Ladder) -> dict[str, object]:
    steps = zip(
        found.purchase.tolist(),
        _shares(found.went_on),
        found.median_days.tolist(),
        strict=True,
    )
    return {
        "window_days": found.window,
        "steps": [
            {
                "purchase": purchase,
                **share,
                "median_days": median if share["cases"] else None,
            }
            for purchase, share, median in steps
            if share["trials"]
        ],
    }


def _shares(found: Share) -> list[dict[str, object]]:
    """Return a share a row, with its trials and its range."""
    columns = (found.cases, found.trials, found.share, found.low, found.high)
    return [
        {"cases": cases, "trials": trials, "share": share, "low": low, "high": high}
        for cases, trials, share, low, high in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def _cohorts(found: Cohorts) -> dict[str, object]:
    months = found.first * MONTHS_A_QUARTER
    rows = zip(
        months.astype("M8[M]").astype("M8[D]").astype(str).tolist(),
        found.size.tolist(),
        found.buyers.tolist(),
        found.revenue.tolist(),
        found.whole.tolist(),
        strict=True,
    )
    width = len(found.first)
    return {
        "period": found.period.value,
        "rows": [
            {
                "first_day": first,
                "clients": size,
                "buyers": buyers[: width - at],
                "revenue": revenue[: width - at],
                "whole": whole[: width - at],
            }
            for at, (first, size, buyers, revenue, whole) in enumerate(rows)
        ],
    }


def _journey(found: Journey) -> list[dict[str, object]]:
    rows = zip(
        NAMES,
        found.entered.tolist(),
        found.still.tolist(),
        found.median_days,
        found.went.tolist(),
        strict=True,
    )
    return [
        {
            "stage": stage,
            "entered": entered,
            "still": still,
            "median_days": median,
            "went": {name: n for name, n in zip(NAMES, went, strict=True) if n},
        }
        for stage, entered, still, median, went in rows
    ]


def _projection(found: Projection) -> dict[str, object]:
    ways = zip(
        found.uplifts.tolist(),
        found.revenue.tolist(),
        found.low.tolist(),
        found.high.tolist(),
        strict=True,
    )
    return {
        "known": found.known,
        "clients_kept": _shares(found.clients_kept)[0],
        "revenue_kept": _shares(found.revenue_kept)[0],
        "last_year": found.last_year,
        "new": found.new,
        "lost": found.lost,
        "ways": [
            {"uplift": uplift, "revenue": revenue, "low": low, "high": high}
            for uplift, revenue, low, high in ways
        ],
    }
