"""The pages looked at in a real Chromium: room, contrast, keyboard, safety."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from kommo_sync.sandbox.account.history import Request
from kommo_sync.sandbox.seeding import seed
from tests.browser import open_browser, serving
from tests.sandbox.hands import DAY, HOUR, NOON, Shopfloor

pytestmark = pytest.mark.browser

LONG = "Донаудампфшиффартсэлектрицитетенхауптбетрибсверкбауунтербеамтенгезельшафт"
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
PATHS = (
    "/",
    "/clients",
    "/clients?query=ир",
    "/tasks",
    "/history",
    "/history?tab=requests",
    "/contacts/{contact}",
    "/companies/{company}",
    "/leads/{lead}",
    "/stages/{pipeline}/{stage}",
    "/nowhere",
)
# WCAG 2.2, 1.4.3: 4.5, or 3 for text from 24 px, or from 18.66 px if bold.
CONTRAST = """() => {
  const rgba = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const over = (top, under) => {
    const mix = (x, y) => x * top.a + y * (1 - top.a);
    const [r, g, b] = ["r", "g", "b"].map((c) => mix(top[c], under[c]));
    return {r, g, b, a: 1};
  };
  const light = ({r, g, b}) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map(
      (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      layers.push(colour);
      if (colour.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under));
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const box = element.getBoundingClientRect();
    if (!walker.currentNode.data.trim() || box.width < 2) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const [a, b] = [light(over(rgba(style.color), under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    seen += 1;
    if (ratio < (isLarge ? 3 : 4.5)) {
      weak.push(`${ratio.toFixed(2)} ${element.className}: ${element.textContent}`);
    }
  }
  return [seen, weak];
}"""


@dataclass
class Shown:
    """A served account with everything hard to show, and the paths to its pages."""

    floor: Shopfloor
    url: str
    paths: dict[str, str]


def _furnish(floor: Shopfloor) -> dict[str, int]:
    """Fill an account with long, Cyrillic and hostile names and texts."""
    company = floor.human.make("companies", name=f"Ирис «{LONG}» {HOSTILE}")
    links = {"companies": [{"id": company}]}
    contact = floor.human.make("contacts", name=f"Ирина {LONG} {HOSTILE}")
    links["contacts"] = [{"id": contact}]
    lead = floor.human.make(
        "leads", name=f"{HOSTILE} {LONG * 2}", price=1_234_567_890.99, _embedded=links
    )
    hands = (floor.human, floor.ours, floor.foreign, floor.robot)
    for number, hand in enumerate(hands):
        for kind, card_id in (("leads", lead), ("contacts", contact)):
            hand.tag(kind, card_id, f"{number} {LONG}")
            hand.note(kind, card_id, f"{HOSTILE} {LONG * 3}")
        due = NOON + (number - 1) * 8 * HOUR
        card = {"entity_type": "contacts", "entity_id": contact}
        user_id = floor.manager.id
        hand.task(f"{HOSTILE}\n{LONG * 2}", due, responsible_user_id=user_id, **card)
    floor.ours.fill("contacts", contact, "City", LONG * 2)
    floor.human.fill("contacts", contact, "Email", f"{'a' * 90}@{'b' * 90}.example")
    floor.human.finish(min(floor.state.data.tasks), LONG * 2)
    _ask(floor)
    pipeline = floor.state.main_pipeline()
    return {
        "company": company,
        "contact": contact,
        "lead": lead,
        "pipeline": pipeline.id,
        "stage": pipeline.ordinary()[0].id,
    }


def _ask(floor: Shopfloor) -> None:
    for status, body in ((200, f'["{LONG * 3}"]'), (429, None)):
        requests = floor.state.data.requests
        requests.append(
            Request(
                seq=len(requests) + 1,
                at=NOON,
                method="PATCH",
                path=f"/api/v4/{'x' * 200}",
                query=HOSTILE,
                status=status,
                body=body,
                fault="throttle" if status == 429 else None,
            )
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def shown() -> Iterator[Shown]:
    floor = Shopfloor(name=f"Магазин {LONG}")
    ids = _furnish(floor)
    with serving(floor.app()) as url:
        yield Shown(floor, url, {path: url + path.format(**ids) for path in PATHS})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(20_000)
    yield page
    page.close()


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    width: int = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    return width


@pytest.mark.parametrize("path", PATHS)
def test_no_page_scrolls_sideways_on_a_desk_or_a_telephone(page, shown, path):
    page.goto(shown.paths[path])
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert sideways(page) <= 0, width


@pytest.mark.parametrize("path", PATHS)
def test_every_text_stands_out_from_its_ground_by_day_and_night(page, shown, path):
    page.goto(shown.paths[path])
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen, weak = page.evaluate(CONTRAST)
        assert seen > 10
        assert weak == [], scheme


@pytest.mark.parametrize("path", PATHS)
def test_hostile_names_run_nothing_and_load_nothing(page, shown, path):
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "404" not in message.text:
            heard.append(message.text)

    page.on("console", hear)
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shown.paths[path])
    assert heard == []
    assert page.locator("img, script, iframe").count() == 0
    assert {url for url in asked if not url.startswith((shown.url, "data:"))} == set()


@pytest.mark.parametrize("path", PATHS)
def test_every_input_has_a_label_and_one_heading_stands_above_the_others(
    page, shown, path
):
    page.goto(shown.paths[path])
    for box in page.locator("input, select").all():
        assert box.evaluate("box => box.labels.length") == 1
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(h => h.tagName)")
    assert levels == ["H1", *["H2"] * (len(levels) - 1)]


def test_our_badge_looks_unlike_all_others(page, shown):
    page.goto(shown.paths["/contacts/{contact}"])
    grounds = {
        kind: page.locator(f"dd .by-{kind}, .tags .by-{kind}").first.evaluate(
            "badge => getComputedStyle(badge).backgroundColor"
        )
        for kind in ("ours", "human", "integration", "robot")
    }
    assert len(set(grounds.values())) == 4


def test_the_keyboard_reaches_content_and_board(page, shown):
    page.goto(shown.paths["/"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    page.locator(".board").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(outline) == "solid"


def test_a_search_by_keyboard_leads_to_the_client_s_card(page, shown):
    page.goto(shown.paths["/"])
    page.get_by_label("Find clients and deals").fill("ирина")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ирина").first.click()
    expect(page.locator("h1")).to_have_text(re.compile("^\\s*Ирина"))


def test_the_board_scrolls_in_its_own_frame(page, shown):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(shown.paths["/"])
    width = "board => board.scrollWidth - board.clientWidth"
    assert page.locator(".board").evaluate(width) > 500
    assert sideways(page) <= 0


def test_an_empty_account_fits_a_telephone(page):
    with serving(Shopfloor().app()) as url:
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(url)
        expect(page.get_by_role("heading", name="No deals yet")).to_be_visible()
        assert sideways(page) <= 0


def test_ten_thousand_deals_stand_on_the_board_with_true_counts(page):
    floor = Shopfloor()
    seed.generate(floor.state, clients=1_500, seed=3)
    leads = floor.state.data.leads
    assert len(leads) > 10_000
    with serving(floor.app()) as url:
        counts = []
        for pipeline in floor.state.data.pipelines:
            page.goto(f"{url}/?pipeline={pipeline}")
            counts += page.locator(".column .figures").all_inner_texts()
        assert sum(int(c.split()[0].replace(",", "")) for c in counts) == len(leads)
        assert page.locator(".deal").count() <= 30 * page.locator(".column").count()
        page.locator(".more a").first.click()
        expect(page.locator("tbody tr")).to_have_count(50)


def test_a_manager_s_day_leads_to_the_card_of_a_task(page):
    floor = Shopfloor()
    contact = floor.human.make("contacts", name="Ann Lee")
    card = {"entity_type": "contacts", "entity_id": contact}
    floor.ours.task("Call", NOON + DAY, responsible_user_id=floor.manager.id, **card)
    with serving(floor.app()) as url:
        page.goto(f"{url}/tasks?user={floor.manager.id}")
        page.get_by_role("link", name="Ann Lee").click()
        expect(page.get_by_role("heading", name="Ann Lee")).to_be_visible()
