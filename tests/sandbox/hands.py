"""A small account for the pages, and hands that write in it: human, ours, foreign."""

import html
import random
import re
from dataclasses import dataclass
from typing import Any

import flask
import msgspec
from werkzeug.exceptions import HTTPException

from kommo_sync.sandbox import pages
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.grants import Grant
from kommo_sync.sandbox.account.history import ROBOT, Author
from kommo_sync.sandbox.account.records import Field
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.api.notes import create_notes
from kommo_sync.sandbox.rules.cards import Shop, create_card, flaws_of, patch_card
from kommo_sync.sandbox.rules.deals import LEADS
from kommo_sync.sandbox.rules.people import COMPANIES, CONTACTS
from kommo_sync.sandbox.rules.todos import change_task, create_tasks
from kommo_sync.sandbox.seeding.fresh import (
    fresh_data,
    human,
    integration_author,
    managers,
    owner,
)
from kommo_sync.sandbox.wire.call import Call

SHOPS: dict[str, Shop] = {"leads": LEADS, "contacts": CONTACTS, "companies": COMPANIES}
NOON = 1_790_006_400  # 21 Sep 2026, 12:00 in New York
HOUR = 3_600
DAY = 24 * HOUR


@dataclass
class Hand:
    """Writes as one author."""

    state: State
    author: Author

    def _call(self, body: Any = None) -> Call:
        user = self.state.data.users.get(self.author.user_id) or owner(self.state.data)
        return Call(
            state=self.state,
            writer=Writer(self.state, self.author),
            user=user,
            grant=Grant(
                client_id="", user_id=user.id, scopes=["crm"], expires_at=2**31
            ),
            origin="https://demo.kommo.com",
            path="/api/v4",
            raw_body=msgspec.json.encode(body),
        )

    def make(self, kind: str, **item: Any) -> int:
        """Create a lead, contact or company and return its id."""
        call = self._call()
        assert flaws_of(call, SHOPS[kind], item, None) == []
        card_id: int = create_card(call, SHOPS[kind], item).id
        return card_id

    def change(self, kind: str, card_id: int, **item: Any) -> None:
        """Change a card as a PATCH item would."""
        card = self.state.cards(kind)[card_id]
        call = self._call()
        assert flaws_of(call, SHOPS[kind], item, card) == []
        patch_card(call.writer, SHOPS[kind], card, item)

    def tag(self, kind: str, card_id: int, *names: str) -> None:
        """Add tags to a card."""
        self.change(kind, card_id, tags_to_add=[{"name": name} for name in names])

    def fill(self, kind: str, card_id: int, name: str, value: Any) -> None:
        """Write one value into the field of that name."""
        entry = {"field_id": field(self.state, kind, name).id}
        values = [{**entry, "values": [{"value": value}]}]
        self.change(kind, card_id, custom_fields_values=values)

    def task(self, text: str, till: int, **item: Any) -> int:
        """Create a task and return its id."""
        whole = {"text": text, "complete_till": till, **item}
        return create_tasks(self._call(), [whole])[0].id

    def finish(self, task_id: int, result: str) -> None:
        """Finish a task with a result."""
        task = self.state.data.tasks[task_id]
        item = {"is_completed": True, "result": {"text": result}}
        change_task(self._call().writer, task, item)

    def note(self, kind: str, card_id: int, text: str) -> None:
        """Write a note on a card."""
        item = {"note_type": "common", "params": {"text": text}}
        create_notes(self._call([item]), kind, card_id)


class Shopfloor:
    """An account without clients, and everybody who may write in it."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock(NOON)
        now = int(self.clock.now())
        data = fresh_data(now=now, chance=random.Random(1), **settings)
        self.state = State(data, self.clock)
        self.manager = managers(data)[0]
        self.owner = owner(data)
        self.human = Hand(self.state, human(self.manager))
        self.ours = Hand(self.state, integration_author(data, "Your integration"))
        self.foreign = Hand(self.state, integration_author(data, "Newsletter"))
        self.robot = Hand(self.state, ROBOT)

    def app(self) -> flask.Flask:
        """Return an application of nothing but the pages."""
        app = flask.Flask("floor", static_folder=None, template_folder=None)
        app.register_blueprint(pages.blueprint(self.state))
        app.register_error_handler(HTTPException, pages.refusal)
        return app

    def page(self, path: str, status: int = 200) -> str:
        """Return the HTML of a page."""
        answer = self.app().test_client().get(path, buffered=True)
        assert answer.status_code == status, answer.text
        return answer.text

    def words(self, path: str) -> str:
        """Return what a page says, without mark-up, spaces folded."""
        return words(self.page(path))


def field(state: State, kind: str, name: str) -> Field:
    """Return the field of that kind of card with that name."""
    fields = state.data.fields.values()
    return next(f for f in fields if (f.entity_type, f.name) == (kind, name))


def words(page: str) -> str:
    """Return the text of a page or a part of it, spaces folded."""
    bare = re.sub(r"<[^>]*>", " ", page)
    return " ".join(html.unescape(bare).split())


def part(page: str, start: str, end: str) -> str:
    """Return the text between two marks of a page's HTML."""
    assert start in page
    return words(page.split(start, 1)[1].split(end, 1)[0])
