"""The leads of a generated past: won, refunded, lost and still open."""

from dataclasses import dataclass

from kommo_sync.sandbox.account.records import LOST, WON, Lead, Pipeline, Status
from kommo_sync.sandbox.seeding.fresh import cancelled_reason, refund_stage
from kommo_sync.sandbox.seeding.past import Holder, Past
from kommo_sync.sandbox.seeding.planting import Stamp
from kommo_sync.sandbox.seeding.workdays import DAY

REFUND_SHARE = 0.025
LOST_SHARE = 0.25
OPEN_SHARE = 0.1
REPEAT_PIPELINE_SHARE = 0.9
# Where a first order came from, in tracking fields: source, medium, campaign.
TRACKS = {
    "Google Ads": ("google", "cpc", "brand"),
    "Instagram": ("instagram", "social", "reels"),
    "Newsletter": ("newsletter", "email", "spring-sale"),
}


@dataclass(slots=True)
class Deal:
    """A lead to be: `place` is the purchase's, `refund_of` the refunded one's."""

    holder: Holder
    created_at: int
    outcome: str
    price: int
    closed_at: int = 0
    place: int = -1
    refunded_at: int = 0
    refund_of: int = -1


def plan_deals(past: Past, holder: Holder, twin: Holder | None) -> list[Deal]:
    """Return all deals of a client, and tell its cards when they were opened."""
    client, deals = holder.client, []
    if client is None:
        return _plan_prospect(past, holder)
    for place, (at, price) in enumerate(zip(client.times, client.amounts, strict=True)):
        on_twin = twin is not None and place in client.twin_takes
        owner = twin if twin is not None and on_twin else holder
        created_at = past.earlier(at, 14 if place == 0 else 5)
        deal = Deal(owner, created_at, "won", price, at, place)
        deals.append(deal)
        deals += _plan_refund(past, deal, client.number)
    start = client.times[0]
    if past.chance.random() < LOST_SHARE:
        deals.append(_lost(past, holder, past.later(start, past.now - start)))
    if client.number % 10 == 2 or past.chance.random() < OPEN_SHARE:
        recent = max(start, past.now - 25 * DAY)
        deals.append(_open(past, holder, past.later(recent, 25)))
    for owner in [holder] if twin is None else [holder, twin]:
        owner.opened_at = min(d.created_at for d in deals if d.holder is owner)
    return deals


def _plan_refund(past: Past, deal: Deal, number: int) -> list[Deal]:
    """Mark the order as taken back, or return the deal by which money goes back."""
    if past.now - deal.closed_at < DAY:
        return []
    draw = past.chance.random()
    is_first = deal.place == 0
    if draw < REFUND_SHARE or (is_first and number % 15 == 4):
        deal.refunded_at = past.later(deal.closed_at + 3_600, 20)
        return []
    if draw > 1 - REFUND_SHARE or (is_first and number % 15 == 9):
        share = past.chance.choice((0.2, 0.5, 1.0))
        price = max(1, round(deal.price * share))
        at = past.later(deal.closed_at + 3_600, 20)
        return [Deal(deal.holder, at, "refund", price, refund_of=deal.place)]
    return []


def _plan_prospect(past: Past, holder: Holder) -> list[Deal]:
    at = past.later(past.now - 120 * DAY, 119)
    holder.opened_at = at
    turn = holder.serial % 5
    if turn in (0, 1):
        return [_open(past, holder, at)]
    return [_lost(past, holder, at)] if turn in (2, 3) else []


def _lost(past: Past, holder: Holder, at: int) -> Deal:
    return Deal(holder, at, "lost", _guess(past), past.later(at, 30))


def _open(past: Past, holder: Holder, at: int) -> Deal:
    return Deal(holder, at, "open", _guess(past))


def _guess(past: Past) -> int:
    return past.chance.randrange(20, 1_500) * 100


class Dealer:
    """Plants deals in order of time, each on the way it took through the stages."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.planter = past.planter
        data = past.planter.data
        self.first: Pipeline = past.planter.state.main_pipeline()
        self.repeat = next(p for p in data.pipelines.values() if not p.is_main)
        self.refund = refund_stage(data)
        self.cancelled = cancelled_reason(data)
        self.reasons = [r for r in data.loss_reasons.values() if r != self.cancelled]
        self._orders = 1_000

    def plant(self, deal: Deal) -> None:
        """Plant one deal with everything that happened to it."""
        pipeline = self._pipeline(deal)
        stages = [s for s in pipeline.ordinary() if s is not self.refund]
        if deal.outcome == "refund":
            stages = [self.refund]
        lead = self._lead(deal, pipeline, stages[0])
        if deal.outcome == "open":
            self._walk(deal, lead, stages, deal.created_at + 10 * DAY)
            deal.holder.open_lead = lead
        elif deal.outcome == "refund":
            self._tell(deal, "refund_lead", lead, deal.refund_of)
        else:
            self._close(deal, lead, stages)

    def _pipeline(self, deal: Deal) -> Pipeline:
        if deal.outcome == "refund":
            return self.repeat
        is_repeat = deal.place > 0
        by_rule = self.past.chance.random() < REPEAT_PIPELINE_SHARE
        return self.repeat if is_repeat and by_rule else self.first

    def _lead(self, deal: Deal, pipeline: Pipeline, stage: Status) -> Lead:
        past, holder = self.past, deal.holder
        known = [c for c in holder.contacts if c.created_at <= deal.created_at]
        contact = past.chance.choice(known)
        self._orders += 1
        lead = Lead(
            id=0,
            name=_name(deal, contact.name, self._orders),
            responsible_user_id=past.user_id(holder),
            price=deal.price,
            pipeline_id=pipeline.id,
            status_id=stage.id,
            contact_ids=[contact.id],
            company_id=holder.company.id if holder.company is not None else None,
        )
        is_first = deal.place == 0 or holder.client is None
        by_robot = is_first and holder.source == "Website"
        author = past.robot if by_robot else past.managers[holder.manager]
        stamp = past.by(author, deal.created_at)
        self.planter.lead(lead, stamp)
        if deal.place >= 0:
            holder.leads[deal.place] = lead
            self.planter.fill(lead, "ORDER_ID", f"ORD-{self._orders}", stamp)
        if is_first:
            self._track(lead, holder.source, stamp)
        return lead

    def _track(self, lead: Lead, source: str, stamp: Stamp) -> None:
        self.planter.fill(lead, "Source", source, stamp)
        robot = self.past.by(self.past.robot, stamp.at)
        codes = ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN")
        for code, value in zip(codes, TRACKS.get(source, ()), strict=False):
            self.planter.fill(lead, code, value, robot)

    def _walk(self, deal: Deal, lead: Lead, stages: list[Status], end: int) -> None:
        """Move the lead through some of the later stages, in order, before `end`."""
        chance, start = self.past.chance, deal.created_at
        count = chance.randrange(len(stages)) if deal.place <= 0 else 0
        span = min(end, self.past.now) - start
        for step, stage in enumerate(stages[1 : count + 1]):
            at = start + span * (step + 1) // (count + 1)
            stamp = self.past.manager(deal.holder, at)
            self.planter.move(lead, lead.pipeline_id, stage.id, stamp)

    def _close(self, deal: Deal, lead: Lead, stages: list[Status]) -> None:
        self._walk(deal, lead, stages, deal.closed_at)
        is_won = deal.outcome == "won"
        stamp = self.past.manager(deal.holder, deal.closed_at)
        self.planter.move(lead, lead.pipeline_id, WON if is_won else LOST, stamp)
        if not is_won:
            lead.loss_reason_id = self.past.chance.choice(self.reasons).id
        if deal.refunded_at:
            stamp = self.past.manager(deal.holder, deal.refunded_at)
            self.planter.move(lead, lead.pipeline_id, LOST, stamp)
            lead.loss_reason_id = self.cancelled.id
            self._tell(deal, "moved_to_lost", lead, deal.place)

    def _tell(self, deal: Deal, kind: str, lead: Lead, place: int) -> None:
        at = deal.refunded_at or deal.created_at
        facts: dict[str, int | str] = {"kind": kind, "purchase": place}
        facts |= {"lead_id": lead.id, "at": at, "amount": deal.price}
        deal.holder.refunds.append(facts)


def _name(deal: Deal, contact_name: str, number: int) -> str:
    if deal.outcome == "refund":
        return f"Refund {number}: {contact_name}"
    return f"Order {number}" if deal.outcome == "won" else f"Request: {contact_name}"
