"""Any judgement of the past is made again, bit by bit, whatever happened since."""

from kommo_sync.model.entities import Part
from kommo_sync.model.judged import GONE, LoggedJudgement
from kommo_sync.scoring.recalling import recompute
from tests.scoring.firm import Firm, log_clients, trade
from tests.store.rows import contact


def turns(firm: Firm) -> list[LoggedJudgement]:
    """Return all that the log holds, but for who went."""
    found = [one for client in log_clients(firm) for one in firm.judging.log_of(client)]
    return [one for one in found if one.row.stage != GONE]


def otherwise(firm: Firm) -> list[LoggedJudgement]:
    """Return the turns that are not made again as they are in the log."""
    scorings = {one.row.scoring_id for one in turns(firm)}
    by = {one: firm.judging.scoring(one) for one in scorings}
    return [
        one for one in turns(firm) if recompute(one, by[one.row.scoring_id]) != one.row
    ]


def test_edits_deletions_new_rules_and_later_learning_alter_no_past_judgement(firm):
    friend = firm.meet()
    firm.keep(
        Part.CONTACTS, contact(friend, firm.rt.now(), tags='[{"id":1,"name":"Friend"}]')
    )
    for days in range(0, 120, 20):
        firm.sell(friend, firm.today - days)
    people = trade(firm, 15)
    firm = firm.under(advocate_tag="friend")
    firm.score()
    assert firm.judged()[friend * 2].stage == "advocate"
    sold = list(firm.deals())
    firm.pass_days(9)
    firm.sell(people[0], firm.today, 77_700, id=sold[0])
    firm.trash(Part.LEADS, *sold[5:20])
    firm.score()
    firm.sell(people[2], firm.today + 40)
    firm.score(full=True)
    others = firm.under(
        zero_price="count", merge_gap_days=9, flag_by="capacity", horizon_days=20
    )
    others.score()
    firm.pass_days(30)
    others.score()
    found = turns(firm)
    assert len({one.row.scoring_id for one in found}) > 3
    assert otherwise(firm) == []


def test_a_judgement_is_of_the_deals_it_was_made_of(firm):
    """The mutant of the law above: of other deals it comes out otherwise."""
    people = trade(firm, 10)
    firm.score()
    first = firm.judging.log_of(people[0] * 2)[0]
    scoring = firm.judging.scoring(first.row.scoring_id)
    fewer = first._replace(entries=first.entries[:-12])
    assert recompute(first, scoring) == first.row
    assert recompute(fewer, scoring) != first.row
