"""Made-up people and firms: names in several scripts, numbers that ring nowhere.

E-mail addresses end in example.com or example.org. Telephone numbers are from the range
+1 NXX 555 01XX, kept free for fiction, or have an area code 000.
"""

import random
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

US_NUMBERS = 78_900


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


LATIN = (
    _list(
        "Olivia, Emma, Noah, Liam, Chloë, Zoë, François, Łukasz, Søren, Grace, Henry, "
        "Sinéad, Jürgen, Amélie, Thomas, Ruth, Aoife"
    ),
    _list(
        "O'Connor, D'Angelo, Müller, Smith, Nowak, Dvořák, Lefèvre, Hansen, "
        "Fitzgerald, van den Berg, Brown, O'Reilly, Kowalczyk, Wright, Ng"
    ),
)
SPANISH = (
    _list(
        "María José, Lucía, Íñigo, Álvaro, Sofía, Ximena, Nicolás, Pilar, Joaquín, "
        "Inés, Rubén, Begoña, Andrés, Ana"
    ),
    _list(
        "Núñez Ibáñez, García Peña, Muñoz, Fernández, Castañeda, López Güell, "
        "de la Cruz, Ordóñez, Echeverría, Ruiz, Zúñiga"
    ),
)
CYRILLIC_WOMEN = (
    _list(
        "Анна, Мария, Екатерина, Ольга, Наталья, Юлия, Дарья, Полина, Светлана, "
        "Ксения, Людмила, Алёна"
    ),
    _list(
        "Петрова, Соколова, Щербакова, Кузнецова, Воробьёва, Морозова, Журавлёва, "
        "Фёдорова, Чернышевская, Гусева"
    ),
)
CYRILLIC_MEN = (
    _list(
        "Дмитрий, Алексей, Сергей, Пётр, Иван, Михаил, Юрий, Артём, Фёдор, Никита, "
        "Григорий, Тимур"
    ),
    _list(
        "Петров, Соколов, Щербаков, Кузнецов, Воробьёв, Морозов, Журавлёв, Фёдоров, "
        "Чернышевский, Юнусов"
    ),
)
LONG = (
    ("María de los Ángeles Guadalupe", "Fernández-Villaverde y Rodríguez de la Fuente"),
    (
        "Александра-Виктория Константиновна",
        "Рождественская-Преображенская-Белосельская",
    ),
    ("Maximilian Alexander Friedrich", "Freiherr von Hohenstein-Wolkenburg zu Altmark"),
)
GROUPS = (
    (LATIN, "+1"),
    (LATIN, "+1"),
    (SPANISH, "+34"),
    (CYRILLIC_WOMEN, "+7"),
    (CYRILLIC_MEN, "+7"),
)
COMPANIES = (
    "Bright Harbor {} LLC",
    "Nordlicht Möbel {} GmbH",
    "Café O'Malley & Sons {} Ltd",
    "Panadería La Española {} S.L.",
    "ПАО «Ромашка {}»",
    "ПАО «Северный ветер {}»",
    "Quick Brown Fox Logistics {} Inc.",
    "Atelier Élégance {} SARL",
    "Завод «Вектор-Строй {}»",
    "Green Valley Foods {} Co.",
)
LONG_COMPANY = (
    "Открытое акционерное общество «Научно-производственное объединение "
    "экспериментального машиностроения имени первопроходцев Крайнего Севера № {}»"
)
CITIES = {
    "+1": ("New York", "Boston", "San José", "Coeur d'Alene", "St. John's"),
    "+34": ("Madrid", "A Coruña", "Málaga", "Castelló de la Plana"),
    "+7": ("Москва", "Санкт-Петербург", "Нижний Новгород", "Йошкар-Ола"),
}
POSITIONS = ("Buyer", "Owner", "Office manager", "Главный бухгалтер", "Jefe de compras")
# Letters that no decomposition turns into ASCII.
ROMAN = str.maketrans(
    dict(
        zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюяłøß",
            "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya"
            " l o ss".split(" "),
            strict=True,
        )
    )
)


@dataclass(frozen=True, slots=True)
class Person:
    """A human being as one card spells it; `area` is the dialling code."""

    first: str
    last: str
    area: str
    phone: str
    email: str
    city: str


def draw_person(number: int, chance: random.Random) -> Person:
    """Return a person whose phone and e-mail no other number's person has."""
    (firsts, lasts), area = chance.choice(GROUPS)
    first, last = chance.choice(firsts), chance.choice(lasts)
    if number % 40 == 7:
        first, last = LONG[number // 40 % len(LONG)]
        area = ("+34", "+7", "+1")[number // 40 % len(LONG)]
    host = "example.org" if number % 5 == 0 else "example.com"
    return Person(
        first=first,
        last=last,
        area=area,
        phone=_spelled(area, _digits(area, number), chance.randrange(4)),
        email=f"{slug(first)[:20]}.{slug(last)[:20]}.{number}@{host}",
        city=chance.choice(CITIES[area]),
    )


def respell(person: Person, chance: random.Random) -> Person:
    """Return the same human being as somebody else typed it in anew.

    The phone or the e-mail is the same but for its spelling; the other is missing.
    """
    first, last = person.first, person.last
    names: list[tuple[str, str]] = [
        (first, last),
        (last, first),
        (f"{first[0]}.", last),
        (slug(first).capitalize(), slug(last).capitalize()),
    ]
    first, last = chance.choice(names)
    if chance.random() < 0.5:
        email = chance.choice((person.email.upper(), person.email.title()))
        return replace(person, first=first, last=last, phone="", email=email)
    digits = "".join(c for c in person.phone if c.isdigit())
    spellings = [_spelled(person.area, digits, style) for style in range(4)]
    others = [phone for phone in spellings if phone != person.phone]
    phone = chance.choice(others)
    return replace(person, first=first, last=last, phone=phone, email="")


def draw_company(number: int, chance: random.Random) -> str:
    """Return the name of a firm that no other number's firm has."""
    is_long = number % 40 == 13
    return (LONG_COMPANY if is_long else chance.choice(COMPANIES)).format(number)


@cache
def slug(name: str) -> str:
    """Return the name in lower-case ASCII letters."""
    plain = name.lower().translate(ROMAN)
    letters = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in letters if c.isascii() and c.isalnum())


def _digits(area: str, number: int) -> str:
    if area != "+1":
        length = 10 if area == "+7" else 9
        return f"{area[1:]}{number:0{length}}"
    if number >= US_NUMBERS:
        return f"1{number:010}"
    return f"1{201 + number // 100}55501{number % 100:02}"


def _spelled(area: str, digits: str, style: int) -> str:
    code, rest = digits[: len(area) - 1], digits[len(area) - 1 :]
    a, b, c = rest[:3], rest[3:6], rest[6:]
    styles = (
        f"+{code} {a} {b} {c}",
        f"+{code} ({a}) {b}-{c[:2]}-{c[2:]}",
        f"+{digits}",
        f"{code}-{a}-{b}-{c}",
    )
    return styles[style]
