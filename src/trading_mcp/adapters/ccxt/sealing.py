"""Sealed with a passphrase: AES-256-GCM under a key that argon2id makes of it."""

import os
from typing import Annotated

import msgspec
from msgspec import Meta

NONCE_BYTES, SALT_BYTES, KEY_BYTES = 12, 16, 32


class Derivation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the key is made of the passphrase; the bounds keep a changed file from taking all memory.

    As it comes: RFC 9106's second recommended strength, 64 MiB, three passes, four lanes.
    """

    salt: bytes
    passes: Annotated[int, Meta(ge=1, le=64)] = 3
    memory_kib: Annotated[int, Meta(ge=32, le=1_048_576)] = 65_536
    lanes: Annotated[int, Meta(ge=1, le=16)] = 4


class Sealed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was sealed, with the nonce that no other text under this key has."""

    nonce: bytes
    text: bytes


class WrongSeal(Exception):
    """The passphrase is another, or what was sealed is not what was written."""


class Seal:
    """Seals and opens under one passphrase. Making one takes a good part of a second."""

    def __init__(self, passphrase: str, derivation: Derivation):
        """Derive the key.

        Raises:
            WrongSeal: nothing can be derived like this.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(_key(passphrase, derivation))

    def sealed(self, text: bytes, about: bytes) -> Sealed:
        """Seal *text*; it can be opened only together with *about*, which stays readable."""
        nonce = os.urandom(NONCE_BYTES)
        return Sealed(nonce=nonce, text=self._cipher.encrypt(nonce, text, about))

    def opened(self, sealed: Sealed, about: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            WrongSeal: the passphrase, *sealed* or *about* is not the one it was sealed with.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed.nonce, sealed.text, about)
        except (InvalidTag, ValueError):
            raise WrongSeal from None


def new_derivation() -> Derivation:
    """Return a derivation with a salt of its own."""
    return Derivation(salt=os.urandom(SALT_BYTES))


def _key(passphrase: str, derivation: Derivation) -> bytes:
    from argon2.exceptions import HashingError
    from argon2.low_level import Type, hash_secret_raw

    try:
        return hash_secret_raw(
            passphrase.encode(),
            derivation.salt,
            time_cost=derivation.passes,
            memory_cost=derivation.memory_kib,
            parallelism=derivation.lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    except HashingError:
        raise WrongSeal from None
