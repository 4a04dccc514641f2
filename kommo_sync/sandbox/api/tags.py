"""/{entity}/tags."""

from kommo_sync.sandbox.account.records import Tag
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    string,
    string_or_null,
    whole,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.listing import (
    Collection,
    Predicate,
    answer_page,
    by_id,
    one_of,
    text_of,
)
from kommo_sync.sandbox.wire.problems import Flaw, missing, not_supported, rule_broken

RULES: dict[str, Check] = {
    "id": whole,
    "name": string,
    "color": string_or_null,
    "request_id": anything,
}
# https://developers.kommo.com/reference/tags: the palette, without "#"
PALETTE = frozenset(
    """
EBEBEB D0D0D0 F2DDF7 D1A4DC FF8F92 FFC8C8 C7DB8C DDEBB5 8699DA AABDFF FFCE5A FFE193
90CDB0 C6F4DE A9A5D7 D8D5FF 86C0FC 832161 6A0F49 0C7C59 10599D 9D2B32 247BA0
""".split()
)


def _collection(kind: str) -> Collection:
    def search(_state: State, text: str) -> Predicate:
        wanted = text.casefold()
        return lambda tag: wanted in tag.name.casefold()

    return Collection(
        name="tags",
        rows=lambda state: [
            tag for tag in state.data.tags.values() if tag.entity_type == kind
        ],
        filters={"id": one_of("id"), "name": text_of("name")},
        default=(by_id, False),
        search=search,
    )


def _render(_call: Call, tag: Tag) -> Item:
    return {"id": tag.id, "name": tag.name, "color": tag.color}


def list_tags(call: Call, kind: str) -> Item:
    """GET /{entity}/tags."""
    return answer_page(call, _collection(kind), _render)


def create_tags(call: Call, kind: str) -> Item:
    """POST /{entity}/tags: a known name gives the known tag."""
    items = call.items()
    refuse_flaws(items, [_flaws(call, kind, item) for item in items])
    made = [_create(call, kind, item) for item in items]
    answered = [
        {**_render(call, tag), "request_id": request_id}
        for tag, request_id in zip(made, request_ids(items), strict=True)
    ]
    return {
        "_total_items": len(answered),
        "_links": call.self_link(),
        "_embedded": {"tags": answered},
    }


def _flaws(call: Call, kind: str, item: Item) -> list[Flaw]:
    color = item.get("color")
    flaws = [] if item.get("name") else [missing("name")]
    flaws = flaws or check_item(item, RULES, call.state)
    if flaws:
        return flaws
    if color is not None and (kind != "leads" or color not in PALETTE):
        return [not_supported("color")]
    return []


def _create(call: Call, kind: str, item: Item) -> Tag:
    known = (kind, item["name"].casefold()) in call.state.tag_ids
    tag = call.state.tag_named(kind, item["name"])
    if not known:
        tag.color = item.get("color")
        call.writer.created("tags", tag)
    return tag


def patch_lead_tags(call: Call) -> Item:
    """PATCH /leads/tags: change names or colours."""
    changed = [_render(call, tag) for tag in _patch(call, call.items())]
    return {"_links": call.self_link(), "_embedded": {"tags": changed}}


def patch_lead_tag(call: Call, tag_id: int) -> Item:
    """PATCH /leads/tags/{id}: the tag stands at the root."""
    [tag] = _patch(call, [{**call.item(), "id": tag_id}])
    return _render(call, tag)


def _patch(call: Call, items: list[Item]) -> list[Tag]:
    refuse_flaws(items, [check_item(item, RULES, call.state) for item in items])
    tags = [call.state.data.tags.get(item.get("id", 0)) for item in items]
    pairs = list(zip(items, tags, strict=True))
    unknown = {
        str(item.get("id")): "Tag not found" for item, tag in pairs if tag is None
    }
    if unknown:
        raise rule_broken(unknown)
    refuse_flaws(
        items,
        [
            _flaws(call, "leads", {"name": tag.name, **item})
            for item, tag in pairs
            if tag
        ],
    )
    for item, tag in pairs:
        if tag is not None:
            _change(call, tag, item)
    return [tag for tag in tags if tag is not None]


def _change(call: Call, tag: Tag, item: Item) -> None:
    old = (tag.entity_type, tag.name.casefold())
    for name in ("name", "color"):
        if name in item:
            call.writer.assign("tags", tag, name, item[name])
    call.state.tag_ids.pop(old, None)
    call.state.tag_ids[tag.entity_type, tag.name.casefold()] = tag.id
    call.state.touch(tag.entity_type)


_KIND = "/<any(leads,contacts,companies):kind>"
ROUTES = [
    ("GET", f"{_KIND}/tags", list_tags),
    ("POST", f"{_KIND}/tags", create_tags),
    ("PATCH", "/leads/tags", patch_lead_tags),
    ("PATCH", "/leads/tags/<int:tag_id>", patch_lead_tag),
]
