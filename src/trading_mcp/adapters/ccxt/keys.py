"""An account's keys: only whoever signs requests is given them."""

import msgspec


class Keys(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What an exchange knows an account by."""

    api_key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "Keys(...)"

    __str__ = __repr__
