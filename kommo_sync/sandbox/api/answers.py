"""The answers to writes, which look alike for most resources."""

from typing import Any

from kommo_sync.sandbox.wire.call import Call, request_ids

Item = dict[str, Any]


def written(
    call: Call, name: str, items: list[Item], made: list[Item], path: str = ""
) -> Item:
    """Return the batch answer: each made item with the request_id of its own.

    Args:
        name: the key under `_embedded`.
        items: what was sent, in the order of `made`.
        path: of the answer's self link, below the API's base.
    """
    answered = [
        _before_links(item, request_id)
        for item, request_id in zip(made, request_ids(items), strict=True)
    ]
    return {"_links": call.self_link(path or name), "_embedded": {name: answered}}


def _before_links(item: Item, request_id: str) -> Item:
    links = {"_links": item["_links"]} if "_links" in item else {}
    plain = {key: value for key, value in item.items() if key != "_links"}
    return {**plain, "request_id": request_id, **links}
