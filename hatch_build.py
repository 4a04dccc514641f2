"""Compiles the catalogues: on installation, and as `python hatch_build.py`."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALE = Path(__file__).parent / "kommo_sync" / "locale"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts compiled catalogues, which git ignores, into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the files are collected."""
        compile_catalogues(LOCALE)
        build_data["artifacts"].append("kommo_sync/locale/**/*.mo")


def compile_catalogues(locale: Path) -> None:
    """Write NAME.mo beside each NAME.po below the folder."""
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


if __name__ == "__main__":
    compile_catalogues(LOCALE)
