"""`kommo-sync score`: judge the clients, and show where they stand."""

from dataclasses import asdict, dataclass

import click
from rich.table import Table

from kommo_sync.cli.accounts import account_name
from kommo_sync.cli.each import Doing, do_each
from kommo_sync.cli.progress import show_count
from kommo_sync.cli.tables import currency_of, iso, table
from kommo_sync.cli.world import Call
from kommo_sync.jobs.reporting import account_picture, potential_clients
from kommo_sync.jobs.scoring import ScoreReport, score_account
from kommo_sync.model.entities import AccountId
from kommo_sync.model.judged import ScoringRow
from kommo_sync.model.lifecycle import STAGES, Stage
from kommo_sync.model.rfm import SEGMENTS
from kommo_sync.runtime import Runtime
from kommo_sync.scoring.judging import scoring_of
from kommo_sync.scoring.settings import decoded_settings
from kommo_sync.store.tallies import Picture, Tally

BUYERS = tuple(stage.value for stage in STAGES if stage is not Stage.POTENTIAL)
"""The stages of those that are judged: potential clients have bought nothing."""
KINDS = tuple(segment.value for segment in SEGMENTS)
NONE = Tally(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scoring did, and how all clients stand after it."""

    report: ScoreReport
    picture: Picture
    currency: str
    potential: int
    """Contacts that have bought nothing yet."""
    open_deals: int
    """Those of them with a deal that is neither won nor lost."""

    @property
    def whole(self) -> Tally:
        """All clients."""
        tallies = self.picture.stages.values()
        columns = zip(*(asdict(tally).values() for tally in tallies), strict=True)
        return Tally(*map(sum, columns)) if tallies else NONE


@click.command(help="help.score")
@click.option("--full", is_flag=True, help="help.score.full")
@click.option(
    "--account", "accounts", type=int, multiple=True, help="help.option.account"
)
@click.option("--quiet", is_flag=True, help="help.sync.quiet")
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_context
def score(
    ctx: click.Context,
    *,
    full: bool,
    accounts: tuple[int, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Judge one account after the other; a failure of one does not stop the next."""
    call: Call = ctx.obj
    doing = Doing(
        lambda rt, account_id: judge(call, rt, account_id, full=full, quiet=quiet),
        lambda rt, account_id, found: tell_score(call, rt, account_id, found),
        as_object,
    )
    do_each(ctx, accounts, doing, as_json=as_json, quiet=quiet)


def judge(
    call: Call, rt: Runtime, account_id: AccountId, *, full: bool, quiet: bool
) -> Scored:
    """Judge an account's clients, and show how far it is."""
    name = account_name(rt, account_id)
    with show_count(call, name, "progress.clients", rt.clock, quiet=quiet) as tell:
        report = score_account(rt, account_id, full=full, tell=tell)
    potential = potential_clients(rt, account_id)
    return Scored(
        report,
        account_picture(rt, account_id),
        currency_of(rt, account_id),
        len(potential.client),
        int(potential.open_deal.sum()),
    )


def tell_score(call: Call, rt: Runtime, account_id: AccountId, found: Scored) -> None:
    """Say how the clients of an account stand, and what the scoring did."""
    texts, report, whole = call.texts, found.report, found.whole
    scoring = scoring_of(report.scoring)
    call.out().print(account_name(rt, account_id))
    call.tell(
        "score.as_of",
        day=texts.date(report.as_of),
        horizon=texts.say_many("duration.days", scoring.horizon),
        source=texts.say(f"score.horizon.{_horizon_source(report.scoring)}"),
    )
    repeats = texts.say_many("count.repeats", scoring.fit.repeats)
    call.tell(f"score.source.{scoring.fit.source}", repeats=repeats)
    call.out().print(_standing(call, found, "stage", found.picture.stages, BUYERS))
    call.out().print(_standing(call, found, "segment", found.picture.segments, KINDS))
    call.tell(
        "score.flagged",
        flagged=texts.say_many("count.flagged", whole.flagged),
        loss=texts.money(whole.flagged_loss, found.currency),
        total=texts.money(whole.loss, found.currency),
    )
    call.tell(
        "score.potential",
        potential=texts.say_many("count.potential", found.potential),
        deals=texts.number(found.open_deals),
    )
    call.tell(
        "score.done",
        judged=texts.say_many("count.judged", report.counts.judged),
        changed=texts.say_many("count.changed", report.counts.changed),
        duration=texts.duration(report.seconds),
    )
    if report.counts.gone:
        call.out().print(texts.say_many("count.gone", report.counts.gone))


def _standing(
    call: Call,
    found: Scored,
    kind: str,
    tallies: dict[str, Tally],
    names: tuple[str, ...],
) -> Table:
    """Return how many clients stand where, and what is at stake with them."""
    texts, clients = call.texts, max(found.whole.clients, 1)
    shown = table(
        texts,
        "",
        f"column.{kind}",
        "column.clients",
        "column.share",
        "column.at_stake",
        "column.flagged",
        currency=found.currency,
    )
    for name in names:
        tally = tallies.get(name, NONE)
        shown.add_row(
            texts.say(f"{kind}.{name}"),
            texts.number(tally.clients),
            texts.percent(tally.clients / clients),
            texts.units(tally.loss),
            texts.number(tally.flagged),
        )
    return shown


def as_object(found: Scored) -> dict[str, object]:
    """Return what stands in JSON: days as dates, amounts in hundredths."""
    report, whole = found.report, found.whole
    scoring = scoring_of(report.scoring)
    return {
        "as_of": iso(report.as_of),
        "learned": report.learned,
        "learned_as_of": iso(report.scoring.as_of),
        "horizon_days": scoring.horizon,
        "horizon_source": _horizon_source(report.scoring),
        "source": scoring.fit.source.value,
        "repeat_purchases": scoring.fit.repeats,
        "judged": report.counts.judged,
        "changed": report.counts.changed,
        "gone": report.counts.gone,
        "seconds": round(report.seconds, 3),
        "currency": found.currency,
        "clients": whole.clients,
        "expected_loss": whole.loss,
        "flagged": whole.flagged,
        "flagged_loss": whole.flagged_loss,
        "potential": found.potential,
        "potential_with_open_deal": found.open_deals,
        "stages": _tallied("stage", found.picture.stages, BUYERS),
        "segments": _tallied("segment", found.picture.segments, KINDS),
    }


def _tallied(
    kind: str, tallies: dict[str, Tally], names: tuple[str, ...]
) -> list[dict[str, object]]:
    return [
        {
            kind: name,
            "clients": tally.clients,
            "expected_loss": tally.loss,
            "flagged": tally.flagged,
            "flagged_loss": tally.flagged_loss,
        }
        for name, tally in ((name, tallies.get(name, NONE)) for name in names)
    ]


def _horizon_source(row: ScoringRow) -> str:
    """Return whose the horizon is: the settings', the account's own or the usual."""
    if decoded_settings(row.settings).rules.horizon_days:
        return "set"
    return "own" if scoring_of(row).fit.repeats else "usual"
