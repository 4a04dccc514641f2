"""The owner's numbers are those of the deals that count."""

import numpy as np
import pytest

from kommo_sync.jobs.reporting import account_picture, owner_report
from kommo_sync.model.entities import Part
from kommo_sync.model.lifecycle import STAGES, Stage
from tests.scoring.conftest import firm
from tests.scoring.firm import DAY, Firm, trade
from tests.store.rows import contact

__all__ = ["firm"]
NEW, DUE = Stage.NEW.code, Stage.DUE.code
ABSENT = len(STAGES)


def test_key_figures_are_those_of_the_deals(firm):
    firm = firm.under(refund_stages=("77",))
    for person, days, price in ((7, 50, 300), (7, 9, 500), (8, 400, 200)):
        firm.sell(person, firm.today - days, price)
    firm.sell(8, firm.today - 390, 50, status_id=77)
    firm.sell(9, firm.today + 5, 900)
    firm.score()
    found = owner_report(firm.rt, firm.account_id)
    assert (found.figures.clients, found.figures.purchases) == (2, 3)
    assert found.figures.revenue == 950
    assert found.figures.repeat_rate == 0.5
    assert found.as_of == firm.today
    assert found.concentration.clients == 1
    assert found.cohorts.size.sum() == 2


def test_the_matrix_says_where_clients_were_and_are_and_who_was_absent(firm):
    for one in (1, 2):
        made = contact(20 + one, created_at=(firm.today - 50) * DAY)
        firm.keep(Part.CONTACTS, made)
    firm.keep(Part.CONTACTS, contact(30), contact(31))
    firm.sell(21, firm.today - 3)
    firm.sell(30, firm.today - 3)
    firm.sell(40, firm.today - 1)
    firm.score()
    matrix = owner_report(firm.rt, firm.account_id, matrix_days=40).matrix
    expected = np.zeros_like(matrix)
    expected[Stage.POTENTIAL.code, NEW] = 2
    expected[Stage.POTENTIAL.code, Stage.POTENTIAL.code] = 2
    expected[ABSENT, NEW] = 1
    assert matrix.tolist() == expected.tolist()
    before = owner_report(firm.rt, firm.account_id, matrix_days=60)
    assert before.matrix[ABSENT, NEW] == 2
    assert before.matrix_days == 60


def stages(firm: Firm) -> dict[str, int]:
    picture = account_picture(firm.rt, firm.account_id)
    return {stage: one.clients for stage, one in picture.stages.items()}


def test_the_matrix_ends_where_the_judgements_stand(firm):
    trade(firm, 25)
    firm.score()
    now = owner_report(firm.rt, firm.account_id).matrix[:ABSENT, :ABSENT].sum(axis=0)
    absent = owner_report(firm.rt, firm.account_id).matrix[ABSENT, :ABSENT]
    counts = dict(zip(STAGES, (now + absent).tolist(), strict=True))
    found = stages(firm)
    assert {stage: found.get(stage, 0) for stage in STAGES} == counts


def test_advocates_are_advocates_in_the_matrix_too(firm):
    firm.keep(Part.CONTACTS, contact(10, tags='[{"id": 1, "name": "friend"}]'))
    for days in range(0, 100, 20):
        firm.sell(10, firm.today - days)
    firm = firm.under(advocate_tag="friend")
    firm.score()
    found = owner_report(firm.rt, firm.account_id, matrix_days=200)
    assert found.matrix[:, Stage.ADVOCATE.code].sum() == 1
    assert found.journey.entered[Stage.ADVOCATE.code] == 1


def test_the_picture_counts_who_is_flagged_and_what_is_at_stake(firm):
    trade(firm, 40)
    firm.score()
    rows, picture = firm.judged().values(), account_picture(firm.rt, firm.account_id)
    for by, tallies in (("stage", picture.stages), ("segment", picture.segments)):
        for name, tally in tallies.items():
            theirs = [row for row in rows if getattr(row, by) == name]
            flagged = [row for row in theirs if row.flagged]
            assert (tally.clients, tally.flagged) == (len(theirs), len(flagged))
            assert tally.loss == sum(row.expected_loss for row in theirs)
            assert tally.flagged_loss == sum(row.expected_loss for row in flagged)
    assert sum(one.flagged for one in picture.stages.values()) > 0


@pytest.mark.parametrize("days", [1, 100])
def test_a_report_needs_no_scoring_of_its_own_day(firm, days):
    """Also of deals that were dated ahead, in a quarter that nothing is learned of."""
    trade(firm, 8)
    firm.sell(7, firm.today + 95)
    firm.score()
    firm.pass_days(days)
    found = owner_report(firm.rt, firm.account_id)
    assert found.as_of == firm.today
    assert found.figures.clients == 8 + (days == 100)


def test_a_report_writes_nothing(firm):
    trade(firm, 8)
    firm.score()
    before = (firm.judged(), firm.account.runs(5))
    owner_report(firm.rt, firm.account_id)
    assert (firm.judged(), firm.account.runs(5)) == before
