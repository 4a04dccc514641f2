"""Who wrote a thing: a human, another integration, ours, or the account's robot."""

from dataclasses import dataclass

from kommo_sync.sandbox.account.history import Author, Mark
from kommo_sync.sandbox.account.records import Card, Row
from kommo_sync.sandbox.pages.presenting import Presenter, initials

KINDS = ("human", "ours", "integration", "robot", "system")


@dataclass(frozen=True, slots=True)
class Badge:
    """A small sign of who wrote.

    Attributes:
        kind: `human`, `integration`, `ours`, `robot` or `system`; also its look.
        label: what stands in the sign.
        name: the author's name in full.
        title: a sentence: who and when.
    """

    kind: str
    label: str
    name: str
    title: str


LEGEND = (
    Badge("human", "AB", "Human", "a person, by initials"),
    Badge("ours", "yours", "Yours", "your integration"),
    Badge("integration", "name", "Integration", "another integration, by name"),
    Badge("robot", "robot", "Robot", "the account's own robot"),
)


class Authorship:
    """Tells of every slot of every record who wrote it last."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._data = presenter.state.data

    def of_slot(self, card: Card, slot: str) -> Badge:
        """Return who wrote a slot; who made the card, if nobody touched it since."""
        mark = self.mark(card.kind, card.id, slot)
        return self._of_mark(mark) if mark else self.of_making(card.kind, card)

    def of_making(self, kind: str, row: Row) -> Badge:
        """Return who made a record: its mark, else the user in `created_by`."""
        mark = self.mark(kind, row.id, "created")
        if mark is not None:
            return self._of_mark(mark)
        return self.of_user(row.created_by, row.created_at)

    def mark(self, kind: str, record_id: int, slot: str) -> Mark | None:
        """Return the mark of a slot, if there is one."""
        return self._data.marks.get(kind, {}).get(record_id, {}).get(slot)

    def _of_mark(self, mark: Mark) -> Badge:
        return self.of_author(mark.author, mark.at)

    def of_author(self, index: int, at: float) -> Badge:
        """Return the badge of an author by place in the list of authors."""
        if not 0 <= index < len(self._data.authors):
            return self._badge("system", "unknown", "unknown author", at)
        author = self._data.authors[index]
        kind = look(author)
        label = {
            "human": initials(author.name),
            "ours": "yours",
            "robot": "robot",
        }.get(kind, author.name or kind)
        return self._badge(kind, label, author.name or kind, at)

    def of_user(self, user_id: int, at: float) -> Badge:
        """Return the badge of a user; 0 is the robot."""
        if not user_id:
            return self._badge("robot", "robot", "robot", at)
        name = self._presenter.user_name(user_id)
        return self._badge("human", initials(name), name, at)

    def _badge(self, kind: str, label: str, name: str, at: float) -> Badge:
        said = {"human": "human", "ours": "your integration"}.get(kind, kind)
        when = self._presenter.moment(at)
        who = name if said == name else f"{name} ({said})"
        return Badge(kind, label, name, f"Written by {who}, {when}")


def look(author: Author) -> str:
    """Return the kind of badge that an author carries."""
    if author.is_ours:
        return "ours"
    return author.kind if author.kind in KINDS else "system"
