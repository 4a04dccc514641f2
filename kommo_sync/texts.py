"""Words that people read, in four languages: code holds keys, catalogues sentences.

The catalogues lie in locale/LANGUAGE/LC_MESSAGES/kommo_sync.po. The build compiles them
(hatch_build.py); standard gettext reads them. Under a key lies a sentence; under an
error's English template lies its translation.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from gettext import GNUTranslations
from pathlib import Path

from kommo_sync.errors import KommoSyncError

LANGUAGES = ("en", "es", "pt", "ru")
DOMAIN = "kommo_sync"
LOCALE = Path(__file__).parent / "locale"
_EPOCH = date(1970, 1, 1)

_NO_BREAK = "\N{NO-BREAK SPACE}"
_SEPARATORS = {
    "en": (",", "."),
    "es": (".", ","),
    "pt": (".", ","),
    "ru": (_NO_BREAK, ","),
}
"""Between thousands, and before the fraction."""
_PERCENT = {"en": "%", "es": f"{_NO_BREAK}%", "pt": "%", "ru": f"{_NO_BREAK}%"}
_DAYS = {"en": "%Y-%m-%d", "es": "%d/%m/%Y", "pt": "%d/%m/%Y", "ru": "%d.%m.%Y"}


class MissingText(LookupError):
    """A key without a sentence: a mistake in the program."""


class Texts:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        """Read the catalogue.

        Raises:
            MissingText: there is no compiled catalogue of that language.
        """
        self.language = language
        path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
        if not path.exists():
            raise MissingText(f"No catalogue {path}: build the package (pip install).")
        with path.open("rb") as file:
            self._catalogue = GNUTranslations(file)

    def say(self, key: str, /, **values: object) -> str:
        """Return the sentence under the key, its places filled.

        Raises:
            MissingText: there is no such key.
        """
        sentence = self._catalogue.gettext(key)
        if sentence == key:
            raise MissingText(f"{self.language}: {key}")
        return sentence.format(**values)

    def say_many(self, key: str, count: int, /, **values: object) -> str:
        """Return the sentence in the form that the count asks for.

        The place {count} is filled with the count as people write it.

        Raises:
            MissingText: there is no such key.
        """
        sentence = self._catalogue.ngettext(key, key, count)
        if sentence == key:
            raise MissingText(f"{self.language}: {key}")
        return sentence.format(count=self.number(count), **values)

    def error(self, error: KommoSyncError) -> str:
        """Return what went wrong and what to do; in English if nobody translated it."""
        sentence = self._catalogue.gettext(error.message)
        return sentence.format(**error.values) if error.values else sentence

    def number(self, value: int) -> str:
        """Return a whole number with its thousands apart."""
        return f"{value:,}".replace(",", _SEPARATORS[self.language][0])

    def money(self, hundredths: int, currency: str) -> str:
        """Return an amount with its currency, as in 1,234.50 EUR."""
        sign = "-" if hundredths < 0 else ""
        whole, cents = divmod(abs(hundredths), 100)
        point = _SEPARATORS[self.language][1]
        return f"{sign}{self.number(whole)}{point}{cents:02}{_NO_BREAK}{currency}"

    def units(self, hundredths: int) -> str:
        """Return an amount in whole units, for a table that names the currency."""
        return self.number(round(hundredths / 100))

    def decimal(self, value: float, places: int = 1) -> str:
        """Return a number with so many places, as in 1,234.5."""
        whole, _, fraction = f"{abs(value):.{places}f}".partition(".")
        sign = "-" if value < 0 and (whole + fraction).strip("0") else ""
        point = _SEPARATORS[self.language][1] if fraction else ""
        return f"{sign}{self.number(int(whole))}{point}{fraction}"

    def percent(self, share: float) -> str:
        """Return a share in whole percents; what is nearly none or all is not so."""
        sign, percent = _PERCENT[self.language], round(share * 100)
        if percent == 0 and share > 0:
            return f"<1{sign}"
        if percent == 100 and share < 1:
            return f">99{sign}"
        return f"{self.number(percent)}{sign}"

    def date(self, day: int) -> str:
        """Return the date of a day counted from 1970-01-01."""
        return (_EPOCH + timedelta(day)).strftime(_DAYS[self.language])

    def day(self, at: float) -> str:
        """Return the date, in UTC, of a moment in Unix seconds."""
        return datetime.fromtimestamp(at, UTC).strftime(_DAYS[self.language])

    def moment(self, at: float) -> str:
        """Return the date and the minute, in UTC, of a moment in Unix seconds."""
        return f"{self.day(at)} {datetime.fromtimestamp(at, UTC):%H:%M} UTC"

    def duration(self, seconds: float) -> str:
        """Return a span of time in its two largest units, cut to whole ones."""
        left = max(0, int(seconds))
        if left < 60:
            return self.say("duration.seconds", seconds=left)
        if left < 3600:
            return self.say("duration.minutes", minutes=left // 60, seconds=left % 60)
        if left < 2 * 86_400:
            hours, minutes = left // 3600, left // 60 % 60
            return self.say("duration.hours", hours=hours, minutes=minutes)
        return self.say_many("duration.days", left // 86_400)


def choose_language(configured: str, environ: Mapping[str, str]) -> str:
    """Return one of LANGUAGES: the configured one, else the environment's, else en."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    spoken = next((environ[name] for name in names if environ.get(name)), "")
    for language in (configured, spoken[:2].lower()):
        if language in LANGUAGES:
            return language
    return "en"
