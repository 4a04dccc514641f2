"""`kommo-sync init`."""

import base64
import stat

import pytest

from kommo_sync.config import Config
from kommo_sync.config.settings import example
from kommo_sync.store import schema
from tests.cli.place import contents


def test_init_writes_settings_a_key_and_an_empty_database(place):
    said = place.done("init", "--yes")
    assert place.config.read_text("utf-8") == example()
    config = Config.load(place.config, {})
    assert len(base64.b64decode((place.folder / "kommo-sync.key").read_text())) == 32
    assert schema.current(config.database_url()) == schema.head()
    assert "Next: `kommo-sync connect --base-url" in said


def test_only_the_owner_can_read_the_key(ready):
    mode = stat.S_IMODE((ready.folder / "kommo-sync.key").stat().st_mode)
    assert mode == 0o600


def test_two_keys_are_never_the_same(tmp_path, place):
    place.init()
    first = (place.folder / "kommo-sync.key").read_text()
    place.folder = tmp_path / "other"
    place.folder.mkdir()
    place.init()
    assert (place.folder / "kommo-sync.key").read_text() != first


def test_init_never_overwrites_the_settings(ready):
    before = contents(ready.folder)
    result = ready.run("init", "--yes")
    assert (result.exit_code, result.stderr) == (
        2,
        f"{ready.config} exists already, and is left as it is: name another file by "
        "--config, or move it away.\n",
    )
    assert contents(ready.folder) == before


def test_init_never_overwrites_a_key(place):
    key = place.folder / "kommo-sync.key"
    key.write_text("precious")
    result = place.run("init", "--yes")
    assert (result.exit_code, result.stderr) == (
        2,
        f"{key} exists already, and is left as it is: it may open the tokens of a "
        "database. Move it away, or write config.toml by hand.\n",
    )
    assert contents(place.folder) == {"kommo-sync.key": b"precious"}


def test_init_in_a_folder_that_is_not_there_ends_with_one_sentence(place):
    place.folder /= "absent"
    result = place.run("init", "--yes")
    assert result.exit_code == 2
    assert result.stderr == f"There is no folder {place.folder}: make it first.\n"


def test_a_database_that_cannot_be_made_leaves_nothing_behind(place):
    (place.folder / "kommo-sync.sqlite3").write_bytes(b"no database at all" * 100)
    before = contents(place.folder)
    result = place.run("init", "--yes")
    assert result.exit_code == 1
    assert "is not a SQLite database" in result.stderr
    assert contents(place.folder) == before


def test_a_key_from_the_environment_needs_no_file(place):
    place.environ["KOMMO_SYNC__SECRETS__KEY"] = base64.b64encode(b"k" * 32).decode()
    place.init()
    assert not (place.folder / "kommo-sync.key").exists()


def test_init_asks_for_the_language_and_speaks_it_from_then_on(place):
    said = place.done("init", input="es\n\n")
    assert "¿Continuar?" in said
    assert "Ahora: `kommo-sync connect" in said
    assert Config.load(place.config, {}).language == "es"


def test_a_no_leaves_nothing_behind(place):
    assert "Nothing was written." in place.done("init", input="en\nn\n")
    assert contents(place.folder) == {}


@pytest.mark.parametrize("language", ["en", "es", "pt", "ru"])
def test_the_language_can_be_given(place, language):
    place.done("init", "--yes", "--language", language)
    assert Config.load(place.config, {}).language == language
