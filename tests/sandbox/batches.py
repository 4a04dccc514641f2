"""Batches for every route that takes one, and all that an account holds."""

from typing import Any

import msgspec

from tests.sandbox.kit import Api

WITNESS = ("requests", "authors", "grants", "signing_key")


def contents(api: Api) -> bytes:
    """Return everything the account holds but the record of requests and tokens."""
    data = api.sandbox.state.data
    names = [name for name in data.__struct_fields__ if name not in WITNESS]
    return msgspec.json.encode({name: getattr(data, name) for name in names})


class Account:
    """One of everything, and what to send."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.contact = api.contact()
        self.lead = api.lead(name="before")
        self.company = api.company()
        task = {"text": "before", "complete_till": 1}
        self.task = api.make("tasks", task)[0]
        note = {"note_type": "common", "params": {"text": "before"}}
        self.note = api.make(f"leads/{self.lead}/notes", note)[0]
        field = {"name": "before", "type": "text"}
        self.field = api.make("leads/custom_fields", field)[0]
        tags = api.post("leads/tags", [{"name": "before"}])["_embedded"]["tags"]
        self.tag = tags[0]["id"]
        self.pipeline = api.pipeline()["id"]

    def start(self, route: str) -> None:
        """Make the good item of a route one that would change something."""
        if route == "POST leads/{lead}/unlink":
            link = {"to_entity_id": self.contact, "to_entity_type": "contacts"}
            self.api.post(f"leads/{self.lead}/link", [link])

    def batch(self, route: str) -> tuple[str, list[Any]]:
        """Return the path of a route with a good and a bad item for it."""
        return self.path(route), [self.filled(item) for item in GOOD_AND_BAD[route]]

    def filled(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return the item with ids of this account where it says `@lead` and such."""
        facts = vars(self)
        return {
            key: facts[value[1:]] if str(value).startswith("@") else value
            for key, value in item.items()
        }

    def path(self, route: str) -> str:
        """Return where a route stands in this account."""
        return route.split(" ")[1].format(**vars(self))


NOTE = {"note_type": "common", "params": {"text": "x"}}
TAGGED = {"name": "x", "tags_to_add": [{"name": "new tag"}]}
GOOD_AND_BAD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "POST leads": (TAGGED, {"price": "much"}),
    "PATCH leads": ({"id": "@lead", **TAGGED}, {"id": "@lead", "status_id": 1}),
    "POST leads/complex": (
        {"_embedded": {"contacts": [{"name": "new"}]}},
        {"_embedded": {"contacts": [{"responsible_user_id": "x"}]}},
    ),
    "POST contacts": (TAGGED, {"name": 5}),
    "PATCH contacts": ({"id": "@contact", **TAGGED}, {"id": "@contact", "name": 5}),
    "POST companies": (TAGGED, {"custom_fields_values": [{"field_id": 1}]}),
    "PATCH companies": ({"id": "@company", **TAGGED}, {"id": "@company", "name": 5}),
    "POST tasks": ({"text": "x", "complete_till": 1}, {"text": "x"}),
    "PATCH tasks": ({"id": "@task", "text": "x"}, {"id": "@task", "text": 5}),
    "POST leads/notes": ({"entity_id": "@lead", **NOTE}, {"entity_id": 1, **NOTE}),
    "POST leads/{lead}/notes": (NOTE, {"note_type": "unheard-of", "params": {}}),
    "PATCH leads/notes": ({"id": "@note", "params": {"text": "x"}}, {"id": "x"}),
    "POST leads/tags": ({"name": "new"}, {"name": "red", "color": "nonsense"}),
    "PATCH leads/tags": ({"id": "@tag", "name": "x"}, {"id": "@tag", "color": "?"}),
    "POST leads/custom_fields": ({"name": "x", "type": "text"}, {"name": "x"}),
    "PATCH leads/custom_fields": (
        {"id": "@field", "name": "x"},
        {"id": "@field", "group_id": "unheard-of"},
    ),
    "POST leads/custom_fields/groups": ({"name": "x"}, {"sort": 1}),
    "POST leads/pipelines": ({"name": "x"}, {"sort": 1}),
    "POST leads/pipelines/{pipeline}/statuses": ({"name": "x"}, {"color": "#000000"}),
    "POST leads/loss_reasons": ({"name": "x"}, {"name": ""}),
    "POST leads/{lead}/link": (
        {"to_entity_id": "@contact", "to_entity_type": "contacts"},
        {"to_entity_id": 1, "to_entity_type": "contacts"},
    ),
    "POST leads/link": (
        {
            "entity_id": "@lead",
            "to_entity_id": "@contact",
            "to_entity_type": "contacts",
        },
        {"entity_id": 1, "to_entity_id": "@contact", "to_entity_type": "contacts"},
    ),
    "POST leads/{lead}/unlink": (
        {"to_entity_id": "@contact", "to_entity_type": "contacts"},
        {"to_entity_id": 1, "to_entity_type": "contacts"},
    ),
    "POST leads/unsorted/forms": ({"metadata": {"form_id": "7"}}, {"metadata": {}}),
    "POST users": ({"name": "x", "email": "x@a.example"}, {"name": "x"}),
    "POST roles": ({"name": "x"}, {"rights": {}}),
}
