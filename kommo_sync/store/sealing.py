"""Secrets at rest: AES-256-GCM, bound to their account and column.

A sealed text moved to another row or column does not open: what is bound is part of
the proof (associated data). https://cryptography.io/en/latest/hazmat/primitives/aead/
"""

import base64
import os
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kommo_sync.errors import ConfigError, Unauthorized

KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens with one key; without a key it does neither."""

    key: bytes | None = field(repr=False)

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) != KEY_BYTES:
            raise ConfigError(
                "The key in key_file must have {wanted} bytes, this one has {found}.",
                wanted=KEY_BYTES,
                found=len(self.key),
            )

    def seal(self, account_id: int, column: str, text: str) -> str:
        """Return the sealed text; each time another one.

        Raises:
            ConfigError: there is no key.
        """
        key, key_id = self._key()
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(account_id, column, key_id)
        sealed = AESGCM(key).encrypt(nonce, text.encode(), bound)
        return f"{key_id}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, account_id: int, column: str, sealed: str) -> str:
        """Return what was sealed for this account and column.

        Raises:
            ConfigError: there is no key, or it is not the one that sealed it.
            Unauthorized: it was changed, or sealed for another account.
        """
        key, key_id = self._key()
        kept_id, _, body = sealed.partition(".")
        if kept_id != key_id:
            raise ConfigError(
                "The token of account {account_id} was sealed with the key {kept_id}, "
                "key_file holds {key_id}: name the right key_file, or connect again.",
                account_id=account_id,
                kept_id=kept_id,
                key_id=key_id,
            )
        try:
            raw = base64.b64decode(body, validate=True)
            bound = _bound(account_id, column, key_id)
            nonce, rest = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return AESGCM(key).decrypt(nonce, rest, bound).decode()
        except (InvalidTag, ValueError) as error:
            raise Unauthorized(
                "The kept token of account {account_id} was changed, or copied from "
                "another account: connect again.",
                account_id=account_id,
            ) from error

    def _key(self) -> tuple[bytes, str]:
        if self.key is None:
            raise ConfigError(
                "Tokens are sealed, and there is no key to open them: set key_file."
            )
        return self.key, sha256(self.key).hexdigest()[:8]


def _bound(account_id: int, column: str, key_id: str) -> bytes:
    return f"{account_id}|{column}|{key_id}".encode()
