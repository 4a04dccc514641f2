"""Behaviour that no source confirms, each a named switch with the reading we chose."""

from typing import Any, Literal, get_args, get_origin

import msgspec


class Choices(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One field per open question about Kommo; the default is the likeliest reading."""

    default_limit: int = 50
    """Page size without `limit`: doc links and the official SDK use 50."""
    max_page: int | None = None
    """Refuse pages beyond this one; claimed by one third party only."""
    price_fraction: Literal["truncate", "round"] = "truncate"
    """How `price` (int) is made from an amount with minor units."""
    reopening_clears_closed_at: bool = True
    """A lead moved out of 142/143 has `closed_at` null again."""
    pipeline_alone_moves_to_first_stage: bool = True
    """`pipeline_id` without `status_id`: first ordinary stage; else refused."""
    incoming_stage_can_be_set: bool = False
    """PATCH may put a lead into a stage of type 1."""
    incoming_leads_are_listed: bool = False
    """Unaccepted incoming leads are in /leads without a filter on stage or id."""
    stale_updated_at: Literal["accept", "refuse"] = "accept"
    """PATCH with an `updated_at` older than stored: API v2 refused it."""
    null_tags: Literal["ignore", "clear"] = "ignore"
    """`_embedded.tags: null`: the documentation and a measurement disagree."""
    tag_color_sent_back: Literal["refuse", "ignore"] = "refuse"
    """`_embedded.tags[].color` on an entity gave 400 in one report."""
    unknown_body_keys: Literal["ignore", "refuse"] = "ignore"
    """Keys of a write item that the documentation does not name."""
    empty_fields: Literal["null", "list"] = "null"
    """`custom_fields_values` of an entity without values."""
    created_status_fields: int = 200
    """POST custom_fields: documented 201; a peer that runs in production reads 200."""
    created_status_webhooks: int = 201
    """POST webhooks: documented 201, measured 200."""
    webhook_settings_on_repost: Literal["replace", "merge"] = "replace"
    """What a second POST of the same destination does to `settings`."""
    webhook_settings_shape: Literal["list", "object"] = "list"
    """`settings` in the answer to POST webhooks; one capture had an object."""
    webhook_needs_path: bool = False
    """Refuse a destination without a path slash."""
    missing_admin_entity: Literal[404, 204] = 404
    """GET by id of a missing pipeline, stage, user or role."""
    refresh_rotation: Literal["strict", "lenient"] = "strict"
    """Strict: an old refresh token dies at once; lenient: when the new pair is used."""
    refresh_revokes_access: bool = False
    """The old access token dies when the pair is refreshed."""
    rate_key: Literal["account", "integration", "ip"] = "account"
    """Whose requests share the seven slots of a second."""
    rate_counts_refused: bool = False
    """Requests answered 429 fill the sliding second, too."""
    rate_body: Literal["json", "text"] = "json"
    """Body of a 429."""
    rate_retry_after: int | None = None
    """Seconds told in a 429's `retry_after` and Retry-After; None tells nothing."""
    block_after_refusals: int = 1000
    """So many 429 within a minute turn every answer into 403."""
    block_seconds: int = 300
    """How long such a block lasts."""
    api_author: Literal["user", "robot"] = "user"
    """`created_by`/`updated_by` of API writes that name nobody: token's user or 0."""
    note_author: Literal["user", "robot"] = "robot"
    """`created_by` of notes that name nobody."""
    link_touches_updated_at: bool = True
    """Linking changes `updated_at` of both ends and fires update hooks."""
    hook_items_per_post: int = 10
    """Most items of one event in one webhook body."""
    hook_delay: float = 0.0
    """Seconds between a change and the first delivery."""
    hook_task_delete_has_entity: bool = True
    """`task[delete]` names element_id and element_type."""
    hook_dates: Literal["keyed", "bare"] = "keyed"
    """Values of date fields in webhooks: `[values][0][value]` or `[values][0]`."""
    hook_old_pipeline: bool = True
    """`leads[status]` names old_pipeline_id; sometimes it was absent."""
    hook_note_details: bool = True
    """Notes in webhooks carry group_id, modified_by and three local times."""
    hook_contact_company: bool = True
    """Contacts in webhooks carry company_name and linked_company_id."""
    hook_restore_form: Literal["full", "brief"] = "full"
    """What is told of a restored card: as when added, or as when deleted."""
    hook_task_result_id: bool = False
    """Finished tasks in webhooks carry result[id]."""
    webhook_unknown_code: Literal["refuse", "accept"] = "refuse"
    """Codes in `settings` that no source lists."""
    empty_user_agent: Literal["accept", "refuse"] = "accept"
    """API calls without a User-Agent: refused with 403, as v2 documentation hints."""
    if_modified_since: Literal["ignore", "obey"] = "ignore"
    """Lists answer 304 when nothing in them is younger than If-Modified-Since."""
    redirect_platform: bool = True
    """The redirect after consent carries `platform`."""
    tokens_need_admin: bool = False
    """Tokens die when the user who granted them is no administrator any more."""
    task_can_be_reopened: bool = True
    """PATCH may set `is_completed` of a finished task to false."""
    lead_gets_a_name: bool = True
    """A lead created without a name is called `Lead #id`; else it has none."""
    deleted_card_error: Literal["text", "code"] = "text"
    """PATCH of a trashed card: `errors` by id in words, or a list with code 226."""
    trash_days: int | None = None
    """Days after which the trash is emptied; None: never."""


def set_choice(choices: Choices, name: str, text: str) -> None:
    """Set one switch from its written form; `null` is no limit, where that is meant.

    Raises:
        ValueError: no such switch, or a value it cannot take; the sentence says which.
    """
    hints = {field.name: field.type for field in msgspec.structs.fields(Choices)}
    if name not in hints:
        known = ", ".join(sorted(hints))
        raise ValueError(f"No switch is called {name!r}; there are: {known}.")
    spellings: list[str | int] = [text]
    if text.lstrip("-").isdecimal():
        spellings.append(int(text))
    for value in spellings:
        try:
            setattr(choices, name, msgspec.convert(value, hints[name], strict=False))
        except msgspec.ValidationError:
            continue
        return
    raise ValueError(
        f"Switch {name} cannot be {text!r}: it takes {_words(hints[name])}."
    )


def _words(kind: Any) -> str:
    """Say in words what a switch takes."""
    if get_origin(kind) is Literal:
        return " or ".join(str(option) for option in get_args(kind))
    if kind is bool:
        return "true or false"
    number = "a number" if kind is float else "a whole number"
    return f"{number} or null" if type(None) in get_args(kind) else number
