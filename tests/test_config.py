"""config.toml and the environment: what is taken, what is refused, in which words."""

import base64
import re
import tomllib
from pathlib import Path

import pytest

from kommo_sync.config import Config
from kommo_sync.config.settings import Settings, example, known_settings
from kommo_sync.errors import ConfigError

KEY = bytes(range(32))
KEY_TEXT = base64.b64encode(KEY).decode()


@pytest.fixture
def load(tmp_path):
    def loaded(toml: str = "", **environ: str) -> Config:
        path = tmp_path / "config.toml"
        path.write_text(toml, "utf-8")
        return Config.load(path, environ)

    return loaded


@pytest.fixture
def refusal(load):
    def refused(toml: str = "", **environ: str) -> str:
        with pytest.raises(ConfigError) as told:
            load(toml, **environ)
        return str(told.value)

    return refused


def uncommented(toml: str) -> str:
    return re.sub(r"^#(?=\w+ = )", "", toml, flags=re.MULTILINE)


def test_the_example_with_its_marks_taken_away_is_the_defaults(load):
    assert load(uncommented(example())) == load("")


def test_the_example_shows_every_setting():
    shown = tomllib.loads(uncommented(example()))
    assert Settings.model_validate(shown) == Settings()
    tables = {k: v for k, v in shown.items() if isinstance(v, dict)}
    keys = {f"{table}.{key}" for table in tables for key in tables[table]}
    assert keys | (shown.keys() - tables.keys()) == known_settings().keys()


def test_the_example_in_git_is_the_one_that_init_writes():
    written = Path(__file__).parents[1] / "config.example.toml"
    assert written.read_text("utf-8") == example()


def test_the_example_in_a_language_sets_that_language_only(load):
    config = load(example("pt"))
    assert config.language == "pt"
    assert config == load('language = "pt"')


def test_every_setting_has_a_comment():
    assert all(setting.description for setting in known_settings().values())


def test_the_environment_stands_above_the_file(load):
    toml = "[kommo]\npage_size = 10\nin_flight = 2"
    config = load(toml, KOMMO_SYNC__KOMMO__PAGE_SIZE="50")
    assert (config.kommo.page_size, config.kommo.in_flight) == (50, 2)


def test_an_empty_variable_counts_as_absent(load):
    assert load("", KOMMO_SYNC__KOMMO__EGRESS="") == load("")


def test_a_variable_may_hold_a_fraction_a_list_and_a_text_of_digits(load):
    config = load(
        "",
        KOMMO_SYNC__KOMMO__REQUESTS_PER_SECOND="2.5",
        KOMMO_SYNC__KOMMO__SANDBOX_HOSTS="127.0.0.1:8380, localhost",
        KOMMO_SYNC__KOMMO__EGRESS="5",
    )
    assert config.kommo.requests_per_second == 2.5
    assert config.kommo.sandbox_hosts == ("127.0.0.1:8380", "localhost")
    assert config.kommo.egress == "5"


def test_a_list_may_be_written_in_the_environment_as_in_the_file(load):
    config = load(
        "", KOMMO_SYNC__KOMMO__SANDBOX_HOSTS='["127.0.0.1:8380", "localhost"]'
    )
    assert config.kommo.sandbox_hosts == ("127.0.0.1:8380", "localhost")


def test_a_list_that_is_broken_is_told(load):
    with pytest.raises(ConfigError, match="is not a list of texts"):
        load("", KOMMO_SYNC__KOMMO__SANDBOX_HOSTS='["127.0.0.1:8380"')


def test_other_variables_are_none_of_our_business(load):
    assert load("", PATH="/bin", KOMMO_SYNC_TOKEN="t", KOMMO_SYNC="x") == load("")


def test_a_file_saved_by_notepad_is_read(load):
    assert load("\ufeff[sync]\nsweep_days = 3").sync.sweep_days == 3


def test_the_database_lies_beside_the_file(load, tmp_path):
    url = load("").database_url()
    assert url == f"sqlite:///{tmp_path / 'kommo-sync.sqlite3'}"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/kommo.sqlite3",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+psycopg://kommo@db/kommo",
        "postgresql+psycopg:///kommo",
    ],
)
def test_a_url_that_is_whole_stays_as_it_is(load, url):
    assert load(f'[database]\nurl = "{url}"').database_url() == url


def test_the_url_may_come_from_a_file(load, tmp_path):
    (tmp_path / "url").write_text("postgresql+psycopg://k:pw@db/k\n")
    config = load("", KOMMO_SYNC__DATABASE__URL_FILE=str(tmp_path / "url"))
    assert config.database_url() == "postgresql+psycopg://k:pw@db/k"


def test_there_is_no_key_before_init(load):
    assert load("").key() is None


def test_the_key_lies_beside_the_file(load, tmp_path):
    (tmp_path / "kommo-sync.key").write_text(KEY_TEXT + "\n")
    assert load("").key() == KEY


def test_the_key_may_come_from_the_environment(load, tmp_path):
    (tmp_path / "kommo-sync.key").write_text("another")
    config = load("", KOMMO_SYNC__SECRETS__KEY=KEY_TEXT)
    assert config.key() == KEY
    assert KEY_TEXT not in repr(config)


def test_the_key_may_come_from_a_file_that_the_environment_names(load, tmp_path):
    (tmp_path / "given").write_text(KEY_TEXT)
    path = str(tmp_path / "given")
    assert load("", KOMMO_SYNC__SECRETS__KEY_FILE=path).key() == KEY


def test_the_key_may_come_from_systemd(load, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "kommo-sync.key").write_text(KEY_TEXT)
    assert load("", CREDENTIALS_DIRECTORY=str(folder)).key() == KEY


@pytest.mark.parametrize("text", ["", "short", KEY_TEXT[:-8], KEY_TEXT + "!"])
def test_a_key_that_is_none_is_refused_and_not_shown(load, tmp_path, text):
    path = tmp_path / "kommo-sync.key"
    path.write_text(text)
    with pytest.raises(ConfigError) as told:
        load("").key()
    assert str(told.value) == (
        f"{path} does not hold a key, 32 bytes in base64: put the key back that "
        "`kommo-sync init` made."
    )


def test_without_a_file_the_remedy_is_init(tmp_path):
    path = tmp_path / "config.toml"
    with pytest.raises(ConfigError) as told:
        Config.load(path, {})
    assert str(told.value) == (
        f"There is no {path}: run `kommo-sync init`, or name another file by --config."
    )


def test_what_is_not_toml_is_told_with_its_line(refusal, tmp_path):
    assert refusal("[sync]\nsweep_days: 7\n") == (
        f"{tmp_path / 'config.toml'}, line 2: this is not TOML; write `key = value`, "
        "texts in quotes."
    )
    assert ", line 2: " in refusal("[sync]\nsweep_days = '''")


def test_what_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"language = '\xff'")
    with pytest.raises(ConfigError, match=r"config.toml is not text in UTF-8\.$"):
        Config.load(path, {})


REFUSALS = {
    "[sync]\noverlap_seconds = '5m'": "sync.overlap_seconds: '5m' is not a whole "
    "number; write seconds, as in 300.",
    "[sync]\nsweep_days = '1w'": "sync.sweep_days: '1w' is not a whole number; write "
    "days, as in 7.",
    "[kommo]\nin_flight = 1.5": "kommo.in_flight: 1.5 is not a whole number; write "
    "one, as in 6.",
    "[kommo]\npage_size = true": "kommo.page_size: True is not a whole number; write "
    "one, as in 250.",
    "[kommo]\nrequests_per_second = '6/s'": "kommo.requests_per_second: '6/s' is not "
    "a number; write one, as in 6.0.",
    "[kommo]\nrequests_per_second = 8": "kommo.requests_per_second: 8 is out of "
    "range; write 1 to 7.",
    "[kommo]\nrequests_per_second = nan": "kommo.requests_per_second: nan is out of "
    "range; write 1 to 7.",
    "[sync]\noverlap_seconds = -1": "sync.overlap_seconds: -1 is out of range; write "
    "0 to 86400.",
    "[kommo]\negress = 5": "kommo.egress: 5 is not a text; write one in quotes, as in "
    '"default".',
    "[kommo]\negress = ''": "kommo.egress: '' is too short or too long; write a text, "
    'as in "default".',
    "[kommo]\nsandbox_hosts = 'x'": "kommo.sandbox_hosts: 'x' is not a list of texts; "
    'write one, as in ["127.0.0.1:8380"].',
    "[kommo]\nsandbox_hosts = [5]": "kommo.sandbox_hosts: 5 is not a text; write one "
    "in quotes, as in [].",
    "language = 'de'": "language: 'de' is not offered; write one of \"en\", "
    '"es", "pt", "ru".',
    "[sync]\noverlap = 3": "sync.overlap is not a setting: did you mean "
    "sync.overlap_seconds?",
    "page_size = 3": "page_size is not a setting: did you mean kommo.page_size?",
    "[zebra]\nx = 3": "zebra is not a setting: config.example.toml shows all there "
    "are.",
    "sync = 5": "sync is a section: write [sync], and its settings beneath.",
}


@pytest.mark.parametrize(("toml", "sentence"), REFUSALS.items(), ids=REFUSALS.values())
def test_a_bad_setting_is_told_in_one_sentence(refusal, toml, sentence):
    assert refusal(toml) == sentence


def test_a_bad_variable_is_told_by_its_own_name(refusal):
    assert refusal("", KOMMO_SYNC__SYNC__OVERLAP_SECONDS="5m") == (
        "KOMMO_SYNC__SYNC__OVERLAP_SECONDS: '5m' is not a whole number; write "
        "seconds, as in 300."
    )


def test_an_unknown_variable_is_told_with_the_nearest_setting(refusal):
    assert refusal("", KOMMO_SYNC__KOMO__PAGE_SIZE="5") == (
        "KOMMO_SYNC__KOMO__PAGE_SIZE is not a setting: did you mean kommo.page_size?"
    )


SECRETS = {
    "[kommo]\ntoken = 'se cret'": "kommo.token",
    "[secrets]\nkey = 'se cret'": "secrets.key",
    "[kommo]\naccess_token = 'se cret'": "kommo.access_token",
    "password = 'se cret'": "password",
}


@pytest.mark.parametrize(("toml", "key"), SECRETS.items(), ids=SECRETS.values())
def test_a_secret_in_the_file_is_refused_and_not_shown(refusal, toml, key, tmp_path):
    assert refusal(toml) == (
        f"{key}: secrets do not belong in {tmp_path / 'config.toml'}; give a token to "
        "`kommo-sync connect`, the key by KOMMO_SYNC__SECRETS__KEY or by its file."
    )


def test_a_password_in_the_url_of_the_file_is_refused(refusal):
    told = refusal('[database]\nurl = "postgresql+psycopg://k:pass@db/k"')
    assert told.startswith("database.url: a password does not belong in ")
    assert "pass@" not in told


def test_an_unknown_setting_is_told_without_its_value(refusal):
    assert "se cret" not in refusal("", KOMMO_SYNC__KOMMO__TOKEN="se cret")


def test_a_file_that_the_environment_names_must_be_there(refusal, tmp_path):
    path = tmp_path / "absent"
    told = refusal("", KOMMO_SYNC__DATABASE__URL_FILE=str(path))
    assert told == f"There is no file {path}."


def test_settings_cannot_be_changed_afterwards(load):
    with pytest.raises(ValueError, match="frozen"):
        load("").sync.sweep_days = 9


ACCOUNT = "[accounts.31]\n"


def test_an_account_is_judged_as_all_are_but_for_its_own_settings(load):
    judging = "[judging]\nloyal_purchases = 6\nmerge_gap_days = 3\n"
    config = load(f'{judging}{ACCOUNT}merge_gap_days = 30\nclient_unit = "company"')
    own, others = config.judging_of(31), config.judging_of(32)
    assert (own.client_unit, own.merge_gap_days, own.loyal_purchases) == (
        "company",
        30,
        6,
    )
    assert (others.client_unit, others.merge_gap_days) == ("auto", 3)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (
            f"{ACCOUNT}merge_gap_days = -1",
            "accounts.31.merge_gap_days: -1 is out of range; write 0 to 366.",
        ),
        (
            f"{ACCOUNT}merge_gap = 1",
            "accounts.31.merge_gap is not a setting: did you mean "
            "judging.merge_gap_days?",
        ),
        (
            "[accounts.acme]\nmerge_gap_days = 1",
            "accounts.acme: write [accounts.ID] with the id that `kommo-sync status` "
            "shows, and settings of [judging] beneath.",
        ),
        (
            "[judging]\nfrequency_cuts = [2, 3, 5]",
            "judging.frequency_cuts: [2, 3, 5] will not do; write four ascending "
            "whole numbers, as in [2, 3, 5, 10], or [] to learn them.",
        ),
        (
            "[judging]\nfrequency_cuts = [2, 3, 5, 5]",
            "judging.frequency_cuts: [2, 3, 5, 5] will not do; write four ascending "
            "whole numbers, as in [2, 3, 5, 10], or [] to learn them.",
        ),
        (
            "[judging]\nfrequency_cuts = [1, 2, 3, 4]",
            "judging.frequency_cuts: [1, 2, 3, 4] will not do; who bought once has "
            "F = 1, so begin with 2 or more, as in [2, 3, 5, 10].",
        ),
        (
            '[judging]\nwon_stages = ["won"]',
            "judging.won_stages: ['won'] is not a list of stages; write ids, or "
            'PIPELINE:STAGE, as in ["142", "8001:9002"].',
        ),
        (
            "[judging]\nwon_stages = []",
            'judging.won_stages: [] names nothing; write at least one, as in ["142"].',
        ),
        (
            "[judging]\njoin_duplicates = 1",
            "judging.join_duplicates: 1 is neither true nor false; write one of them, "
            "as in true.",
        ),
        (
            '[judging]\nrecency_cuts = [1, 2, "x", 4]',
            "judging.recency_cuts: 'x' will not do; write four ascending whole "
            "numbers, as in [2, 3, 5, 10], or [] to learn them.",
        ),
    ],
)
def test_a_bad_way_to_judge_is_told_in_one_sentence(refusal, toml, sentence):
    assert refusal(toml) == sentence


def test_the_environment_gives_truths_and_lists_of_numbers(load):
    config = load(
        KOMMO_SYNC__JUDGING__JOIN_DUPLICATES="false",
        KOMMO_SYNC__JUDGING__FREQUENCY_CUTS="2,3,5,10",
        KOMMO_SYNC__JUDGING__MONETARY_CUTS="[1, 2, 3, 4]",
    )
    assert config.judging.join_duplicates is False
    assert config.judging.frequency_cuts == (2, 3, 5, 10)
    assert config.judging.monetary_cuts == (1, 2, 3, 4)
