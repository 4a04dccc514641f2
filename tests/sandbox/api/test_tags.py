"""Tags: the lists of an account, and the sets on cards."""

from typing import Any

import pytest

from tests.sandbox.facts import choose, ids
from tests.sandbox.kit import Api, flaws

KINDS = ["leads", "contacts", "companies"]
PALETTE = """
EBEBEB D0D0D0 F2DDF7 D1A4DC FF8F92 FFC8C8 C7DB8C DDEBB5 8699DA AABDFF FFCE5A FFE193
90CDB0 C6F4DE A9A5D7 D8D5FF 86C0FC 832161 6A0F49 0C7C59 10599D 9D2B32 247BA0
""".split()


def names(api: Api, kind: str, card: int) -> list[str]:
    embedded = api.get(f"{kind}/{card}")["_embedded"]
    return [tag["name"] for tag in embedded["tags"]]


def tagged(api: Api, *texts: str, kind: str = "leads") -> int:
    sent = {"name": "A", "tags_to_add": [{"name": text} for text in texts]}
    return api.make(kind, sent)[0]


def make_tags(api: Api, *items: dict[str, Any], kind: str = "leads") -> Any:
    return api.post(f"{kind}/tags", list(items))["_embedded"]["tags"]


def test_creating_answers_total_and_request_ids(api: Api):
    items = [{"name": "vip", "color": "EBEBEB", "request_id": "x"}, {"name": "new"}]
    body = api.post("leads/tags", items)
    assert body["_total_items"] == 2
    first, second = body["_embedded"]["tags"]
    assert set(first) == {"id", "name", "color", "request_id"}
    assert (first["color"], first["request_id"]) == ("EBEBEB", "x")
    assert (second["color"], second["request_id"]) == (None, "1")


def test_a_known_name_gives_the_known_tag(api: Api):
    [first] = make_tags(api, {"name": "vip", "color": "EBEBEB"})
    again, twin = make_tags(api, {"name": "vip"}, {"name": "vip"})
    assert again["id"] == twin["id"] == first["id"]
    assert again["color"] == "EBEBEB"
    assert len(api.rows("leads/tags")) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_tags_of_its_own(api: Api, kind: str):
    make_tags(api, {"name": "vip"}, kind=kind)
    others = [k for k in KINDS if api.get(f"{k}/tags") is not None]
    assert others == [kind]


@pytest.mark.parametrize("color", PALETTE)
def test_a_colour_of_the_palette_is_kept_without_a_hash(api: Api, color: str):
    make_tags(api, {"name": "vip", "color": color})
    assert [tag["color"] for tag in api.rows("leads/tags")] == [color]


@pytest.mark.parametrize("color", ["#EBEBEB", "123456", ""])
def test_a_colour_outside_the_palette_is_no_valid_choice(api: Api, color: str):
    body = api.post("leads/tags", [{"name": "vip", "color": color}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "color")]


def test_only_tags_of_leads_have_colours(api: Api):
    assert api.post("contacts/tags", [{"name": "vip", "color": "EBEBEB"}], 400)


def test_a_tag_of_a_lead_can_be_renamed_and_coloured(api: Api):
    lead = tagged(api, "vip")
    [tag] = api.rows("leads/tags")
    sent = [{"id": tag["id"], "name": "gold", "color": "FFCE5A"}]
    [changed] = api.patch("leads/tags", sent)["_embedded"]["tags"]
    assert (changed["name"], changed["color"]) == ("gold", "FFCE5A")
    assert names(api, "leads", lead) == ["gold"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("query=vi", ["vip", "VIP old"]),
        ("filter[name]=vip", ["vip"]),
        ("filter[name]=vi", []),
        ("filter[name][]=vip&filter[name][]=new", ["vip", "new"]),
        ("", ["vip", "new", "VIP old"]),
    ],
)
def test_tags_are_searched_by_part_and_filtered_by_the_whole_name(
    api: Api, query: str, expected: list[str]
):
    make_tags(api, {"name": "vip"}, {"name": "new"}, {"name": "VIP old"})
    assert [tag["name"] for tag in api.rows(f"leads/tags?{query}")] == expected


def test_tags_are_filtered_by_id(api: Api):
    _, second = make_tags(api, {"name": "vip"}, {"name": "new"})
    assert ids(api.rows(f"leads/tags?filter[id]={second['id']}")) == [second["id"]]


@pytest.mark.parametrize("kind", KINDS)
def test_embedded_tags_replace_the_whole_set(api: Api, kind: str):
    card = tagged(api, "a", "b", kind=kind)
    api.patch(f"{kind}/{card}", {"_embedded": {"tags": [{"name": "c"}]}})
    assert names(api, kind, card) == ["c"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_removes_all_tags(api: Api, kind: str):
    card = tagged(api, "a", "b", kind=kind)
    api.patch(f"{kind}/{card}", {"_embedded": {"tags": []}})
    assert names(api, kind, card) == []


@pytest.mark.parametrize(("choice", "left"), [("ignore", ["a"]), ("clear", [])])
def test_whether_null_removes_all_tags_is_a_switch(
    api: Api, choice: str, left: list[str]
):
    choose(api, null_tags=choice)
    lead = tagged(api, "a")
    api.patch(f"leads/{lead}", {"_embedded": {"tags": None}})
    assert names(api, "leads", lead) == left


def test_tags_are_named_by_id_or_by_name(api: Api):
    [tag] = make_tags(api, {"name": "vip"})
    sent = {"tags": [{"id": tag["id"]}, {"name": "new"}, {"id": None, "name": "x"}]}
    lead = api.lead(_embedded=sent)
    assert names(api, "leads", lead) == ["vip", "new", "x"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_delta_adds_and_deletes_and_leaves_the_rest(api: Api, kind: str):
    card = tagged(api, "a", "b", kind=kind)
    delta = {"tags_to_add": [{"name": "c"}], "tags_to_delete": [{"name": "a"}]}
    api.patch(f"{kind}/{card}", delta)
    assert names(api, kind, card) == ["b", "c"]


def test_deleting_a_tag_by_id_and_one_that_is_not_there_by_name(api: Api):
    lead = tagged(api, "a", "b")
    first = api.rows("leads/tags")[0]["id"]
    sent = {"tags_to_delete": [{"id": first}, {"name": "never"}]}
    api.patch(f"leads/{lead}", sent)
    assert names(api, "leads", lead) == ["b"]
    assert [tag["name"] for tag in api.rows("leads/tags")] == ["a", "b"]


def test_sent_together_the_whole_set_wins_over_the_delta(api: Api):
    lead = tagged(api, "a")
    delta = {"tags_to_add": [{"name": "c"}], "tags_to_delete": [{"name": "b"}]}
    api.patch(f"leads/{lead}", {**delta, "_embedded": {"tags": [{"name": "b"}]}})
    assert names(api, "leads", lead) == ["b"]


@pytest.mark.parametrize(("choice", "status"), [("refuse", 400), ("ignore", 200)])
def test_a_tag_sent_back_with_its_colour_is_refused_by_switch(
    api: Api, choice: str, status: int
):
    choose(api, tag_color_sent_back=choice)
    make_tags(api, {"name": "vip", "color": "EBEBEB"})
    [tag] = api.rows("leads/tags")
    body = api.post("leads", [{"_embedded": {"tags": [tag]}}], status)
    if status == 400:
        path = "_embedded.tags.0.color"
        assert flaws(body) == [("0", "NotSupportedChoice", path)]


def test_a_tag_sent_back_without_a_colour_is_fine(api: Api):
    lead = tagged(api, "vip")
    embedded = api.get(f"leads/{lead}")["_embedded"]
    assert embedded["tags"][0]["color"] is None
    api.patch(f"leads/{lead}", {"_embedded": {"tags": embedded["tags"]}})
    assert names(api, "leads", lead) == ["vip"]


@pytest.mark.parametrize("key", ["tags_to_add", "tags_to_delete"])
def test_an_unknown_tag_id_is_no_valid_choice(api: Api, key: str):
    body = api.post("leads", [{key: [{"name": "a"}, {"id": 5}]}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", f"{key}.1.id")]
    assert api.get("leads/tags") is None


def test_a_contacts_tag_is_no_tag_of_a_lead(api: Api):
    [tag] = make_tags(api, {"name": "vip"}, kind="contacts")
    sent = {"_embedded": {"tags": [{"id": tag["id"]}]}}
    body = api.post("leads", [sent], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "_embedded.tags.0.id")]
