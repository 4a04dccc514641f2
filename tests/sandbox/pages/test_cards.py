"""A card's page: every value, tag, task and note, and who wrote it."""

import pytest

from kommo_sync.sandbox.account.records import LOST, WON, Event, Field, FieldGroup
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.humans import trash_card
from tests.sandbox.hands import DAY, NOON, Shopfloor, part

AUTHORS = [
    ("human", "by-human", "Written by Daniel O'Connor (human), 21 Sep 2026, 12:00"),
    ("ours", "by-ours", "Written by Your integration (your integration)"),
    ("foreign", "by-integration", "Written by Newsletter (integration)"),
    ("robot", "by-robot", "Written by Robot (robot)"),
]


@pytest.fixture
def floor() -> Shopfloor:
    return Shopfloor()


@pytest.fixture
def contact(floor: Shopfloor) -> int:
    made = floor.human.make("contacts", name="Ann Lee")
    floor.clock.advance(DAY)
    return made


def history(floor: Shopfloor, path: str) -> str:
    """Return what the history on a card says."""
    return part(floor.page(path), 'aria-labelledby="history"', "</section>")


def property_of(page: str, name: str) -> str:
    """Return what stands beside a property's name, its badge included."""
    return part(page, f"<dt>{name}</dt>", "</div>")


@pytest.mark.parametrize(("hand", "look", "badge"), AUTHORS)
def test_a_field_value_tells_who_wrote_it(floor, hand, look, badge):
    card = floor.human.make("contacts", name="Ann Lee")
    getattr(floor, hand).fill("contacts", card, "City", "Lima")
    page = floor.page(f"/contacts/{card}")
    assert property_of(page, "City").startswith(f"Lima {badge}")
    assert look in page.split("<dt>City</dt>")[1].split("</div>")[0]


@pytest.mark.parametrize(("hand", "look", "badge"), AUTHORS)
def test_a_tag_tells_who_put_it_there(floor, hand, look, badge):
    card = floor.human.make("contacts", name="Ann Lee")
    getattr(floor, hand).tag("contacts", card, "slipping")
    page = floor.page(f"/contacts/{card}")
    tags = part(page, 'class="chips tags"', "</ul>")
    assert f"slipping {badge}" in tags
    assert look in page.split('class="chips tags"')[1].split("</ul>")[0]


@pytest.mark.parametrize(("hand", "look", "badge"), AUTHORS)
def test_a_note_tells_who_wrote_it(floor, hand, look, badge):
    card = floor.robot.make("contacts", name="Ann Lee")
    getattr(floor, hand).note("contacts", card, "Likes tea")
    text = history(floor, f"/contacts/{card}")
    assert badge in text.split("Likes tea")[0]
    assert text.count("Likes tea") == 1


@pytest.mark.parametrize(("hand", "look", "badge"), AUTHORS)
def test_a_task_on_a_card_tells_who_made_it(floor, contact, hand, look, badge):
    floor.clock.advance(-DAY)
    getattr(floor, hand).task(
        "Call", NOON + DAY, entity_type="contacts", entity_id=contact
    )
    page = floor.page(f"/contacts/{contact}")
    assert badge in part(page, 'aria-labelledby="tasks"', "</section>")


def test_a_value_that_a_human_changed_is_no_longer_ours(floor, contact):
    floor.ours.fill("contacts", contact, "City", "Lima")
    floor.human.fill("contacts", contact, "City", "Cusco")
    text = property_of(floor.page(f"/contacts/{contact}"), "City")
    assert text.startswith("Cusco Written by Daniel O'Connor (human)")


def test_what_nobody_touched_since_was_written_by_who_made_the_card(floor):
    card = floor.foreign.make("contacts", name="Ann Lee")
    text = property_of(floor.page(f"/contacts/{card}"), "Responsible")
    assert "Written by Newsletter (integration)" in text


def test_fields_stand_under_their_tabs_and_empty_ones_are_only_named(floor, contact):
    data = floor.state.data
    data.field_groups["k"] = FieldGroup(
        id="contacts_1", entity_type="contacts", name="Retention", sort=9
    )
    data.fields[1] = Field(
        id=1, entity_type="contacts", name="RFM", type="text", group_id="contacts_1"
    )
    floor.ours.fill("contacts", contact, "RFM", "5-4-3")
    page = floor.page(f"/contacts/{contact}")
    assert "5-4-3" in part(page, "<bdi>Retention</bdi>", "</section>")
    assert "Empty: Position, Phone" in part(page, "<bdi>Main</bdi>", "</section>")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("date", NOON, "21 Sep 2026"),
        ("date_time", NOON, "21 Sep 2026, 12:00"),
        ("date", 10**17, str(10**17)),
        ("checkbox", True, "yes"),
        ("monetary", 1234.5, "$1,234.50"),
        ("numeric", 2024, "2024"),
    ],
)
def test_a_value_reads_by_the_type_of_its_field(floor, contact, kind, value, text):
    floor.state.data.fields[1] = Field(
        id=1, entity_type="contacts", name="Fact", type=kind
    )
    floor.ours.fill("contacts", contact, "Fact", value)
    assert property_of(floor.page(f"/contacts/{contact}"), "Fact").startswith(
        f"{text} W"
    )


@pytest.mark.parametrize(
    ("url", "is_link"),
    [("https://example.com/a", True), ("javascript:alert(1)", False), ("x", False)],
)
def test_only_a_web_address_becomes_a_link(floor, url, is_link):
    company = floor.human.make("companies", name="Acme")
    floor.human.fill("companies", company, "Web", url)
    page = floor.page(f"/companies/{company}")
    assert (f'href="{url}"' in page) is is_link
    assert property_of(page, "Web").startswith(url)


def test_a_client_s_deals_show_stage_price_and_what_they_amount_to(floor, contact):
    links = {"contacts": [{"id": contact}]}
    for name, price, status_id in (("A", 100, WON), ("B", 50.5, WON), ("C", 7, LOST)):
        floor.human.make(
            "leads", name=name, price=price, status_id=status_id, _embedded=links
        )
    floor.human.make("leads", name="D", price=9, _embedded=links)
    deals = part(
        floor.page(f"/contacts/{contact}"), 'aria-labelledby="deals"', "</section>"
    )
    assert "$150.50 won in 2 · $9 open in 1" in deals
    assert "C Closed - lost $7 closed 22 Sep 2026" in deals


def test_a_company_shows_its_people_and_a_lead_its_client(floor, contact):
    company = floor.human.make(
        "companies", name="Acme", _embedded={"contacts": [{"id": contact}]}
    )
    lead = floor.human.make(
        "leads", name="Order", _embedded={"contacts": [{"id": contact}]}
    )
    link = f'<a href="/contacts/{contact}"><bdi>Ann Lee</bdi></a>'
    assert link in floor.page(f"/companies/{company}")
    assert link in floor.page(f"/leads/{lead}")
    assert f'href="/companies/{company}"' in floor.page(f"/contacts/{contact}")


def test_a_lead_shows_where_it_stands_on_its_way(floor):
    stages = floor.state.main_pipeline().ordinary()
    lead = floor.human.make("leads", name="Order", status_id=stages[1].id)
    page = floor.page(f"/leads/{lead}")
    here = page.split('aria-current="step"')[1].split("</li>")[0]
    assert stages[1].name in here
    assert page.count("step-passed") == 1
    assert property_of(page, "Stage").startswith(stages[1].name)


def test_a_finished_task_shows_its_result_and_who_finished_it(floor, contact):
    task = floor.ours.task("Call", NOON, entity_type="contacts", entity_id=contact)
    floor.human.finish(task, "2 later")
    page = floor.page(f"/contacts/{contact}")
    tasks = part(page, 'aria-labelledby="tasks"', "</section>")
    assert "0 open" in tasks
    assert "Result: 2 later" in tasks
    assert "finished by Written by Daniel O'Connor" in tasks


def test_a_change_and_its_event_are_told_once(floor, contact):
    floor.ours.tag("contacts", contact, "slipping")
    floor.ours.fill("contacts", contact, "City", "Lima")
    floor.human.change("contacts", contact, name="Ann Lee-Roth")
    text = history(floor, f"/contacts/{contact}")
    assert text.count("Tag added slipping") == 1
    assert text.count("City empty → Lima") == 1
    assert text.count("Name Ann Lee → Ann Lee-Roth") == 1
    assert text.count("Contact created") == 1


def test_history_tells_stages_prices_and_people_by_name(floor):
    stages = floor.state.main_pipeline().ordinary()
    lead = floor.human.make("leads", name="Order", price=5)
    floor.clock.advance(60)
    changed = {"price": 12.5, "responsible_user_id": floor.owner.id}
    floor.ours.change("leads", lead, status_id=stages[1].id, **changed)
    text = history(floor, f"/leads/{lead}")
    assert f"Stage {stages[0].name} → {stages[1].name}" in text
    assert "Price $5 → $12.50" in text
    assert "Responsible Daniel O'Connor → Olivia Brandt" in text
    assert "Your integration" in text.split("Stage")[0]


def test_a_human_who_removes_our_tag_is_seen_in_the_history(floor, contact):
    floor.ours.tag("contacts", contact, "talk-now")
    floor.clock.advance(60)
    gone = [{"name": "talk-now"}]
    floor.human.change("contacts", contact, tags_to_delete=gone)
    text = history(floor, f"/contacts/{contact}")
    assert "Daniel O'Connor" in text.split("Tag removed talk-now")[0]
    assert "Your integration" not in text.split("Tag removed talk-now")[0]


def test_what_happens_to_a_card_s_tasks_is_part_of_its_history(floor, contact):
    task = floor.ours.task("Call", NOON, entity_type="contacts", entity_id=contact)
    floor.clock.advance(60)
    floor.human.finish(task, "1 bought")
    text = history(floor, f"/contacts/{contact}")
    assert "Result empty → 1 bought Task: Call" in text
    assert "Finished no → yes" in text
    assert "Task created Call" in text


def test_an_event_that_nobody_witnessed_is_told_by_its_user(floor, contact):
    floor.state.data.events.append(
        Event(
            seq=9,
            type="incoming_chat_message",
            entity_type="contact",
            entity_id=contact,
            created_by=0,
            created_at=NOON,
            after=("message", "m1", 5, "telegram"),
        )
    )
    assert "Chat message received telegram" in history(floor, f"/contacts/{contact}")


def test_a_long_history_is_paged_newest_first(floor, contact):
    for number in range(45):
        floor.clock.advance(60)
        floor.human.fill("contacts", contact, "City", f"Town {number:02}")
    path = f"/contacts/{contact}"
    first, second = history(floor, path), history(floor, f"{path}?page=2")
    assert first.index("→ Town 44") < first.index("→ Town 43")
    assert "→ Town 04" not in first
    assert "→ Town 04" in second
    assert "Contact created" in second


def test_a_card_in_the_trash_says_so(floor, contact):
    trash_card(Writer(floor.state, floor.human.author), "contacts", contact)
    page = floor.words(f"/contacts/{contact}")
    assert "This contact is in the trash." in page
    assert "Contact trashed" in page


def test_a_card_without_a_name_is_called_by_its_number(floor):
    card = floor.human.make("contacts")
    assert f"Contact #{card}" in floor.words("/clients")


def test_the_legend_explains_every_kind_of_author(floor, contact):
    page = floor.page(f"/contacts/{contact}")
    legend = page.split('class="legend"')[1].split("</aside>")[0]
    for look in ("human", "ours", "integration", "robot"):
        assert f"by-{look}" in legend
