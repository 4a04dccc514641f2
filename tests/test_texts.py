"""The words: complete in four languages, in the right forms, written as people do."""

import gettext
import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from kommo_sync.errors import ConfigError, KommoSyncError
from kommo_sync.model.backtest import Rule
from kommo_sync.model.btyd_fit import FitSource
from kommo_sync.model.clients import PointKind
from kommo_sync.model.entities import Part
from kommo_sync.model.lifecycle import Stage
from kommo_sync.model.rfm import Segment
from kommo_sync.texts import LANGUAGES, LOCALE, MissingText, Texts, choose_language
from tests.scanning import error_templates, spoken_keys, texts_in_code

KEY = re.compile(r"[a-z]+(\.[a-z_/]+)+")
MADE = {
    *(f"part.{part.value}" for part in Part),
    *(f"status.{state}" for state in ("active", "reconnect", "disconnected")),
    *(f"outcome.{name}" for name in ("done", "failed", "interrupted", "open")),
    *(f"stage.{stage}" for stage in Stage),
    *(f"segment.{segment}" for segment in Segment),
    *(f"rule.{rule}" for rule in Rule),
    *(f"score.source.{source}" for source in FitSource),
    *(f"score.horizon.{source}" for source in ("set", "own", "usual")),
    *(f"column.{kind}" for kind in ("stage", "segment")),
    *(f"explain.card.{kind}" for kind in ("contacts", "companies")),
    *(f"explain.member.{kind}" for kind in PointKind),
}
"""Keys that the code puts together."""


def catalogue(language: str) -> Catalog:
    path = LOCALE / language / "LC_MESSAGES" / "kommo_sync.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(language: str) -> dict[str, Message]:
    found = catalogue(language)
    return {m.id if isinstance(m.id, str) else m.id[0]: m for m in found if m.id}


def forms(message: Message) -> tuple[str, ...]:
    text = message.string
    return (text,) if isinstance(text, str) else tuple(text or ())


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def keys(language: str) -> set[str]:
    return {key for key in messages(language) if KEY.fullmatch(key)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_the_code_says_has_a_sentence(language):
    assert (spoken_keys() | MADE) - keys(language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_looks_like_a_key_is_one(language):
    groups = {key.partition(".")[0] for key in keys(language)}
    alike = {text for text in texts_in_code() if KEY.fullmatch(text)}
    named = {text for text in alike if text.partition(".")[0] in groups}
    assert named - keys(language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_said_somewhere(language):
    assert keys(language) - texts_in_code() - MADE == set()


@pytest.mark.parametrize("language", ["es", "pt", "ru"])
def test_every_error_is_translated_and_nothing_else_is(language):
    assert messages(language).keys() - keys(language) == error_templates()


def test_the_scan_sees_the_errors_it_is_for():
    assert len(error_templates()) > 50
    assert "There is no file {path}." in error_templates()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_of_the_english_sentence(language):
    english = {key: forms(message)[0] for key, message in messages("en").items()}
    for key, message in messages(language).items():
        for form in forms(message):
            assert places(form) == places(english.get(key, key)), (language, form)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_all_its_forms(language):
    plurals = [m for m in messages(language).values() if not isinstance(m.id, str)]
    assert len(plurals) >= 5
    assert {len(forms(m)) for m in plurals} == {3 if language == "ru" else 2}
    assert all(all(forms(m)) for m in messages(language).values())


@pytest.mark.parametrize("language", ["es", "pt", "ru"])
def test_what_reads_like_english_has_been_translated(language):
    english = {key: forms(message) for key, message in messages("en").items()}
    for key, message in messages(language).items():
        if len(re.findall(r"[A-Za-z]+ [a-z]+ [a-z]+", forms(message)[0])) > 0:
            assert forms(message) != english.get(key, (key,)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_its_source(language):
    path = LOCALE / language / "LC_MESSAGES" / "kommo_sync.mo"
    with path.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for key, message in messages(language).items():
        expected = forms(message)[0]
        said = compiled.ngettext(key, key, 1) if message.pluralizable else None
        assert (said or compiled.gettext(key)) == expected


def test_a_key_without_a_sentence_is_a_mistake():
    with pytest.raises(MissingText, match=r"en: no\.such"):
        Texts("en").say("no.such")
    with pytest.raises(MissingText, match=r"ru: no\.such"):
        Texts("ru").say_many("no.such", 2)


def test_a_language_without_a_catalogue_is_a_mistake():
    with pytest.raises(MissingText, match="pip install"):
        Texts("de")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 записей"),
        (1, "1 запись"),
        (3, "3 записи"),
        (5, "5 записей"),
        (11, "11 записей"),
        (21, "21 запись"),
        (1112, "1\N{NO-BREAK SPACE}112 записей"),
    ],
)
def test_russian_has_three_forms(count, said):
    assert Texts("ru").say_many("count.rows", count) == said


def test_portuguese_counts_nothing_in_the_singular():
    assert Texts("pt").say_many("count.rows", 0) == "0 registro"
    assert Texts("es").say_many("count.rows", 0) == "0 registros"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "-1,234,567.05 EUR"),
        ("es", "-1.234.567,05 EUR"),
        ("pt", "-1.234.567,05 EUR"),
        ("ru", "-1 234 567,05 EUR"),
    ],
)
def test_money_is_written_as_people_write_it(language, said):
    amount = Texts(language).money(-123_456_705, "EUR")
    assert amount.replace("\N{NO-BREAK SPACE}", " ") == said


def test_a_few_cents_are_not_lost():
    assert Texts("en").money(7, "EUR") == "0.07\N{NO-BREAK SPACE}EUR"
    assert Texts("en").money(-7, "EUR") == "-0.07\N{NO-BREAK SPACE}EUR"


def test_units_are_rounded_and_need_no_cents():
    assert Texts("en").units(123_456_751) == "1,234,568"
    assert Texts("es").units(-123_456_749) == "-1.234.567"
    assert Texts("pt").units(49) == "0"


@pytest.mark.parametrize(
    ("value", "places", "english", "russian"),
    [
        (1234.56, 1, "1,234.6", "1 234,6"),
        (-0.456, 2, "-0.46", "-0,46"),
        (-0.001, 2, "0.00", "0,00"),
        (0.999, 1, "1.0", "1,0"),
        (33.6, 0, "34", "34"),
    ],
)
def test_a_decimal_has_its_places(value, places, english, russian):
    assert Texts("en").decimal(value, places) == english
    said = Texts("ru").decimal(value, places)
    assert said.replace("\N{NO-BREAK SPACE}", " ") == russian


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "92%"), ("es", "92 %"), ("pt", "92%"), ("ru", "92 %")],
)
def test_a_percent_is_written_as_people_write_it(language, said):
    assert Texts(language).percent(0.915).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0%"),
        (1e-9, "<1%"),
        (0.0049, "<1%"),
        (0.005, "<1%"),
        (0.0051, "1%"),
        (0.9949, "99%"),
        (0.995, ">99%"),
        (1 - 1e-9, ">99%"),
        (1.0, "100%"),
        (12.0, "1,200%"),
    ],
)
def test_what_is_nearly_none_or_all_is_not_told_as_such(share, said):
    assert Texts("en").percent(share) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "2026-09-21"),
        ("es", "21/09/2026"),
        ("pt", "21/09/2026"),
        ("ru", "21.09.2026"),
    ],
)
def test_a_day_is_written_as_people_write_it(language, said):
    assert Texts(language).date(20_717) == said


def test_a_day_may_lie_a_century_away():
    assert Texts("en").date(-1) == "1969-12-31"
    assert Texts("en").date(20_717 + 36_525) == "2126-09-22"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "2026-09-21 13:33 UTC"),
        ("es", "21/09/2026 13:33 UTC"),
        ("pt", "21/09/2026 13:33 UTC"),
        ("ru", "21.09.2026 13:33 UTC"),
    ],
)
def test_moments_are_written_as_people_write_them(language, said):
    assert Texts(language).moment(1_789_997_620) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3_661, "1 h 1 min"),
        (86_400 * 2 - 1, "47 h 59 min"),
        (86_400 * 2, "2 days"),
    ],
)
def test_a_duration_is_told_in_its_largest_units(seconds, said):
    assert Texts("en").duration(seconds) == said


def test_an_error_is_told_in_the_readers_language():
    error = ConfigError("There is no file {path}.", path=Path("x{y}"))
    assert Texts("es").error(error) == "No existe el archivo x{y}."
    assert Texts("en").error(error) == str(error)


def test_an_error_that_nobody_translated_is_told_in_english():
    error = KommoSyncError("Nobody foresaw {thing}.", thing="this")
    assert Texts("ru").error(error) == "Nobody foresaw this."
    assert Texts("ru").error(KommoSyncError("{}")) == "{}"


@pytest.mark.parametrize(
    ("configured", "environ", "chosen"),
    [
        ("pt", {"LANG": "ru_RU.UTF-8"}, "pt"),
        ("", {"LANG": "ru_RU.UTF-8"}, "ru"),
        ("", {"LANG": "ru_RU.UTF-8", "LC_ALL": "es_MX.UTF-8"}, "es"),
        ("", {"LANG": "C.UTF-8"}, "en"),
        ("", {"LANG": "de_DE"}, "en"),
        ("", {}, "en"),
        ("xx", {"LANG": "es"}, "es"),
    ],
)
def test_the_language_is_the_configured_one_or_the_environments(
    configured, environ, chosen
):
    assert choose_language(configured, environ) == chosen
