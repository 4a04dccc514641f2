"""Which addresses may be asked, and so be shown a token."""

import re
from dataclasses import dataclass

from kommo_sync.errors import WrongAddress

ACCOUNT_DOMAINS = ("kommo.com", "amocrm.ru", "amocrm.com")
"""Where accounts live, each one label below (kommo-rest-api 1.1)."""
_ACCOUNT = re.compile(
    r"(?:https://)?"
    r"(?P<host>(?P<label>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    rf"\.(?:{'|'.join(map(re.escape, ACCOUNT_DOMAINS))}))/?",
    re.ASCII,
)
_SANDBOX = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?)/?",
    re.ASCII,
)
_BARE_WORD = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)
_NOBODY = frozenset({"www"})
"""The marketing site's host, nobody's account."""
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The hosts of Kommo's accounts, and the sandboxes that were configured.

    Attributes:
        sandbox: host and port as they stand in an address: "127.0.0.1:8380".
    """

    sandbox: tuple[str, ...] = ()

    def origin(self, base_url: str) -> str:
        """Return scheme and host, without a stroke at the end.

        Args:
            base_url: the whole address, or the host alone: "acme.kommo.com".

        Raises:
            WrongAddress: it is nobody's account.
        """
        # Only ASCII is lowered: the Kelvin sign would become a plain k.
        text = base_url.lower() if base_url.isascii() else ""
        if match := _ACCOUNT.fullmatch(text):
            if match["label"] not in _NOBODY and not match["label"].startswith("xn--"):
                return f"https://{match['host']}"
        elif origin := self._sandbox_origin(text):
            return origin
        raise _refusal(text, base_url)

    def _sandbox_origin(self, text: str) -> str | None:
        whole = text if "://" in text else f"http://{text}"
        match = _SANDBOX.fullmatch(whole)
        if match and match["host"] in self.sandbox:
            return f"{match['scheme']}://{match['host']}"
        return None


def _refusal(text: str, base_url: str) -> WrongAddress:
    if _BARE_WORD.fullmatch(text):
        return WrongAddress(
            "{value} is no whole address: did you mean {value}.kommo.com?",
            value=text,
        )
    if _SANDBOX.fullmatch(text) and text.count(":") > 1:
        return WrongAddress(
            "{value} is no address of a Kommo account; if it is a sandbox, name it in "
            "config.toml, under [kommo]: sandbox_hosts = ['{host}'].",
            value=_shown(base_url),
            host=text.partition("://")[2].rstrip("/"),
        )
    return WrongAddress(
        "{value} is no address of a Kommo account: give it as https://acme.kommo.com, "
        "with your account's name for acme.",
        value=_shown(base_url),
    )


def _shown(value: str) -> str:
    """Return an address as it may be printed: no password, no query, no controls."""
    bare = re.split(r"[?#]", value, maxsplit=1)[0].rpartition("@")[2]
    return repr(bare[:_SHOWN])
