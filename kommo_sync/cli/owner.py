"""The owner's numbers in tables and sentences, in 120 columns."""

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from kommo_sync.cli.tables import UNKNOWN, table, wide_table
from kommo_sync.cli.world import Call
from kommo_sync.jobs.reporting import OwnerReport
from kommo_sync.model.lifecycle import STAGES
from kommo_sync.model.revenue import COUNTS
from kommo_sync.texts import Texts

MOST_QUARTERS = 12
"""Cohorts that are shown, and quarters of each: the last ones, and the first ones."""
MOST_WAYS = 3
"""Stages that are named in which clients went on to."""
FIRST_YEAR = 1970
QUARTERS_A_YEAR = 4
NOBODY = "·"
TO = " \N{EN DASH} "


def tell_owner(call: Call, name: str, report: OwnerReport, currency: str) -> None:
    """Say the owner's numbers of an account."""
    page = _Page(call.texts, report, currency)
    say = call.out().print
    say(name)
    call.tell("report.as_of", day=call.texts.date(report.as_of))
    if not report.figures.clients:
        call.tell("report.nobody")
        return
    for shown in (
        page.figures(),
        page.by_count(),
        page.ltv(),
        page.ladder(),
        page.wait(),
        page.second(),
        page.pareto(),
        *page.most(),
        page.cohorts(),
        page.journey(),
        page.matrix(),
        *page.projection(),
    ):
        say(shown)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is shown of a report, part by part."""

    texts: Texts
    report: OwnerReport
    currency: str

    def figures(self) -> Table:
        texts, found = self.texts, self.report.figures
        shown = table(texts, "", "column.figure", "column.value")
        for key, value in (
            ("figure.clients", texts.number(found.clients)),
            ("figure.purchases", texts.number(found.purchases)),
            ("figure.revenue", self._money(found.revenue)),
            ("figure.repeat_rate", texts.percent(found.repeat_rate)),
            ("figure.average_order", self._money(found.average_order)),
            ("figure.revenue_per_client", self._money(found.revenue_per_client)),
            ("figure.lifetime", texts.number(round(found.lifetime_days))),
            ("figure.year_buyers", texts.number(found.year_buyers)),
            ("figure.purchases_a_year", texts.decimal(found.purchases_a_year, 1)),
            ("figure.loyal_share", texts.percent(found.loyal_share)),
            ("figure.repeat_buyers", texts.percent(found.repeat_buyers)),
            ("figure.repeat_revenue", texts.percent(found.repeat_revenue)),
        ):
            shown.add_row(texts.say(key), value)
        return shown

    def by_count(self) -> Table:
        texts, found = self.texts, self.report.figures
        columns = ("column.purchases", "column.clients", "column.revenue_each")
        shown = table(texts, "", *columns, currency=self.currency)
        groups = zip(
            found.clients_by_count.tolist(),
            found.revenue_by_count.tolist(),
            strict=True,
        )
        for count, (clients, revenue) in enumerate(groups, 1):
            label = f"{count}+" if count == COUNTS else str(count)
            shown.add_row(label, texts.number(clients), texts.units(revenue))
        return shown

    def ltv(self) -> str:
        texts, found = self.texts, self.report.ltv
        return texts.say(
            "report.ltv",
            value=self._money(found.value),
            order=self._money(round(found.average_order)),
            purchases=texts.decimal(found.purchases_a_year, 2),
            years=texts.decimal(found.years_retained, 2),
            retention=texts.percent(found.retention),
        )

    def ladder(self) -> Table:
        texts, found = self.texts, self.report.ladder
        window = texts.say_many("duration.days", found.window)
        shown = table(
            texts,
            texts.say("report.ladder", window=window),
            "column.step",
            "column.old_enough",
            "column.went_on",
            "column.share",
            "column.range",
            "column.median_days",
        )
        share = found.went_on
        for row in np.flatnonzero(share.trials).tolist():
            purchase, cases = int(found.purchase[row]), int(share.cases[row])
            shown.add_row(
                f"{purchase} → {purchase + 1}",
                texts.number(int(share.trials[row])),
                texts.number(cases),
                texts.percent(float(share.share[row])),
                self._range(float(share.low[row]), float(share.high[row])),
                texts.number(round(found.median_days[row])) if cases else UNKNOWN,
            )
        return shown

    def wait(self) -> str:
        texts, found = self.texts, self.report.wait
        half, most = (
            texts.say("report.unknown")
            if days is None
            else texts.say_many("duration.days", days)
            for days in (found.quantile(0.5), found.quantile(0.8))
        )
        cases = texts.say_many("count.clients", found.cases)
        return texts.say("report.wait", half=half, most=most, clients=cases)

    def second(self) -> str:
        texts, found = self.texts, self.report.second
        returned = found.returned
        if not returned.trials[0]:
            return texts.say("report.no_second")
        return texts.say(
            "report.second",
            newcomers=texts.number(found.newcomers),
            share=texts.percent(float(returned.share[0])),
            range=self._range(float(returned.low[0]), float(returned.high[0])),
            spend=self._money(found.later_spend),
            gain=self._money(found.gain),
        )

    def pareto(self) -> Table:
        texts, found = self.texts, self.report.concentration
        clients = texts.say_many("count.clients", found.clients)
        title = texts.say("report.pareto", clients=clients)
        shown = table(texts, title, "column.best", "column.brought")
        best = zip(found.top.tolist(), found.top_revenue.tolist(), strict=True)
        for part, brought in best:
            shown.add_row(texts.percent(part), texts.percent(brought))
        return shown

    def most(self) -> list[str]:
        texts, found = self.texts, self.report.concentration
        columns = (found.most, found.most_clients, found.most_share)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            texts.say(
                "report.most",
                revenue=texts.percent(revenue),
                clients=texts.say_many("count.clients", clients),
                share=texts.percent(share),
            )
            for revenue, clients, share in rows
        ]

    def cohorts(self) -> Table:
        texts, found = self.texts, self.report.cohorts
        width = len(found.first)
        shown = wide_table(
            texts.say("report.cohorts"),
            texts.say("report.cohorts_note", shown=MOST_QUARTERS),
            texts.say("column.quarter"),
            texts.say("column.clients"),
            *(f"+{later}" for later in range(min(width, MOST_QUARTERS))),
        )
        for row in range(max(0, width - MOST_QUARTERS), width):
            cells = min(width - row, MOST_QUARTERS)
            size = int(found.size[row])
            shown.add_row(
                self._quarter(int(found.first[row])),
                texts.number(size),
                *(self._retained(row, at) if size else "" for at in range(cells)),
            )
        return shown

    def _retained(self, row: int, at: int) -> str:
        found = self.report.cohorts
        told = self.texts.number(round(100 * float(found.retention[row, at])))
        return told if found.whole[row, at] else f"{told}*"

    def _quarter(self, period: int) -> str:
        year, quarter = divmod(period, QUARTERS_A_YEAR)
        return self.texts.say(
            "report.quarter", year=FIRST_YEAR + year, quarter=quarter + 1
        )

    def journey(self) -> Table:
        texts, found = self.texts, self.report.journey
        shown = table(
            texts,
            texts.say("report.journey"),
            "column.stage",
            "column.entered",
            "column.still",
            "column.median_days",
            "column.went",
        )
        shown.columns[-1].justify = "left"
        for code in np.flatnonzero(found.entered).tolist():
            median = found.median_days[code]
            unknown = texts.say("report.unknown")
            shown.add_row(
                texts.say(f"stage.{STAGES[code]}"),
                texts.number(int(found.entered[code])),
                texts.number(int(found.still[code])),
                unknown if median is None else texts.number(median),
                self._went(code),
            )
        return shown

    def _went(self, code: int) -> str:
        shares = self.report.journey.shares[code]
        best = np.argsort(-shares, kind="stable")[:MOST_WAYS].tolist()
        return ", ".join(
            f"{self.texts.say(f'stage.{STAGES[to]}')}"
            f" {self.texts.percent(float(shares[to]))}"
            for to in best
            if shares[to]
        )

    def matrix(self) -> Table:
        texts, found = self.texts, self.report.matrix
        ago = texts.say_many("duration.days", self.report.matrix_days)
        names = [*(texts.say(f"stage.{stage}") for stage in STAGES)]
        names.append(texts.say("report.absent"))
        shown = wide_table(
            texts.say("report.matrix", ago=ago),
            texts.say("report.matrix_note"),
            texts.say("column.stage"),
            *(str(number) for number in range(1, len(names) + 1)),
        )
        for number, (name, row) in enumerate(zip(names, found.tolist(), strict=True)):
            cells = (texts.number(cell) if cell else NOBODY for cell in row)
            shown.add_row(f"{number + 1} {name}", *cells)
        return shown

    def projection(self) -> list[Table | str]:
        texts, found = self.texts, self.report.projection
        if not found.known:
            return [texts.say("report.no_projection")]
        shown = table(
            texts,
            texts.say("report.projection", last=self._money(found.last_year)),
            "column.kept",
            "column.year_one",
            "column.year_two",
            "column.year_three",
            "column.range_three",
            currency=self.currency,
        )
        for way, uplift in enumerate(found.uplifts.tolist()):
            points = texts.number(round(100 * uplift))
            low, high = found.low[way, -1], found.high[way, -1]
            shown.add_row(
                texts.say("report.points", points=points),
                *(texts.units(revenue) for revenue in found.revenue[way].tolist()),
                TO.join((texts.units(int(low)), texts.units(int(high)))),
            )
        kept = found.revenue_kept
        assumed = texts.say(
            "report.assumption",
            kept=texts.percent(float(kept.share[0])),
            range=self._range(float(kept.low[0]), float(kept.high[0])),
            new=self._money(found.new),
        )
        return [shown, assumed]

    def _money(self, hundredths: int) -> str:
        return self.texts.money(hundredths, self.currency)

    def _range(self, low: float, high: float) -> str:
        return TO.join((self.texts.percent(low), self.texts.percent(high)))
