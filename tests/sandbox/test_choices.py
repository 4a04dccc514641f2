"""The switches for what no source confirms."""

import ast
import inspect
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

import kommo_sync.sandbox
from kommo_sync.sandbox.account import choices as module
from kommo_sync.sandbox.account.choices import Choices, set_choice

NAMES = [field.name for field in msgspec.structs.fields(Choices)]


def after(name: str, text: str) -> object:
    choices = Choices()
    set_choice(choices, name, text)
    return getattr(choices, name)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("default_limit", "25", 25),
        ("max_page", "100", 100),
        ("max_page", "null", None),
        ("hook_delay", "1.5", 1.5),
        ("hook_delay", "2", 2.0),
        ("refresh_revokes_access", "true", True),
        ("reopening_clears_closed_at", "false", False),
        ("missing_admin_entity", "204", 204),
        ("null_tags", "clear", "clear"),
        ("rate_retry_after", "300", 300),
    ],
)
def test_a_switch_is_set_from_its_written_form(name, text, value):
    assert after(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "takes"),
    [
        ("default_limit", "many", "a whole number"),
        ("default_limit", "null", "a whole number"),
        ("default_limit", "1.5", "a whole number"),
        ("max_page", "many", "a whole number or null"),
        ("hook_delay", "soon", "a number"),
        ("refresh_revokes_access", "maybe", "true or false"),
        ("missing_admin_entity", "500", "404 or 204"),
        ("price_fraction", "up", "truncate or round"),
    ],
)
def test_a_value_that_a_switch_cannot_take_is_refused_in_a_sentence(name, text, takes):
    choices = Choices()
    with pytest.raises(ValueError, match=f"{name} cannot be '{text}'") as caught:
        set_choice(choices, name, text)
    assert str(caught.value).endswith(f"it takes {takes}.")
    assert choices == Choices()


def test_a_switch_that_does_not_exist_is_refused_and_the_others_are_named():
    with pytest.raises(ValueError, match="No switch is called 'colour'") as caught:
        set_choice(Choices(), "colour", "red")
    assert all(name in str(caught.value) for name in NAMES)


def test_setting_a_switch_leaves_the_others_alone():
    choices = Choices()
    set_choice(choices, "price_fraction", "round")
    assert choices == Choices(price_fraction="round")


def test_every_switch_says_what_it_decides():
    [body] = [
        node.body
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    ]
    said = [
        node.target.id
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(after, ast.Expr)
    ]
    assert said == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_switch_is_without_effect(name: str):
    folder = Path(kommo_sync.sandbox.__file__).parent
    read = [p for p in folder.rglob("*.py") if f"choices.{name}" in p.read_text()]
    assert read != []
