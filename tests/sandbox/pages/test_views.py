"""The frame, the board and the list of clients."""

import pytest

from kommo_sync.sandbox.account.records import LOST, WON
from kommo_sync.sandbox.pages.presenting import Presenter, initials
from tests.sandbox.hands import DAY, HOUR, NOON, Shopfloor, words

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "' autofocus onfocus='alert(1)",
)


@pytest.fixture
def floor() -> Shopfloor:
    return Shopfloor()


def column_of(page: str, stage: str) -> str:
    """Return the HTML of one column of the board."""
    columns = page.split('<section class="column')
    return next(c for c in columns[1:] if f"<bdi>{stage}</bdi></a></h2>" in c)


def test_a_column_tells_how_many_deals_it_holds_and_what_they_amount_to(floor):
    for price in (1_000, 250.5):
        floor.human.make("leads", name="Order", price=price)
    column = words(column_of(floor.page("/"), "Initial contact"))
    assert "2 deals · $1,250.50" in column


def test_won_and_lost_deals_have_columns_of_their_own(floor):
    floor.human.make("leads", name="Paid", price=10, status_id=WON)
    floor.human.make("leads", name="Gone", price=20, status_id=LOST)
    page = floor.page("/")
    assert "1 deal · $10" in words(column_of(page, "Closed - won"))
    assert "1 deal · $20" in words(column_of(page, "Closed - lost"))
    assert "0 open deals · $0" in words(page)


def test_a_long_column_shows_the_thirty_newest_and_leads_to_the_others(floor):
    for number in range(33):
        floor.clock.advance(1)
        floor.human.make("leads", name=f"Order {number:02}")
    column = words(column_of(floor.page("/"), "Initial contact"))
    assert column.count("Order ") == 30
    assert column.index("Order 32") < column.index("Order 03")
    assert "Order 02" not in column
    assert "3 more" in column


def test_a_stage_list_is_paged_newest_first(floor):
    for number in range(53):
        floor.clock.advance(1)
        floor.human.make("leads", name=f"Order {number:02}")
    pipeline = floor.state.main_pipeline()
    path = f"/stages/{pipeline.id}/{pipeline.ordinary()[0].id}"
    assert "Order 52" in floor.words(path)
    assert "Order 02" not in floor.words(path)
    last = floor.words(f"{path}?page=2")
    assert "Order 02" in last
    assert "Page 2 of 2" in last


def test_a_card_shows_client_company_tags_and_responsible(floor):
    contact = floor.human.make("contacts", name="Ирина Ковалёва")
    company = floor.human.make("companies", name="Acme Ltd")
    links = {"contacts": [{"id": contact}], "companies": [{"id": company}]}
    lead = floor.human.make("leads", name="Reorder", _embedded=links)
    floor.ours.tag("leads", lead, "ks: slipping")
    column = words(column_of(floor.page("/"), "Initial contact"))
    assert "Ирина Ковалёва · Acme Ltd" in column
    assert "ks: slipping (yours)" in column
    assert "Responsible: Daniel O'Connor DO" in column


def test_a_tag_on_the_board_tells_ours_from_a_human_s(floor):
    lead = floor.human.make("leads", name="Reorder")
    floor.ours.tag("leads", lead, "of-ours")
    floor.human.tag("leads", lead, "of-human")
    page = floor.page("/")
    assert 'chip-ours" title="of-ours"' in page
    assert 'chip-human" title="of-human"' in page


@pytest.mark.parametrize(
    ("due", "sign"),
    [
        (NOON - HOUR, "Task overdue since today, 11:00"),
        (NOON + HOUR, "Task today, 13:00"),
        (NOON + DAY, "Next task 22 Sep 2026, 12:00"),
        (None, "No task"),
    ],
)
def test_a_dot_tells_how_a_deal_stands_with_its_tasks(floor, due, sign):
    lead = floor.human.make("leads", name="Reorder")
    if due:
        floor.human.task("Call", due, entity_type="leads", entity_id=lead)
    assert sign in words(column_of(floor.page("/"), "Initial contact"))


def test_a_closed_deal_needs_no_task(floor):
    floor.human.make("leads", name="Paid", status_id=WON)
    assert "No task" not in words(column_of(floor.page("/"), "Closed - won"))


def test_each_pipeline_has_a_tab_and_a_board(floor):
    second = floor.state.data.pipelines[max(floor.state.data.pipelines)]
    floor.human.make("leads", name="Refill", pipeline_id=second.id)
    assert "Refill" not in floor.words("/")
    assert f'href="/?pipeline={second.id}"' in floor.page("/")
    assert "Refill" in floor.words(f"/?pipeline={second.id}")


def test_a_pipeline_that_is_not_there_shows_the_main_one(floor):
    floor.human.make("leads", name="Order")
    assert floor.page("/?pipeline=1") == floor.page("/")


def test_a_deal_whose_stage_is_gone_stays_on_the_board(floor):
    floor.human.make("leads", name="Stranded")
    pipeline = floor.state.main_pipeline()
    gone = pipeline.ordinary()[0]
    pipeline.statuses.remove(gone)
    assert "Stranded" in words(column_of(floor.page("/"), f"Stage {gone.id}"))


def test_a_change_is_seen_on_the_board_at_once(floor):
    client = floor.app().test_client()
    lead = floor.human.make("leads", name="Order", price=5)
    assert "1 deal · $5" in words(client.get("/").text)
    floor.human.change("leads", lead, price=7)
    assert "1 deal · $7" in words(client.get("/").text)


def test_an_empty_account_says_what_to_do_next(floor):
    page = floor.words("/")
    assert "No deals yet" in page
    assert "--from transactions.csv" in page
    assert "No clients yet" in floor.words("/clients")


def test_clients_are_found_by_name_and_by_telephone_in_any_spelling(floor):
    irina = floor.human.make("contacts", name="Ирина Ковалёва")
    floor.human.fill("contacts", irina, "Phone", "+7 (912) 345-67-89")
    floor.human.make("contacts", name="Bob")
    for query in ("ковал", "9123456789"):
        page = floor.words(f"/clients?query={query}")
        assert "1 found" in page
        assert "Ирина Ковалёва" in page


def test_a_search_finds_deals_too(floor):
    floor.human.make("contacts", name="Bob")
    floor.human.make("leads", name="Spring order")
    page = floor.words("/clients?query=spring")
    assert "Nobody found" in page
    assert "Spring order" in page


def test_the_list_shows_what_a_client_has_bought(floor):
    contact = floor.human.make("contacts", name="Bob")
    links = {"contacts": [{"id": contact}]}
    for status_id in (WON, WON, LOST):
        floor.human.make(
            "leads", name="Order", price=50, status_id=status_id, _embedded=links
        )
    assert "Bob Contact 3 $100 Daniel O'Connor" in floor.words("/clients")


@pytest.mark.parametrize("name", MARKUP)
def test_names_with_mark_up_are_shown_as_text_everywhere(name):
    floor = Shopfloor(name=name)
    contact = floor.human.make("contacts", name=name)
    lead = floor.human.make(
        "leads", name=name, _embedded={"contacts": [{"id": contact}]}
    )
    for kind, card_id in (("contacts", contact), ("leads", lead)):
        floor.ours.tag(kind, card_id, name)
        floor.human.note(kind, card_id, name)
    floor.human.fill("contacts", contact, "City", name)
    task = floor.human.task(name, NOON + 9, entity_type="leads", entity_id=lead)
    floor.human.finish(task, name)
    for path in (
        "/",
        "/clients",
        "/tasks",
        "/history",
        f"/contacts/{contact}",
        f"/leads/{lead}",
    ):
        page = floor.page(path)
        assert not any(
            mark in page for mark in ("<script", "<img", "=alert(1)>", "='al")
        )
        assert words(page).count(name) > 1, path


@pytest.mark.parametrize("text", MARKUP)
def test_a_query_with_mark_up_is_shown_as_text(floor, text):
    answer = floor.app().test_client().get("/clients", query_string={"query": text})
    assert text in words(answer.text)
    assert not any(mark in answer.text for mark in ("<script", "<img", "='al"))


@pytest.mark.parametrize("path", ["/", "/history", "/nowhere", "/assets/sandbox.css"])
def test_a_page_may_load_nothing_but_its_own_style_sheet(floor, path):
    headers = floor.app().test_client().get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", "style-src 'self'"]
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_page_needs_nothing_from_another_host(floor):
    style = floor.page("/assets/sandbox.css")
    assert "url(" not in style
    assert "@import" not in style
    page = floor.page("/").replace("http://www.w3.org/2000/svg", "")
    assert "//" not in page.replace("https://", "//").split("<body")[1]
    assert "style=" not in page


def test_a_missing_page_says_so_in_html(floor):
    page = floor.page("/nowhere", status=404)
    assert "There is no such page" in page
    assert "Demo shop" in page
    assert "There is no card 5 among the leads." in floor.page("/leads/5", status=404)


@pytest.mark.parametrize("path", ["/", "/clients", "/tasks", "/history", "/leads/1"])
def test_pages_take_nothing_but_reading(floor, path):
    answer = floor.app().test_client().post(path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "Method Not Allowed" in answer.text


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 40, "\u0663", ""])
def test_a_senseless_page_number_shows_the_nearest_page(floor, number):
    floor.human.make("contacts", name="Bob")
    for path in ("/clients", "/history", "/tasks", "/"):
        query = {"page": number, "user": number, "pipeline": number, "id": number}
        answer = floor.app().test_client().get(path, query_string=query)
        assert answer.status_code == 200


def test_the_frame_names_the_account_warns_and_shows_its_clock(floor):
    page = floor.page("/tasks")
    assert '<html lang="en">' in page
    assert "Sandbox: an imitation; nothing here is real." in words(page)
    assert "Mon 21 Sep 2026, 12:00 (America/New_York)" in page
    assert page.count('aria-current="page"') == 2


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [
        ("USD", 123_456_700, "$1,234,567"),
        ("EUR", 5, "€0.05"),
        ("RUB", 1_250_50, "1,250.50\xa0₽"),
        ("SEK", -99_00, "\N{MINUS SIGN}99\xa0SEK"),
    ],
)
def test_money_reads_as_in_the_account_s_currency(currency, amount, text):
    presenter = Presenter(Shopfloor(currency=currency).state)
    assert presenter.money(amount) == text


def test_times_read_as_in_the_account_s_time_zone():
    tokyo = Presenter(Shopfloor(timezone="Asia/Tokyo").state)
    assert tokyo.moment(NOON) == "22 Sep 2026, 01:00"
    assert tokyo.day(10**18) == str(10**18)


def test_an_unknown_time_zone_is_read_as_utc():
    presenter = Presenter(Shopfloor(timezone="Mars/Olympus").state)
    assert presenter.moment(NOON) == "21 Sep 2026, 16:00"


def test_initials_come_from_the_first_two_words():
    assert initials("юлия-анна жукова") == "ЮЖ"
    assert initials("  ") == "?"
