"""What is in the file is nobody's but its owner's, and nobody else's doing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.ccxt.key_file import KeyFile
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.domain.reports import KeysRefused

Change = Callable[[dict[str, Any]], None]


def changed(path: Path, change: Change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def of(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: content["exchanges"][name]


def test_what_was_put_there_is_read_again(file: KeyFile, keys: Keys, passphrase: str) -> None:
    assert file.keys("kucoin", passphrase) == keys
    assert file.set_times() == {"kucoin": 1000}


def test_nothing_of_a_key_is_in_the_file(file: KeyFile, path: Path, keys: Keys) -> None:
    written = path.read_text()

    for value in (keys.api_key, keys.secret, keys.passphrase):
        assert value not in written
        assert value[:8] not in written


def test_only_its_owner_may_read_it(file: KeyFile, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_is_refused(
    file: KeyFile, path: Path, passphrase: str, mode: int
) -> None:
    path.chmod(mode)

    with pytest.raises(KeysRefused, match=f"mode 0{mode:o}.*chmod 600"):
        file.keys("kucoin", passphrase)


def test_another_passphrase_opens_nothing(file: KeyFile) -> None:
    with pytest.raises(KeysRefused, match="another passphrase, or was changed"):
        file.keys("kucoin", "wrong horse battery")


def test_another_passphrase_adds_nothing(
    file: KeyFile, path: Path, keys: Keys, passphrase: str
) -> None:
    file.remove("kucoin")
    before = path.read_bytes()

    with pytest.raises(KeysRefused):
        file.put("kraken", keys, "wrong horse battery", 2000)

    assert path.read_bytes() == before
    file.put("kraken", keys, passphrase, 2000)
    assert file.set_times() == {"kraken": 2000}


def swap(content: dict[str, Any]) -> None:
    exchanges = content["exchanges"]
    exchanges["kraken"], exchanges["kucoin"] = exchanges["kucoin"], exchanges["kraken"]


def one_bit(content: dict[str, Any]) -> None:
    keys = of("kucoin")(content)["keys"]
    keys["text"] = ("B" if keys["text"][0] == "A" else "A") + keys["text"][1:]


def another_time(content: dict[str, Any]) -> None:
    of("kucoin")(content)["set_at"] = 999


def short_nonce(content: dict[str, Any]) -> None:
    of("kucoin")(content)["keys"]["nonce"] = "AAAA"


def the_checks_text(content: dict[str, Any]) -> None:
    of("kucoin")(content)["keys"] = content["check"]


@pytest.mark.parametrize("change", [swap, one_bit, another_time, short_nonce, the_checks_text])
def test_a_record_that_was_changed_is_refused(
    file: KeyFile, path: Path, keys: Keys, passphrase: str, change: Change
) -> None:
    other = Keys(api_key="7f3a90b1c2d3e4f5a6b7c8d9", secret="0b9e8d7c-2222-4b22-8e74-d6b5a8c0f112")
    file.put("kraken", other, passphrase, 1000)
    changed(path, change)

    with pytest.raises(KeysRefused, match="the keys of kucoin are not what was written"):
        file.keys("kucoin", passphrase)


def derivation(**values: Any) -> Change:
    return lambda content: content["derivation"].update(values)


@pytest.mark.parametrize(
    "change",
    [
        derivation(salt="AAAAAAAAAAAAAAAAAAAAAA=="),
        derivation(salt=""),
        derivation(passes=2),
        derivation(memory_kib=32, lanes=16),
        derivation(memory_kib=10**9),
        derivation(passes=10**6),
        lambda content: content.update(version=2),
        lambda content: content.update(more=1),
        lambda content: content.pop("check"),
        lambda content: content["check"].update(text=""),
    ],
)
def test_a_file_whose_head_was_changed_is_refused(
    file: KeyFile, path: Path, passphrase: str, change: Change
) -> None:
    changed(path, change)

    with pytest.raises(KeysRefused):
        file.keys("kucoin", passphrase)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b"{" * 100_000])
def test_what_is_no_key_file_is_refused(
    file: KeyFile, path: Path, passphrase: str, content: bytes
) -> None:
    path.write_bytes(content)

    with pytest.raises(KeysRefused, match="not a key file of this version"):
        file.keys("kucoin", passphrase)


def test_what_cannot_be_written_leaves_the_file_as_it_was(
    file: KeyFile, path: Path, keys: Keys, passphrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(KeysRefused, match="cannot be written: No space left on device"):
        file.put("kraken", keys, passphrase, 2000)

    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_after_a_rotation_only_the_new_passphrase_opens_it(
    file: KeyFile, path: Path, keys: Keys, passphrase: str
) -> None:
    salt = json.loads(path.read_text())["derivation"]["salt"]

    file.rotate(passphrase, "another horse battery")

    assert file.keys("kucoin", "another horse battery") == keys
    assert file.set_times() == {"kucoin": 1000}
    assert json.loads(path.read_text())["derivation"]["salt"] != salt
    with pytest.raises(KeysRefused, match="another passphrase"):
        file.keys("kucoin", passphrase)


def test_a_rotation_that_fails_changes_nothing(file: KeyFile, path: Path, passphrase: str) -> None:
    changed(path, one_bit)
    before = path.read_bytes()

    with pytest.raises(KeysRefused, match="not what was written"):
        file.rotate(passphrase, "another horse battery")

    assert path.read_bytes() == before


def test_no_two_texts_have_the_same_nonce(
    file: KeyFile, path: Path, keys: Keys, passphrase: str
) -> None:
    for number in range(20):
        file.put(f"exchange{number}", keys, passphrase, 1000)

    content = json.loads(path.read_text())
    nonces = [record["keys"]["nonce"] for record in content["exchanges"].values()]
    assert len({*nonces, content["check"]["nonce"]}) == len(nonces) + 1
