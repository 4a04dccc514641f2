"""What the documents promise is what the code has."""

import re
import tomllib
from pathlib import Path

import click
import msgspec
import pytest

from kommo_sync.cli import main
from kommo_sync.sandbox.account.choices import Choices
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.control.acting import ACTIONS
from kommo_sync.sandbox.routing import create_app
from kommo_sync.sandbox.traffic.faults import KINDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def code_cells(name: str) -> set[str]:
    """Return what stands in backticks in the first cell of a table's row."""
    cells = re.findall(r"^\| (.+?) \|", text(name), re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}


def test_the_readme_sets_up_with_exactly_two_commands():
    section = text("README.md").partition("## Set up")[2]
    assert section.split("```")[1].split("\n")[1:-1] == ["make demo", "make test"]


def test_every_option_of_the_sandbox_is_told():
    [command] = [c for c in main.commands.values() if c.name == "sandbox"]
    options = {p.opts[0] for p in command.params if isinstance(p, click.Option)}
    assert options <= {code.split()[0] for code in code_cells("docs/sandbox.md")}


def test_every_name_that_the_sandbox_prints_is_told():
    printed = Sandbox.empty().environment("http://127.0.0.1:1")
    assert printed.keys() <= code_cells("docs/sandbox.md")


def test_every_kind_of_fault_is_told():
    assert KINDS.keys() <= code_cells("docs/sandbox.md")


def test_every_switch_is_told_with_its_default():
    section = text("docs/sandbox.md").partition("## Switches")[2]
    rows = re.findall(r"^\| `(\w+)` \| `(\S+)` \|", section, re.MULTILINE)
    spelled = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in msgspec.to_builtins(Choices()).items()
    }
    assert dict(rows) == spelled


def test_every_action_is_told():
    assert ACTIONS.keys() <= code_cells("docs/sandbox.md")


def test_every_control_route_is_told():
    rules = create_app(Sandbox.empty().engine).url_map.iter_rules()
    routes = {
        f"{method} {rule.rule.removeprefix('/_sandbox')}"
        for rule in rules
        if rule.rule.startswith("/_sandbox/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {" ".join(re.split(r"[ ?]", c)[:2]) for c in code_cells("docs/sandbox.md")}
    assert routes <= told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_project_leads_somewhere(page: Path):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_the_changelog_speaks_of_this_version():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert f"## [{version}]" in text("CHANGELOG.md")


def test_every_command_that_the_makefile_offers_is_told_by_help():
    offered = re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)
    assert offered is not None
    helped = set(re.findall(r"^(\w+):.*## ", text("Makefile"), re.MULTILINE))
    assert set(offered[1].split()) - helped == {"chromium"}
