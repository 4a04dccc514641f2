"""Two cards made one, as people do with the duplicates of a person, firm or deal."""

from typing import Any

from kommo_sync.sandbox.account.records import SINGULAR, Card
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.fieldvalues import set_values
from kommo_sync.sandbox.rules.humans import find_card, stage_of
from kommo_sync.sandbox.rules.linking import inherit_links
from kommo_sync.sandbox.rules.tagging import write_tags


def merge_cards(writer: Writer, kind: str, winner_id: int, loser_id: int) -> None:
    """Join two cards: the loser's id disappears, what it had goes to the winner.

    Where both have something of which there can be one only, the winner keeps its own.

    Raises:
        NoSuchCard: one of them is not in the account.
        ValueError: they are one and the same.
    """
    if winner_id == loser_id:
        raise ValueError(f"The {SINGULAR[kind]} {loser_id} is the same card twice.")
    winner = find_card(writer, kind, winner_id)
    loser = find_card(writer, kind, loser_id)
    inherit_links(writer, winner, loser)
    _inherit_marks(writer, winner, loser)
    _adopt(writer, kind, winner_id, loser_id)
    del writer.state.cards(kind)[loser_id]
    writer.log(kind, loser_id, "merged", None, winner_id)
    gone = ("link", SINGULAR[kind], loser_id)
    writer.event("entity_merged", kind, winner_id, (), gone)
    writer.signal(f"delete_{SINGULAR[kind]}", kind, loser_id, **stage_of(loser))
    writer.touch_card(kind, winner)


def _inherit_marks(writer: Writer, winner: Card, loser: Card) -> None:
    definitions = writer.state.data.fields
    filled = [
        (definitions[field_id], values)
        for field_id, values in loser.fields.items()
        if field_id in definitions and field_id not in winner.fields
    ]
    set_values(writer, winner, filled, new=False)
    tags = [{"id": tag_id} for tag_id in loser.tags]
    write_tags(writer, winner, {"tags_to_add": tags}, new=False)


def _adopt(writer: Writer, kind: str, winner_id: int, loser_id: int) -> None:
    """Put the loser's tasks, notes, talks and incoming leads under the winner."""
    state = writer.state
    for task_id in sorted(state.tasks_of.pop((kind, loser_id), set())):
        task = state.data.tasks[task_id]
        writer.assign("tasks", task, "entity_id", winner_id)
        state.index_task(task)
        writer.refresh_closest_task(task)
    for note_id in state.notes_of.pop((kind, loser_id), []):
        note = state.data.notes[note_id]
        writer.assign("notes", note, "entity_id", winner_id)
        state.index_note(note)
    for talk in state.data.talks.values():
        if kind == "contacts" and talk.contact_id == loser_id:
            writer.assign("talks", talk, "contact_id", winner_id)
        if talk.entity_type == SINGULAR[kind] and talk.entity_id == loser_id:
            writer.assign("talks", talk, "entity_id", winner_id)
    for entry in state.data.unsorted.values():
        ids: Any = {"contacts": entry.contact_ids, "companies": entry.company_ids}
        for place, card_id in enumerate(ids.get(kind, ())):
            ids[kind][place] = winner_id if card_id == loser_id else card_id
