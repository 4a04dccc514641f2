"""The pages' addresses: each reads the account under its lock, then is rendered."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
)
from werkzeug.exceptions import HTTPException, NotFound

from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.pages.authorship import LEGEND
from kommo_sync.sandbox.pages.board import board, stage_list
from kommo_sync.sandbox.pages.card import card_page
from kommo_sync.sandbox.pages.clients import client_list
from kommo_sync.sandbox.pages.feed import Feed
from kommo_sync.sandbox.pages.paging import Kept, whole_number
from kommo_sync.sandbox.pages.presenting import Presenter
from kommo_sync.sandbox.pages.tasks import day
from kommo_sync.sandbox.pages.witness import Asked, Witness

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
EXTENSION = "kommo_sync.sandbox.pages"


def blueprint(state: State) -> Blueprint:
    """Return the pages of that account, read-only, to be mounted at the root."""
    pages = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/assets",
    )
    views = _Views(state)
    pages.add_url_rule("/", "board", views.board)
    pages.add_url_rule(
        "/stages/<int:pipeline_id>/<int:status_id>", "stage", views.stage
    )
    pages.add_url_rule("/clients", "clients", views.clients)
    pages.add_url_rule(
        "/<any(leads,contacts,companies):kind>/<int:card_id>", "card", views.card
    )
    pages.add_url_rule("/tasks", "tasks", views.tasks)
    pages.add_url_rule("/history", "history", views.history)
    pages.after_request(_guard)
    pages.record_once(lambda setup: setup.app.extensions.update({EXTENSION: views}))
    return pages


def refusal(error: HTTPException) -> Response:
    """Return the page that says why a request outside the API was refused."""
    views: _Views = current_app.extensions[EXTENSION]
    return _guard(views.refusal(error))


def _guard(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


class _Views:
    """One method a page."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept = Kept()
        self._feed = Feed()
        self._witness = Witness(self._feed)

    def board(self) -> str:
        """Show a pipeline."""
        with self._state.lock:
            say = Presenter(self._state)
            pipeline_id = whole_number(request.args.get("pipeline"))
            shown = board(say, self._kept, pipeline_id)
            common = self._common(say, "board")
        return render_template("board.html", board=shown, **common)

    def stage(self, pipeline_id: int, status_id: int) -> str:
        """Show a stage's deals, page by page."""
        with self._state.lock:
            say = Presenter(self._state)
            page = self._page()
            shown = stage_list(say, self._kept, pipeline_id, status_id, page)
            common = self._common(say, "board")
        if shown is None:
            raise NotFound("There is no such stage.")
        return render_template("stage.html", stage=shown, **common)

    def clients(self) -> str:
        """Show contacts and companies, all or those found."""
        query = request.args.get("query", "")[:200]
        with self._state.lock:
            say = Presenter(self._state)
            shown = client_list(say, self._kept, query, self._page())
            common = self._common(say, "clients")
        return render_template("clients.html", list=shown, **{**common, "query": query})

    def card(self, kind: str, card_id: int) -> str:
        """Show a lead, a contact or a company."""
        state = self._state
        with state.lock:
            card = state.card(kind, card_id) or state.trash(kind).get(card_id)
            if card is None:
                raise NotFound(f"There is no card {card_id} among the {kind}.")
            say = Presenter(state)
            shown = card_page(say, card)
            history = self._feed.of_card(say, card, self._page())
            common = self._common(say, "board" if kind == "leads" else "clients")
        return render_template(
            "card.html", card=shown, history=history, kind=kind, **common
        )

    def tasks(self) -> str:
        """Show a manager's day."""
        with self._state.lock:
            say = Presenter(self._state)
            user_id = whole_number(request.args.get("user"))
            shown = day(say, user_id, request.args.get("section"), self._page())
            common = self._common(say, "tasks")
        return render_template("tasks.html", day=shown, **common)

    def history(self) -> str:
        """Show what the witness saw: changes, or requests."""
        if request.args.get("tab") == "requests":
            return self._requests()
        asked = Asked(
            entity=request.args.get("entity", "").strip()[:60],
            record_id=request.args.get("id", "").strip()[:60],
            by=request.args.get("by", ""),
            page=self._page(),
        )
        with self._state.lock:
            say = Presenter(self._state)
            shown = self._witness.changes(say, asked)
            common = self._common(say, "history")
        return render_template("history.html", list=shown, **common)

    def _requests(self) -> str:
        with self._state.lock:
            say = Presenter(self._state)
            shown = self._witness.requests(say, self._page())
            common = self._common(say, "history")
        return render_template("requests.html", list=shown, **common)

    def refusal(self, error: HTTPException) -> Response:
        """Say in a page of the usual look why a request was refused."""
        with self._state.lock:
            common = self._common(Presenter(self._state), "")
        reason = (
            "" if error.description == type(error).description else error.description
        )
        body = render_template("refusal.html", error=error, reason=reason, **common)
        response = make_response(body, error.code or 500)
        response.headers.extend(
            (name, value) for name, value in error.get_headers() if name == "Allow"
        )
        return response

    @staticmethod
    def _page() -> int | None:
        return whole_number(request.args.get("page"))

    def _common(self, say: Presenter, here: str) -> dict[str, Any]:
        """Return what the frame of every page shows."""
        return {
            "account": self._state.data.account.name or "Sandbox account",
            "clock": say.clock(),
            "here": here,
            "legend": LEGEND,
            "query": "",
        }
