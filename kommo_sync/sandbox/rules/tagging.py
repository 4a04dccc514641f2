"""Tags on cards: the whole set replaced, or a delta; never both in one request."""

from typing import Any

from kommo_sync.sandbox.account.records import Card
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.wire.problems import Flaw, missing, not_supported, wrong_type


def check_tags(state: State, kind: str, item: dict[str, Any]) -> list[Flaw]:
    """Return the flaws of every tag that the item names."""
    flaws: list[Flaw] = []
    for path, tags in _named(item):
        if tags is None:
            continue
        if not isinstance(tags, list):
            flaws.append(wrong_type(path, "array"))
            continue
        for index, tag in enumerate(tags):
            flaws += _check_tag(state, kind, tag, f"{path}.{index}")
    return flaws


def _named(item: dict[str, Any]) -> list[tuple[str, Any]]:
    named: list[tuple[str, Any]] = [
        (key, item[key]) for key in ("tags_to_add", "tags_to_delete") if key in item
    ]
    embedded = item.get("_embedded")
    if isinstance(embedded, dict) and "tags" in embedded:
        named.append(("_embedded.tags", embedded["tags"]))
    return named


def _check_tag(state: State, kind: str, tag: Any, path: str) -> list[Flaw]:
    if not isinstance(tag, dict):
        return [wrong_type(path, "array")]
    if (
        path.startswith("_embedded")
        and tag.get("color") is not None
        and state.choices.tag_color_sent_back == "refuse"
    ):
        return [not_supported(f"{path}.color")]
    if tag.get("id") is not None:
        known = state.data.tags.get(tag["id"]) if isinstance(tag["id"], int) else None
        ok = known is not None and known.entity_type == kind
        return [] if ok else [not_supported(f"{path}.id")]
    name = tag.get("name")
    if name is None:
        return [missing(f"{path}.name")]
    return (
        [] if isinstance(name, str) and name else [wrong_type(f"{path}.name", "string")]
    )


def write_tags(writer: Writer, card: Card, item: dict[str, Any], *, new: bool) -> bool:
    """Apply the item's tags to the card; tells whether its set changed.

    Sent together, `_embedded.tags` wins and the deltas are not heeded (official SDK,
    MutateTagsTrait).
    """
    wanted = _wanted(writer.state, card, item)
    if wanted is None or set(wanted) == set(card.tags):
        return False
    added = [tag_id for tag_id in wanted if tag_id not in card.tags]
    removed = [tag_id for tag_id in card.tags if tag_id not in wanted]
    card.tags = wanted
    for tag_id in added:
        _witness(writer, card, tag_id, "entity_tag_added", new=new)
    for tag_id in removed:
        _witness(writer, card, tag_id, "entity_tag_deleted", new=new)
    return True


def _wanted(state: State, card: Card, item: dict[str, Any]) -> list[int] | None:
    embedded = item.get("_embedded")
    if isinstance(embedded, dict) and "tags" in embedded:
        tags = embedded["tags"]
        if tags is not None:
            return _resolve(state, card.kind, tags)
        if state.choices.null_tags == "clear":
            return []
    if not item.get("tags_to_add") and not item.get("tags_to_delete"):
        return None
    deleted = set(_known(state, card.kind, item.get("tags_to_delete") or []))
    kept = [tag_id for tag_id in card.tags if tag_id not in deleted]
    added = _resolve(state, card.kind, item.get("tags_to_add") or [])
    return list(dict.fromkeys([*kept, *added]))


def _resolve(state: State, kind: str, tags: list[dict[str, Any]]) -> list[int]:
    ids = [tag.get("id") or state.tag_named(kind, tag["name"]).id for tag in tags]
    return list(dict.fromkeys(ids))


def _known(state: State, kind: str, tags: list[dict[str, Any]]) -> list[int]:
    ids = (
        tag.get("id") or state.tag_ids.get((kind, str(tag.get("name", "")).casefold()))
        for tag in tags
    )
    return [tag_id for tag_id in ids if tag_id is not None]


def _witness(writer: Writer, card: Card, tag_id: int, event: str, *, new: bool) -> None:
    name = writer.state.data.tags[tag_id].name
    added = event == "entity_tag_added"
    slot = f"tag:{name}"
    writer.mark(card.kind, card.id, slot)
    if not new:
        writer.log(card.kind, card.id, slot, not added, added)
    side = ("tag", name)
    writer.event(
        event, card.kind, card.id, () if added else side, side if added else ()
    )


def render_tags(state: State, card: Card) -> list[dict[str, Any]]:
    """Return the card's tags as the API embeds them."""
    tags = state.data.tags
    return [
        {"id": tag.id, "name": tag.name, "color": tag.color}
        for tag_id in card.tags
        if (tag := tags.get(tag_id))
    ]
