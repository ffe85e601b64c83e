"""When a login is required, and what does not start without one."""

import os
from pathlib import Path

import pytest

from trading_mcp.adapters.credentials.secret import kept_secret
from trading_mcp.adapters.credentials.tokens import JwtTokens
from trading_mcp.app.access import token_secret
from trading_mcp.config import ConfigError, load, login_required, requests_limited
from trading_mcp.domain.access import Claims

CLAIMS = Claims(subject="ada", id="1", stamp="2", iat=3, nbf=4, exp=5)


MEANT = "server.allow_remote=true"


@pytest.mark.parametrize(
    ("settings", "is_required"),
    [
        ([], False),
        (["server.host=localhost"], False),
        (["server.host=::1"], False),
        (["server.host=127.1.2.3"], False),
        (['server.allowed_hosts=["localhost:8443", "[::1]:80", "127.0.0.1"]'], False),
        (["server.host=0.0.0.0", MEANT], True),
        (["server.host=192.0.2.1", MEANT], True),
        (["server.host=trade.example", MEANT], True),
        (["server.host=::", MEANT], True),
        (['server.allowed_hosts=["trade.example"]'], True),
        (['server.trusted_proxies=["127.0.0.1"]'], True),
    ],
)
def test_a_login_is_required_where_others_may_come(settings: list[str], is_required: bool) -> None:
    config = load(None, settings)

    assert login_required(config) is is_required
    assert requests_limited(config) is is_required


def test_it_can_be_required_anywhere_and_given_up_where_only_we_are() -> None:
    named = 'server.allowed_hosts=["trade.example"]'
    assert login_required(load(None, ["auth.required=true"]))
    assert requests_limited(load(None, ["auth.required=true"]))
    assert not login_required(load(None, [named, "auth.required=false"]))
    assert requests_limited(load(None, [named, "auth.required=false"]))
    assert requests_limited(load(None, ["rate_limits.enabled=true"]))
    assert not requests_limited(load(None, [named, "rate_limits.enabled=false"]))


@pytest.mark.parametrize("required", ["auto", "false"])
def test_elsewhere_nothing_starts_unless_a_login_is_set_or_others_are_meant(required: str) -> None:
    remote = ["server.host=0.0.0.0", f"auth.required={required}"]
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0 .*auth\.required = true"):
        load(None, remote)

    assert login_required(load(None, ["server.host=0.0.0.0", "auth.required=true"]))
    assert login_required(load(None, [*remote, MEANT])) is (required == "auto")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("auth.required=perhaps", "auth.required: expected one of true, false, auto"),
        ("server.port=any", "server.port: expected one of an integer, off, got 'any'"),
        ("risk.mode=mad", "risk.mode: expected one of Aggressive, Conservative, "),
        ("strategies.settings.rsi.wait=1", "strategies.settings"),
        ("auth.token_minutes=0", "auth.token_minutes"),
        ("auth.token_secret=hunter2", "auth.token_secret: expected env:NAME"),
        ("auth.token_secret=env:", "auth.token_secret: expected env:NAME"),
        ('server.trusted_proxies=["everybody"]', "server.trusted_proxies"),
        ('server.trusted_proxies=["10.0.0.1/8"]', "server.trusted_proxies"),
        ('server.trusted_proxies=["0.0.0.0/0"]', "server.trusted_proxies"),
        ('server.trusted_proxies=["::/0"]', "server.trusted_proxies"),
        ('server.allowed_origins=["null"]', "server.allowed_origins"),
        ('server.allowed_origins=["*"]', "server.allowed_origins"),
        ('server.allowed_origins=["https://*.example"]', "server.allowed_origins"),
        ('server.allowed_origins=["https://app.example/page"]', "server.allowed_origins"),
        ("rate_limits.requests_per_minute=0", "rate_limits.requests_per_minute"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(setting: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told.replace(".", r"\.")):
        load(None, [setting])


def test_the_secret_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "auth.secret"

    first, second = kept_secret(path), kept_secret(path)

    assert first == second
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in path.parent.iterdir()] == ["auth.secret"]


def test_a_deleted_secret_is_a_new_one_and_old_tokens_end(tmp_path: Path) -> None:
    path = tmp_path / "auth.secret"
    old = JwtTokens(lambda: kept_secret(path)).issued(CLAIMS)
    path.unlink()
    after = JwtTokens(lambda: kept_secret(path))

    assert after.read(old) is None
    assert after.read(after.issued(CLAIMS)) == CLAIMS


@pytest.mark.parametrize("content", ["", "short", "z" * 64, "a" * 63])
def test_a_secret_that_is_not_ours_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "auth.secret"
    path.write_text(content)

    with pytest.raises(ValueError, match="delete it"):
        kept_secret(path)


def test_the_secret_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(None, ["auth.token_secret=env:TOKENS"])
    monkeypatch.setenv("TOKENS", "x" * 31)
    with pytest.raises(ConfigError, match="TOKENS has 31 bytes"):
        token_secret(config, tmp_path)
    monkeypatch.setenv("TOKENS", "x" * 32)

    assert token_secret(config, tmp_path)() == b"x" * 32
    assert os.listdir(tmp_path) == []


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="at least"):
        JwtTokens(lambda: b"x" * 31).issued(CLAIMS)
