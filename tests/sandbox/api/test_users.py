"""Users and roles, which administrators alone may see."""

from typing import Any

import pytest

from tests.sandbox.facts import choose, ids, user_ids
from tests.sandbox.kit import Api, flaws

RIGHTS = """
leads contacts companies tasks mail_access catalog_access files_access status_rights
catalog_rights custom_fields_rights oper_day_reports_view_access oper_day_user_tracking
is_admin is_free is_active group_id role_id
""".split()


def as_manager(api: Api) -> None:
    api.headers["X-Context-User-ID"] = str(user_ids(api)[1])


def test_an_item_holds_every_documented_key_and_right(api: Api):
    first = user_ids(api)[0]
    user = api.get(f"users/{first}")
    assert set(user) == {"id", "name", "email", "lang", "rights", "_links"}
    assert sorted(user["rights"]) == sorted(RIGHTS)
    verbs = {"view", "edit", "add", "delete", "export"}
    assert user["rights"]["leads"] == dict.fromkeys(verbs, "A")
    assert user["rights"]["tasks"] == {"edit": "A", "delete": "A"}


def test_an_administrator_is_told_from_a_manager(api: Api):
    rights = [user["rights"] for user in api.rows("users")]
    assert [r["is_admin"] for r in rights] == [True, False, False, False]
    assert rights[1]["contacts"]["delete"] in ("A", "G", "M", "D")
    assert all(r["is_active"] for r in rights)


def test_further_parts_are_told_when_asked_for(api: Api):
    names = "role,group,uuid,amojo_id,user_rank,phone_number"
    manager = user_ids(api)[1]
    user = api.get(f"users/{manager}?with={names}")
    assert {"uuid", "amojo_id", "user_rank", "phone_number"} <= set(user)
    assert set(user["_embedded"]) == {"roles", "groups"}
    assert ids(user["_embedded"]["roles"]) == [user["rights"]["role_id"]]
    assert "_embedded" not in api.get(f"users/{manager}")


@pytest.mark.parametrize("path", ["users", "users/{}", "roles", "users?with=role"])
def test_others_than_administrators_are_refused(api: Api, path: str):
    path = path.format(user_ids(api)[0])
    as_manager(api)
    assert api.call("GET", path).status_code == 403


@pytest.mark.parametrize("status", [404, 204])
def test_a_user_or_role_that_is_not_there_is_404_by_switch(api: Api, status: int):
    choose(api, missing_admin_entity=status)
    assert api.call("GET", "users/5").status_code == status
    assert api.call("GET", "roles/5").status_code == status


def test_making_users_answers_201_and_the_whole_user(api: Api):
    rights = {"is_admin": True, "group_id": 0}
    sent = {"name": "Ann", "email": "ann@example.com", "rights": rights}
    body = api.post("users", [{**sent, "password": "secret", "request_id": "r"}], 201)
    [made] = body["_embedded"]["users"]
    assert made.pop("request_id") == "r"
    assert made == api.get(f"users/{made['id']}")
    assert (made["name"], made["email"]) == ("Ann", "ann@example.com")
    assert made["rights"]["is_admin"] is True


@pytest.mark.parametrize(("length", "status"), [(50, 201), (51, 400)])
def test_a_users_name_has_fifty_characters_at_most(api: Api, length: int, status: int):
    sent = [{"name": "x" * length, "email": "ann@example.com"}]
    assert api.post("users", sent, status)


def test_an_address_that_is_taken_is_no_valid_choice(api: Api):
    taken = api.rows("users")[0]["email"]
    body = api.post("users", [{"name": "Ann", "email": taken}], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "email")]


def test_ten_users_a_call_at_most(api: Api):
    sent = [{"name": "A", "email": f"a{i}@example.com"} for i in range(11)]
    assert api.post("users", sent, 400)
    assert api.post("users", sent[:10], 201)
    many: list[Any] = [{"id": user_ids(api)[1]}] * 11
    assert api.post("users/deactivate", many, 400)
    api.post("users/deactivate", many[:10], 204)


def test_a_user_is_deactivated_and_activated(api: Api):
    user = user_ids(api)[1]
    for verb, active in (("deactivate", False), ("activate", True)):
        api.post(f"users/{verb}", [{"id": user}], 204)
        assert api.get(f"users/{user}")["rights"]["is_active"] is active


def test_an_unknown_user_spoils_the_whole_call(api: Api):
    user = user_ids(api)[1]
    body = api.post("users/deactivate", [{"id": user}, {"id": 5}], 400)
    assert body["detail"] == "User(s) 5 are not associated with provided account."
    assert api.get(f"users/{user}")["rights"]["is_active"] is True


def test_a_role_is_made_changed_and_deleted(api: Api):
    body = api.post("roles", [{"name": "Trainee", "request_id": "r"}], 201)
    [role] = body["_embedded"]["roles"]
    assert role["request_id"] == "r"
    path = f"roles/{role['id']}"
    assert api.patch(path, {"name": "Junior"})["name"] == "Junior"
    assert set(api.get(path)) == {"id", "name", "rights", "_links"}
    api.delete(path)
    assert api.call("GET", path).status_code == 404


def test_a_role_names_its_users_when_asked_and_loses_them_when_deleted(api: Api):
    [role] = api.rows("roles?with=users")
    assert role["_embedded"]["users"] == user_ids(api)[1:]
    api.delete(f"roles/{role['id']}")
    assert {user["rights"]["role_id"] for user in api.rows("users")} == {None}
