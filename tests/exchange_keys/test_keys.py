"""Where keys come from, and which are none."""

import io
from pathlib import Path

import msgspec
import pytest

from trading_mcp.adapters.ccxt.account_keys import keys_of
from trading_mcp.adapters.ccxt.key_file import KeyFile
from trading_mcp.adapters.ccxt.keys import Keys, usable
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.domain.reports import KeysRefused

IN_ENVIRONMENT = ExchangeSettings(api_key="env:KEY", secret="env:SECRET", passphrase="env:PHRASE")
FROM_FILE = ExchangeSettings()


def environment(keys: Keys) -> dict[str, str]:
    return {"KEY": keys.api_key, "SECRET": keys.secret, "PHRASE": keys.passphrase}


def test_the_environment_comes_before_the_file(
    file: KeyFile, path: Path, keys: Keys, passphrase: str
) -> None:
    other = msgspec.structs.replace(keys, api_key="7f3a90b1c2d3e4f5a6b7c8d9")
    both = {**environment(other), "TRADING_MCP_KEYS_PASSPHRASE": passphrase}

    assert keys_of("kucoin", IN_ENVIRONMENT, path.parent, both) == other
    assert keys_of("kucoin", FROM_FILE, path.parent, both) == keys


def test_without_any_there_are_none(file: KeyFile, path: Path, tmp_path: Path) -> None:
    assert keys_of("kraken", FROM_FILE, path.parent, {}) is None
    assert keys_of("kucoin", FROM_FILE, tmp_path / "elsewhere", {}) is None


def test_an_exchange_without_a_passphrase_has_two_keys(tmp_path: Path, keys: Keys) -> None:
    settings = ExchangeSettings(api_key="env:KEY", secret="env:SECRET")

    found = keys_of("kraken", settings, tmp_path, environment(keys))

    assert found == Keys(api_key=keys.api_key, secret=keys.secret)


def test_the_files_passphrase_may_be_in_a_file(
    file: KeyFile, path: Path, keys: Keys, passphrase: str, tmp_path: Path
) -> None:
    words = tmp_path / "passphrase"
    words.write_text(f"{passphrase}\n")
    words.chmod(0o600)
    environ = {"TRADING_MCP_KEYS_PASSPHRASE_FILE": str(words)}

    assert keys_of("kucoin", FROM_FILE, path.parent, environ) == keys
    words.chmod(0o644)
    with pytest.raises(KeysRefused, match="others may read"):
        keys_of("kucoin", FROM_FILE, path.parent, environ)


def test_a_person_may_be_asked_for_it(
    file: KeyFile, path: Path, keys: Keys, passphrase: str
) -> None:
    assert keys_of("kucoin", FROM_FILE, path.parent, {}, lambda prompt: passphrase) == keys


def test_where_nobody_can_be_asked_it_is_said_what_to_set(
    file: KeyFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(KeysRefused, match="set TRADING_MCP_KEYS_PASSPHRASE, or "):
        keys_of("kucoin", FROM_FILE, path.parent, {})


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, r"exchanges\.kucoin\.api_key: the environment variable KEY is not set"),
        ({"KEY": "k" * 9 + "1"}, r"kucoin\.secret: the environment variable SECRET is not set"),
        ({"TRADING_MCP_KEYS_PASSPHRASE_FILE": "/nowhere"}, "KEY is not set"),
    ],
)
def test_variables_that_are_missing_are_named(
    tmp_path: Path, environ: dict[str, str], told: str
) -> None:
    with pytest.raises(KeysRefused, match=told):
        keys_of("kucoin", IN_ENVIRONMENT, tmp_path, environ)


def test_half_of_the_keys_is_none(tmp_path: Path, keys: Keys) -> None:
    with pytest.raises(KeysRefused, match="secret is not set: API key and secret go together"):
        keys_of("kucoin", ExchangeSettings(api_key="env:KEY"), tmp_path, environment(keys))


@pytest.mark.parametrize(
    "sample",
    [
        "xxx",
        "XXXXXXXXXXXX",
        "********",
        "your-api-key",
        "<YOUR_API_KEY_HERE>",
        "${API_SECRET}",
        "super-secret",
        "Super Secret!",
        "changeme",
        "change-me",
        "my_kucoin_secret",
        "placeholder",
        "NOFX",
        "password123",
        "test-key-1234",
        "00000000",
        "...",
    ],
)
@pytest.mark.parametrize("field", ["api_key", "secret", "passphrase"])
def test_samples_are_refused(keys: Keys, field: str, sample: str) -> None:
    with pytest.raises(KeysRefused, match="is a sample") as refused:
        usable(msgspec.structs.replace(keys, **{field: sample}), "exchanges.kucoin")

    assert sample not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"api_key": ""}, "the API key is empty"),
        ({"secret": ""}, "the secret is empty"),
        ({"secret": "a1b2c3"}, "the secret has 6 characters"),
        ({"secret": " a12b0e3f-1111-4a11"}, "spaces around it"),
        ({"secret": "a12b0e3f\x1b[31m1111"}, "characters that none has"),
        ({"api_key": "“5c2db93503aa674c74a31734”"}, "characters that none has"),
        ({"secret": "5c2db93503aa674c74a31734"}, "two are the same"),
        ({"passphrase": "5c2db93503aa674c74a31734"}, "two are the same"),
        ({"secret": "k" + "9a" * 5000}, "characters; 7 to 8192 are expected"),
    ],
)
def test_what_can_be_no_key_is_refused_without_showing_it(
    keys: Keys, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(KeysRefused, match=told) as refused:
        usable(msgspec.structs.replace(keys, **changes), "exchanges.kucoin")

    assert not any(value and value in str(refused.value) for value in changes.values())


def test_keys_in_pem_are_keys() -> None:
    pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIExample9a8b7c\n-----END EC PRIVATE KEY-----"

    assert usable(Keys(api_key="organizations/9a8b/apiKeys/7c6d", secret=pem), "coinbase")


def test_keys_do_not_show_themselves(keys: Keys) -> None:
    assert {repr(keys), str(keys), f"{keys}", f"{[keys]}"} == {"Keys(...)", "[Keys(...)]"}
