"""An account's keys: only whoever signs requests is given them."""

import re
from collections.abc import Iterator

import msgspec

from trading_mcp.domain.reports import KeysRefused

_SHORTEST, _LONGEST = 7, 8192
"""KuCoin's passphrases have seven characters at least; an RSA key in PEM has a few thousand."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\n]")
_SAMPLE_WORDS = (
    "your|yours|my|mine|the|an|insert|enter|put|paste|goes|here|some|any|super|very|top|real|new|"
    "test|testing|example|sample|dummy|fake|demo|default|placeholder|change|me|it|now|todo|tbd|"
    "fixme|none|null|nil|undefined|empty|nofx|value|exchange|kucoin|binance|bybit|okx|kraken|"
    "account|user|name|api|public|private|key|keys|secret|secrets|pass|phrase|password|passphrase|"
    "word|token|id|env|abc|def|foo|bar|baz|qwerty|12345678|1234567|123456|1234|123|0"
)
_SAMPLE = re.compile(rf"(?:{_SAMPLE_WORDS})*|(.)\1*")
_BETWEEN_WORDS = re.compile(r"[\s_.,:;<>(){}\[\]$%'\"!?*/\\-]")


class Keys(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What an exchange knows an account by. Neither its repr nor its str shows any of it."""

    api_key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "Keys(...)"

    __str__ = __repr__


def usable(keys: Keys, where: str) -> Keys:
    """Return *keys* if they may be keys. *where* says where they come from.

    Raises:
        KeysRefused: one is empty, a sample, not printable, or the same as another.
    """
    for name, value in _named(keys):
        if objection := _objection(value):
            raise KeysRefused(f"{where}: the {name} {objection}")
    values = [value for _, value in _named(keys)]
    if len(set(values)) != len(values):
        raise KeysRefused(
            f"{where}: API key, secret and passphrase must differ, and two are the same: "
            "set them again, each in its place"
        )
    return keys


def _named(keys: Keys) -> Iterator[tuple[str, str]]:
    yield "API key", keys.api_key
    yield "secret", keys.secret
    if keys.passphrase:  # not every exchange has one
        yield "passphrase", keys.passphrase


def _objection(value: str) -> str:
    """Return what is wrong with *value*, without a word of it; "" if nothing is."""
    if not value:
        return "is empty"
    if looks_like_a_sample(value):
        return "is a sample, not one of yours: put the exchange's there"
    if value != value.strip() or _UNPRINTABLE.search(value):
        return "has characters that none has, or spaces around it: copy it again"
    if not _SHORTEST <= len(value) <= _LONGEST:
        return f"has {len(value)} characters; {_SHORTEST} to {_LONGEST} are expected"
    return ""


def looks_like_a_sample(value: str) -> bool:
    """Say whether *value* is made of nothing but the words of samples, or of one character."""
    return _SAMPLE.fullmatch(_BETWEEN_WORDS.sub("", value.lower())) is not None
