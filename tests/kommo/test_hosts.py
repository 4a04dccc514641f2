import pytest

from kommo_sync.errors import WrongAddress
from kommo_sync.kommo.hosts import AllowedHosts

GOOD = {
    "https://acme.kommo.com": "https://acme.kommo.com",
    "https://acme.kommo.com/": "https://acme.kommo.com",
    "HTTPS://Acme.Kommo.COM": "https://acme.kommo.com",
    "acme.kommo.com": "https://acme.kommo.com",
    "https://my-firm2.amocrm.ru": "https://my-firm2.amocrm.ru",
    "https://a.amocrm.com": "https://a.amocrm.com",
    f"https://{'a' * 63}.kommo.com": f"https://{'a' * 63}.kommo.com",
}
ATTACKS = [
    "",
    " ",
    "https://",
    "https://kommo.com",
    "https://.kommo.com",
    "https://www.kommo.com",
    "https://WWW.amocrm.ru/",
    "http://acme.kommo.com",
    "ftp://acme.kommo.com",
    "javascript://acme.kommo.com",
    "//acme.kommo.com",
    "https:acme.kommo.com",
    "https:/acme.kommo.com",
    "https:///acme.kommo.com",
    "https://evilkommo.com",
    "https://acme.evilkommo.com",
    "https://evil.com/.kommo.com",
    "https://evil.com?.kommo.com",
    "https://evil.com#.kommo.com",
    "https://evil.com\\.kommo.com",
    "https://evil.com\\@acme.kommo.com",
    "https://acme.kommo.com@evil.com",
    "https://user@acme.kommo.com",
    "https://user:secret@acme.kommo.com",
    "https://evil.com:secret@acme.kommo.com",
    "https://acme.kommo.com.evil.com",
    "https://acme.kommo.com.",
    "https://acme..kommo.com",
    "https://a.b.kommo.com",
    "https://evil.com/acme.kommo.com",
    "https://acme.kommo.com/leads",
    "https://acme.kommo.com//",
    "https://acme.kommo.com/..",
    "https://acme.kommo.com/?",
    "https://acme.kommo.com?x=1",
    "https://acme.kommo.com#x",
    "https://acme.kommo.com;x",
    "https://acme.kommo.com:443",
    "https://acme.kommo.com:8443",
    "https://acme.kommo.com:",
    "https://acme.kommo.com:80@evil.com",
    "https://acme.kommo.com\n",
    "https://acme.kommo.com\r\nHost: evil.com",
    "https://acme.kommo.com\t",
    "https://acme.kommo.com\x00",
    "https://acme.kommo.com\x00.evil.com",
    "\nhttps://acme.kommo.com",
    " https://acme.kommo.com",
    "https://acme.kommo.com ",
    "https://ac me.kommo.com",
    "https://acme%2ekommo.com",
    "https://acme.kommo.com%00",
    "https://acme%2fevil.com%2f.kommo.com",
    "https://acme.kommo.com%2eevil.com",
    "https://аcme.kommo.com",  # noqa: RUF001  a Cyrillic a
    "https://acme.kоmmo.com",  # noqa: RUF001  a Cyrillic o
    "https://acme.\u212aommo.com",
    "https://acme.kommo\u3002com",
    "https://acme.kommo.com\uff0fevil",
    "https://acme\u2024kommo.com",
    "https://acme.kommo.com\u202e",
    "https://xn--cme-7cd.kommo.com",
    "https://-acme.kommo.com",
    "https://acme-.kommo.com",
    "https://ac_me.kommo.com",
    "https://*.kommo.com",
    f"https://{'a' * 64}.kommo.com",
    "https://acme.kommo.co",
    "https://acme.kommo.com.ru",
    "https://acme.amocrm.org",
    "https://acmekommo.com",
    "https://acme.kommo,com",
    "https://127.0.0.1",
    "http://127.0.0.1:8380",
    "https://[::1]",
    "https://localhost",
    "https://2130706433",
    "{0.__class__}.kommo.com",
]


@pytest.mark.parametrize("base_url", GOOD)
def test_an_account_address_gives_its_origin(base_url):
    assert AllowedHosts().origin(base_url) == GOOD[base_url]


def test_there_are_at_least_fifty_attacks():
    assert len(set(ATTACKS)) >= 50


@pytest.mark.parametrize("base_url", ATTACKS)
def test_any_other_address_is_refused(base_url):
    with pytest.raises(WrongAddress):
        AllowedHosts().origin(base_url)


@pytest.mark.parametrize("base_url", ATTACKS)
def test_a_configured_sandbox_opens_no_other_door(base_url):
    allowed = AllowedHosts(("127.0.0.1:8399", "user@evil.com", "evil.com/x"))
    with pytest.raises(WrongAddress):
        allowed.origin(base_url)


def test_a_bare_word_is_met_with_the_address_that_was_meant():
    with pytest.raises(WrongAddress, match=r"did you mean acme\.kommo\.com\?"):
        AllowedHosts().origin("acme")


def test_a_refusal_names_the_value_and_the_remedy():
    with pytest.raises(WrongAddress, match=r"evil\.com.*https://acme\.kommo\.com"):
        AllowedHosts().origin("https://evil.com")


@pytest.mark.parametrize(
    "base_url",
    ["https://me:canary@evil.com/", "https://evil.com/?token=canary", "e.com#canary"],
)
def test_a_refusal_shows_no_password_and_no_query(base_url):
    with pytest.raises(WrongAddress) as refusal:
        AllowedHosts().origin(base_url)
    assert "canary" not in str(refusal.value)


def test_a_refusal_shows_no_control_characters():
    with pytest.raises(WrongAddress) as refusal:
        AllowedHosts().origin("https://\x1b[31mevil\n.com")
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("http://127.0.0.1:8380", "http://127.0.0.1:8380"),
        ("127.0.0.1:8380/", "http://127.0.0.1:8380"),
        ("https://127.0.0.1:8380", "https://127.0.0.1:8380"),
    ],
)
def test_a_sandbox_answers_where_it_was_configured(base_url, origin):
    assert AllowedHosts(("127.0.0.1:8380",)).origin(base_url) == origin


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8381", "http://127.0.0.1", "http://127.0.0.1:8380.evil.com"],
)
def test_a_sandbox_is_one_host_and_one_port(base_url):
    with pytest.raises(WrongAddress):
        AllowedHosts(("127.0.0.1:8380",)).origin(base_url)
