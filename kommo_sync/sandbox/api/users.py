"""/users and /roles: administrators only."""

import zlib
from typing import Any

from kommo_sync.sandbox.account.records import Role, User
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    mapping,
    repeated,
    string,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.listing import Collection, answer_page, by_id
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    missing,
    not_found,
    not_supported,
)

MAX_USERS = 10
MAX_NAME = 50
USER_RULES: dict[str, Check] = {
    "name": string,
    "email": string,
    "password": string,
    "lang": string,
    "rights": mapping,
    "request_id": anything,
}
ROLE_RULES: dict[str, Check] = {
    "name": string,
    "rights": mapping,
    "request_id": anything,
}
USERS = Collection(
    name="users",
    rows=lambda state: state.data.users.values(),
    default=(by_id, False),
    totals=True,
)
ROLES = Collection(
    name="roles",
    rows=lambda state: state.data.roles.values(),
    default=(by_id, False),
    totals=True,
)


def full_rights(letter: str) -> Item:
    """Return the rights to every entity: A all, G group, M own, D denied."""
    verbs = dict.fromkeys(("view", "edit", "add", "delete", "export"), letter)
    return {
        **{kind: dict(verbs) for kind in ("leads", "contacts", "companies")},
        "tasks": {"edit": letter, "delete": letter},
        "mail_access": True,
        "catalog_access": True,
        "files_access": True,
        "status_rights": [],
        "catalog_rights": None,
        "custom_fields_rights": None,
        "oper_day_reports_view_access": False,
        "oper_day_user_tracking": False,
    }


def rights_with(letter: str, own: Item) -> Item:
    """Return the rights that a letter gives, save where others were granted."""
    rights = full_rights(letter)
    granted = {k: v for k, v in own.items() if k in rights and v is not None}
    return {**rights, **granted}


def render_user(call: Call, user: User) -> Item:
    """Return a user with rights, and what `with=` asks for."""
    role = call.state.data.roles.get(user.role_id or 0)
    rights = {
        **rights_with(
            "A" if user.is_admin else "M", role.rights if role else user.rights
        ),
        "is_admin": user.is_admin,
        "is_free": user.is_free,
        "is_active": user.is_active,
        "group_id": user.group_id,
        "role_id": user.role_id,
    }
    body: Item = {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": user.lang,
        "rights": rights,
        **_root_parts(call, user),
        "_links": call.self_link(f"users/{user.id}"),
    }
    embedded = _embedded_parts(call, user)
    return {**body, "_embedded": embedded} if embedded else body


def _root_parts(call: Call, user: User) -> Item:
    parts: Item = {
        "uuid": user.uuid,
        "amojo_id": user.uuid,
        "user_rank": "newbie",
        "phone_number": user.phone_number,
    }
    return {name: part for name, part in parts.items() if name in call.withs}


def _embedded_parts(call: Call, user: User) -> Item:
    data, parts = call.state.data, {}
    if "role" in call.withs:
        role = data.roles.get(user.role_id or 0)
        parts["roles"] = [] if role is None else [{"id": role.id, "name": role.name}]
    if "group" in call.withs:
        name = data.user_groups.get(user.group_id or 0)
        known = [] if name is None else [{"id": user.group_id or 0, "name": name}]
        parts["groups"] = known
    return parts


def list_users(call: Call) -> Item:
    """GET /users."""
    call.need_admin()
    return answer_page(call, USERS, render_user)


def get_user(call: Call, user_id: int) -> Item:
    """GET /users/{id}."""
    call.need_admin()
    user = call.state.data.users.get(user_id)
    if user is None:
        raise absent(call, f"User {user_id} not found")
    return render_user(call, user)


def absent(call: Call, what: str) -> Exception:
    """Return the answer for a missing pipeline, stage, user or role: 404 or 204."""
    if call.state.choices.missing_admin_entity == 204:
        return EmptyAnswer()
    return not_found(what)


def create_users(call: Call) -> tuple[Item, int]:
    """POST /users: ten at most."""
    call.need_admin()
    items = call.items()
    if len(items) > MAX_USERS:
        raise Problem(400, f"Too many users: {len(items)}, at most {MAX_USERS}.")
    twins = repeated(items, "email")
    refuse_flaws(
        items, [_flaws(call, i) + t for i, t in zip(items, twins, strict=True)]
    )
    made = [_create(call, item) for item in items]
    answered = [
        {**render_user(call, user), "request_id": request_id}
        for user, request_id in zip(made, request_ids(items), strict=True)
    ]
    body = {"_links": call.self_link(), "_embedded": {"users": answered}}
    return {"_total_items": len(answered), **body}, 201


def _flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = [missing(name) for name in ("name", "email") if not item.get(name)]
    flaws = flaws or check_item(item, USER_RULES, call.state)
    rights = item.get("rights") or {}
    for name in ("group_id", "role_id") if not flaws else ():
        flaws += whole_or_null(rights.get(name), f"rights.{name}")
    if flaws:
        return flaws
    if len(item["name"]) > MAX_NAME:
        flaws.append(not_supported("name"))
    if item["email"] in {user.email for user in call.state.data.users.values()}:
        flaws.append(not_supported("email"))
    return flaws


def _create(call: Call, item: Item) -> User:
    rights: dict[str, Any] = item.get("rights") or {}
    user = User(
        id=call.state.next_id("users"),
        name=item["name"],
        email=item["email"],
        lang=item.get("lang", "en"),
        is_admin=bool(rights.get("is_admin", False)),
        is_free=bool(rights.get("is_free", False)),
        group_id=rights.get("group_id"),
        role_id=rights.get("role_id"),
        uuid=f"00000000-0000-4000-8000-{zlib.crc32(item['email'].encode()):012x}",
        rights=rights,
    )
    call.state.data.users[user.id] = user
    call.writer.created("users", user)
    return user


def switch_users(call: Call, verb: str) -> None:
    """POST /users/activate and /users/deactivate: 204."""
    call.need_admin()
    items = call.items()
    if len(items) > MAX_USERS:
        raise Problem(400, f"Too many users: {len(items)}, at most {MAX_USERS}.")
    refuse_flaws(items, [check_item(item, {"id": whole}, call.state) for item in items])
    users = [call.state.data.users.get(item.get("id", 0)) for item in items]
    for item, user in zip(items, users, strict=True):
        if user is None:
            raise Problem(
                400,
                f"User(s) {item.get('id')} are not associated with provided account.",
            )
    for user in filter(None, users):
        call.writer.assign("users", user, "is_active", verb == "activate")
    raise EmptyAnswer


def render_role(call: Call, role: Role) -> Item:
    """Return a role; its users by `with=users`."""
    body: Item = {
        "id": role.id,
        "name": role.name,
        "rights": rights_with("M", role.rights),
        "_links": call.self_link(f"roles/{role.id}"),
    }
    if "users" in call.withs:
        users = call.state.data.users.values()
        body["_embedded"] = {"users": [u.id for u in users if u.role_id == role.id]}
    return body


def list_roles(call: Call) -> Item:
    """GET /roles."""
    call.need_admin()
    return answer_page(call, ROLES, render_role)


def _find_role(call: Call, role_id: int) -> Role:
    role = call.state.data.roles.get(role_id)
    if role is None:
        raise absent(call, f"Role {role_id} not found")
    return role


def get_role(call: Call, role_id: int) -> Item:
    """GET /roles/{id}."""
    call.need_admin()
    return render_role(call, _find_role(call, role_id))


def create_roles(call: Call) -> tuple[Item, int]:
    """POST /roles."""
    call.need_admin()
    items = call.items()
    refuse_flaws(items, [_role_flaws(call, item) for item in items])
    answered = []
    for item, request_id in zip(items, request_ids(items), strict=True):
        role = Role(
            id=call.state.next_id("roles"),
            name=item["name"],
            rights=item.get("rights") or {},
        )
        call.state.data.roles[role.id] = role
        call.writer.created("roles", role)
        answered.append({**render_role(call, role), "request_id": request_id})
    body = {"_links": call.self_link(), "_embedded": {"roles": answered}}
    return {"_total_items": len(answered), **body}, 201


def _role_flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = [] if item.get("name") else [missing("name")]
    return flaws or check_item(item, ROLE_RULES, call.state)


def patch_role(call: Call, role_id: int) -> Item:
    """PATCH /roles/{id}."""
    call.need_admin()
    role, item = _find_role(call, role_id), call.item()
    refuse_flaws([item], [check_item(item, ROLE_RULES, call.state)])
    for name in ("name", "rights"):
        if item.get(name):
            call.writer.assign("roles", role, name, item[name])
    return render_role(call, role)


def delete_role(call: Call, role_id: int) -> None:
    """DELETE /roles/{id}: 204."""
    call.need_admin()
    role = _find_role(call, role_id)
    del call.state.data.roles[role_id]
    call.writer.log("roles", role_id, "deleted", role.name, None)
    for user in call.state.data.users.values():
        if user.role_id == role_id:
            call.writer.assign("users", user, "role_id", None)
    raise EmptyAnswer


ROUTES = [
    ("GET", "/users", list_users),
    ("POST", "/users", create_users),
    ("GET", "/users/<int:user_id>", get_user),
    ("POST", "/users/<any(activate,deactivate):verb>", switch_users),
    ("GET", "/roles", list_roles),
    ("POST", "/roles", create_roles),
    ("GET", "/roles/<int:role_id>", get_role),
    ("PATCH", "/roles/<int:role_id>", patch_role),
    ("DELETE", "/roles/<int:role_id>", delete_role),
]
