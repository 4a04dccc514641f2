from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.records import LOST, WON, Lead
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.seeding.fresh import fresh_data, refund_stage
from kommo_sync.sandbox.seeding.transactions import (
    BadTransactions,
    Classes,
    import_transactions,
    read_transactions,
)
from tests.sandbox.chances import chance

NOW = 1_790_000_000
ZONE = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def log(tmp_path):
    def write(*rows, header="client,date,amount"):
        path = tmp_path / "log.csv"
        path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
        return path

    return write


@pytest.fixture
def refused(log):
    def read(*rows, **header):
        with pytest.raises(BadTransactions) as caught:
            read_transactions(log(*rows, **header))
        return str(caught.value)

    return read


def imported(path: Path) -> tuple[State, Classes]:
    data = fresh_data(now=NOW, chance=chance(1), timezone=ZONE.key)
    state = State(data, ManualClock(NOW))
    return state, import_transactions(state, read_transactions(path))


def the_lead(path: Path) -> tuple[State, Lead]:
    state, _ = imported(path)
    [lead] = state.data.leads.values()
    return state, lead


def noon(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=ZONE).timestamp())


def stages(state: State) -> list[str]:
    names = {WON: "won", LOST: "lost", refund_stage(state.data).id: "refund"}
    return [names[lead.status_id] for lead in state.data.leads.values()]


def test_a_positive_row_is_a_lead_won_at_noon_of_that_day(log):
    _, lead = the_lead(log("A1,2011-01-18,75.5"))
    assert (lead.status_id, lead.price) == (WON, 7_550)
    assert lead.closed_at == lead.updated_at == noon("2011-01-18")
    assert noon("2011-01-18") - 86_400 < lead.created_at < noon("2011-01-18")


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [
        ("14.309999999999999", 1_431),
        ("0.5700000000000001", 57),
        ("0.005", 1),
        ("1e3", 100_000),
        (" 7 ", 700),
        ("77183.6", 7_718_360),
    ],
)
def test_amounts_are_kept_to_the_cent(log, text, hundredths):
    _, lead = the_lead(log(f"A1,2011-01-18,{text}"))
    assert lead.price == hundredths


@pytest.mark.parametrize("text", ["0", "0.00", "-0.0", "0.001"])
def test_a_zero_row_is_a_lead_won_at_nothing(log, text):
    state, classes = imported(log(f"A1,2011-01-18,{text}"))
    assert stages(state) == ["won"]
    assert (classes.zero.count, classes.won.count) == (1, 0)


def test_a_row_that_takes_an_order_back_moves_its_lead_out_of_won(log):
    state, lead = the_lead(log("A1,2011-01-18,75.5", "A1,2011-02-03,-75.50"))
    assert (lead.status_id, lead.price) == (LOST, 7_550)
    assert datetime.fromtimestamp(lead.closed_at or 0, ZONE).date().isoformat() == (
        "2011-02-03"
    )
    assert lead.updated_at == lead.closed_at
    assert lead.loss_reason_id is not None
    moves = [e.after[1] for e in state.data.events if e.type == "lead_status_changed"]
    assert moves == [WON, LOST]


def test_an_order_taken_back_on_its_own_day_is_lost_after_it_was_won(log):
    _, lead = the_lead(log("A1,2011-01-18,5", "A1,2011-01-18,-5"))
    assert lead.status_id == LOST
    assert (lead.closed_at or 0) > noon("2011-01-18")


def test_the_latest_of_equal_orders_is_taken_back(log):
    rows = ("A1,2011-01-01,5", "A1,2011-01-03,5", "A1,2011-01-09,5")
    state, _ = imported(log(*rows, "A1,2011-01-04,-5"))
    assert stages(state) == ["won", "lost", "won"]


def test_an_order_is_taken_back_only_once(log):
    state, classes = imported(
        log("A1,2011-01-01,5", "A1,2011-01-02,-5", "A1,2011-01-03,-5")
    )
    assert stages(state) == ["lost", "refund"]
    assert (classes.cancelled.count, classes.refund.count) == (1, 1)


@pytest.mark.parametrize(
    "order", ["B2,2011-01-01,5", "A1,2011-01-01,5.01", "A1,2011-01-03,5"]
)
def test_an_order_of_another_client_amount_or_later_day_stands(log, order):
    state, _ = imported(log(order, "A1,2011-01-02,-5"))
    assert sorted(stages(state)) == ["refund", "won"]


def test_a_refund_is_a_lead_of_its_client_priced_at_what_was_given_back(log):
    state, lead = the_lead(log("A1,2011-01-18,-12.34"))
    stage = refund_stage(state.data)
    assert (lead.pipeline_id, lead.status_id) == (stage.pipeline_id, stage.id)
    assert (lead.price, lead.closed_at) == (1_234, None)
    assert lead.created_at == noon("2011-01-18")
    assert state.data.contacts[lead.contact_ids[0]].name == "Client A1"


def test_rows_are_counted_and_summed_by_class(log):
    rows = ("A1,2011-01-01,5", "A1,2011-01-02,-5", "A1,2011-01-02,-2", "B,2011-01-02,0")
    _, classes = imported(log(*rows, "B,2011-01-02,7.5", "B,2011-01-03,-1.25"))
    assert (classes.won.count, classes.won.total) == (2, 1_250)
    assert (classes.cancelled.count, classes.cancelled.total) == (1, 500)
    assert (classes.refund.count, classes.refund.total) == (2, 325)
    assert (classes.zero.count, classes.zero.total) == (1, 0)


def test_a_client_has_one_card_with_its_number_and_country(log):
    header = "client,date,amount,order_id,country"
    rows = ("A1,2011-01-02,5,17,Perú", "A1,2011-01-01,6,16,Perú")
    state, _ = imported(log(*rows, header=header))
    [contact] = state.data.contacts.values()
    texts = [values[0].value for values in contact.fields.values()]
    assert texts == ["A1", "Perú"]
    orders = [state.data.leads[i] for i in contact.lead_ids]
    assert [lead.price for lead in orders] == [600, 500]
    assert [[v[0].value for v in x.fields.values()] for x in orders] == [["16"], ["17"]]


def test_columns_may_stand_in_any_order_after_a_byte_order_mark(log):
    path = log("5,A1,2011-01-01", header="\ufeffAmount, client ,date")
    [row] = read_transactions(path)
    assert (row.client, row.amount, row.order_id) == ("A1", 500, "")


def test_dates_beyond_the_clock_stay_as_they_are(log):
    state, _ = imported(log("A1,2099-12-31,5", "A1,1971-01-01,5"))
    closed = [lead.closed_at for lead in state.data.leads.values()]
    assert closed == [noon("1971-01-01"), noon("2099-12-31")]


def test_the_feed_is_in_order_and_numbered_from_one(log):
    rows = ("A1,2011-01-05,5", "B,2011-01-01,7", "A1,2011-01-09,-5", "B,2011-01-07,1")
    events = imported(log(*rows))[0].data.events
    assert [event.seq for event in events] == list(range(1, 10))
    assert sorted(events, key=lambda event: event.created_at) == events


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("A1,18.01.2011,5", "row 3, column date: '18.01.2011' is no date"),
        ("A1,2011-02-30,5", "row 3, column date: '2011-02-30' is no date"),
        ("A1,0001-01-01,5", "row 3, column date: '0001-01-01' is no date"),
        ("A1,2011-01-01 10:00,5", "row 3, column date: '2011-01-01 10:00' is no"),
        ("A1,2011-01-01,five", "row 3, column amount: 'five' is no amount"),
        ("A1,2011-01-01,nan", "row 3, column amount: 'nan' is no amount"),
        ("A1,2011-01-01,-inf", "row 3, column amount: '-inf' is no amount"),
        ("A1,2011-01-01,1_000", "row 3, column amount: '1_000' is no amount"),
        ('A1,2011-01-01,"1,5"', "row 3, column amount: '1,5' is no amount"),
        ("A1,2011-01-01,1e99", "row 3, column amount: '1e99' is no amount"),
        ("A1,2011-01-01,", "row 3, column amount: '' is no amount"),
        (" ,2011-01-01,5", "row 3, column client: '' names no client"),
        ("A1,2011-01-01", "row 3, column amount: the row ends after 2 cells"),
    ],
)
def test_a_bad_row_is_named_with_its_column_and_value(refused, row, sentence):
    said = refused("A1,2011-01-01,5", row)
    assert sentence in said
    assert ";" in said
    assert said.endswith(".")


def test_blank_lines_and_line_breaks_in_cells_count_as_lines(refused):
    said = refused('"A\n1",2011-01-01,5', "", "A1,x,5")
    assert "row 5, column date" in said


def test_a_missing_column_is_named(refused):
    said = refused("A1;2011-01-01;5", header="client;date;amount")
    assert "row 1: there is no column client" in said


def test_an_open_quote_is_refused_by_its_row(refused):
    assert "row 3" in refused("A1,2011-01-01,5", '"A1,2011-01-01,5')


@pytest.mark.parametrize("text", ["", "\n", "client,date,amount\n"])
def test_a_file_without_rows_is_refused(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(BadTransactions, match="holds no rows; give a header"):
        read_transactions(path)


def test_text_that_is_not_utf8_is_refused_by_its_row(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("client,date,amount\nJosé,2011-01-01,5\n".encode("latin-1"))
    with pytest.raises(BadTransactions, match="row 2: the text is not UTF-8"):
        read_transactions(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadTransactions, match="no such file"):
        read_transactions(tmp_path / "none.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(BadTransactions, match="directory"):
        read_transactions(tmp_path)
