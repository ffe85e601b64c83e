"""What is taken for a credential, and all that is not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from access_members import DAY_MS, PASSWORD, SECRET, Members, SetClock
from api_fakes import Fakes
from api_running import in_process

PATH = "/api/v1/scalping/status"
LOGIN = "/api/v1/auth/login"
Claims = dict[str, Any]


async def asked(client: httpx.AsyncClient, credential: str) -> httpx.Response:
    return await client.get(PATH, headers={"Authorization": f"Bearer {credential}"})


async def logged_in(client: httpx.AsyncClient, name: str) -> str:
    answer = await client.post(LOGIN, json={"username": name, "password": PASSWORD})
    token: str = answer.json()["data"]["token"]
    return token


@pytest.fixture
async def token(client: httpx.AsyncClient, members: Members) -> str:
    return await logged_in(client, members.user())


async def test_a_login_gives_a_token_that_is_taken(
    client: httpx.AsyncClient, members: Members, fakes: Fakes
) -> None:
    members.user("ada", "trade")

    answer = await client.post(LOGIN, json={"username": "ada", "password": PASSWORD})
    told = answer.json()
    status = await asked(client, told["data"]["token"])

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert told == {
        "success": True,
        "data": {"token": told["data"]["token"], "expires_at": "2025-11-16T10:50:00Z"},
    }
    assert status.status_code == 200
    _, caller = fakes.called("bot_status")
    assert (caller.principal, caller.scopes) == ("user:ada", {"read", "trade"})


async def test_a_token_says_what_it_should_and_no_more(token: str) -> None:
    said = jwt.decode(token, options={"verify_signature": False})

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert said.keys() == {"sub", "jti", "stamp", "iat", "nbf", "exp", "iss", "aud"}
    assert (said["sub"], said["exp"] - said["iat"]) == ("ada", 3600)


FORGERIES: dict[str, tuple[Claims, dict[str, Any]]] = {
    "another audience": ({"aud": "trading-mcp:other"}, {}),
    "no audience": ({"aud": None}, {}),
    "another issuer": ({"iss": "somebody"}, {}),
    "no issuer": ({"iss": None}, {}),
    "no end": ({"exp": None}, {}),
    "an endless end": ({"exp": 1e400}, {}),
    "an end in words": ({"exp": "tomorrow"}, {}),
    "expired": ({"exp": 1_763_286_600}, {}),
    "not yet valid": ({"nbf": 1_763_286_600 + 6}, {}),
    "issued in the future": ({"iat": 1_763_286_600 + 6}, {}),
    "no beginning": ({"nbf": None}, {}),
    "no id": ({"jti": None}, {}),
    "a number for an id": ({"jti": 5}, {}),
    "a number for a subject": ({"sub": 5}, {}),
    "another user": ({"sub": "eve"}, {}),
    "another stamp": ({"stamp": "0000"}, {}),
    "another secret": ({}, {"key": b"x" * 32}),
    "an empty secret": ({}, {"key": b""}),
    "HS512": ({}, {"algorithm": "HS512"}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_forged_token_is_refused(
    client: httpx.AsyncClient, token: str, fakes: Fakes, forgery: str
) -> None:
    changes, how = FORGERIES[forgery]
    said = jwt.decode(token, options={"verify_signature": False}) | changes
    kept = {name: value for name, value in said.items() if value is not None}

    answer = await asked(client, signed(kept, **how))

    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_REQUEST")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert fakes.calls == []


async def test_the_forger_could_sign_as_we_do(client: httpx.AsyncClient, token: str) -> None:
    """Else the forgeries would fail for another reason than theirs."""
    said = jwt.decode(token, options={"verify_signature": False})

    assert (await asked(client, signed(said))).status_code == 200


def signed(claims: Claims, *, key: bytes = SECRET, algorithm: str = "HS256") -> str:
    """Sign *claims* by hand: the library would not sign some of what a forger might."""
    header = part({"alg": algorithm, "typ": "JWT"})
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[algorithm]
    body = f"{header}.{part(claims)}"
    return f"{body}.{encoded(hmac.new(key, body.encode(), digest).digest())}"


def part(said: Any) -> str:
    return encoded(json.dumps(said).replace("Infinity", "1e400").encode())


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(algorithm: str) -> Callable[[str], str]:
    def forged(token: str) -> str:
        return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{token.split('.')[1]}."

    return forged


SPOILT: dict[str, Callable[[str], str]] = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg RS256, unsigned": unsigned("RS256"),
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "cut short": lambda token: token[:-5],
    "a part missing": lambda token: token.rpartition(".")[0],
    "another's claims": lambda token: ".".join(
        [token.split(".")[0], part({"sub": "root"}), token.split(".")[2]]
    ),
    "huge": lambda token: token + "A" * 10_000,
    "no token at all": lambda token: "null",
    "not ASCII": lambda token: "\u00ff" * 20,
    "dots": lambda token: "..",
}


@pytest.mark.parametrize("spoil", SPOILT)
async def test_a_spoilt_token_is_refused(
    client: httpx.AsyncClient, token: str, fakes: Fakes, spoil: str
) -> None:
    headers = {"authorization": f"Bearer {SPOILT[spoil](token)}".encode("latin-1")}

    answer = await client.get(PATH, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_REQUEST")
    assert fakes.calls == []


async def test_a_token_ends_with_its_hour(
    client: httpx.AsyncClient, token: str, clock: SetClock
) -> None:
    clock.pass_(3599)
    before = await asked(client, token)
    clock.pass_(1)
    after = await asked(client, token)

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json()["error"] == "The token or key has expired"


async def test_who_logs_out_is_out_and_stays_out(
    client: httpx.AsyncClient, members: Members, token: str, clock: SetClock
) -> None:
    other = await logged_in(client, "ada")
    bearer = {"Authorization": f"Bearer {token}"}

    said = await client.post("/api/v1/auth/logout", headers=bearer)
    again = await client.post("/api/v1/auth/logout", headers=bearer)

    assert said.json() == {"success": True, "message": "Logged out"}
    assert again.status_code == 401
    # A register that is opened anew, as after a restart, remembers it.
    anew = Members(type(members.store)(members.store.path, wall=clock.wall), clock, secret=SECRET)
    async with in_process(behind(anew)) as later:
        assert (await asked(later, token)).status_code == 401
        assert (await asked(later, other)).status_code == 200
    anew.store.close()


def behind(members: Members) -> Fakes:
    made = Fakes()
    made.behind = {"access": members.access, "login_required": True}
    return made


async def test_a_new_password_ends_what_was_logged_in(
    client: httpx.AsyncClient, members: Members, token: str
) -> None:
    members.registry.set_password("ada", "an entirely different one")

    assert (await asked(client, token)).status_code == 401


async def test_a_user_that_is_removed_is_out_even_if_the_name_comes_back(
    client: httpx.AsyncClient, members: Members, token: str
) -> None:
    members.registry.remove_user("ada")
    without = await asked(client, token)
    members.user("ada", "admin")
    with_another = await asked(client, token)

    assert (without.status_code, with_another.status_code) == (401, 401)


async def test_a_key_is_taken_in_either_header(
    client: httpx.AsyncClient, members: Members, fakes: Fakes
) -> None:
    key = members.key("control")

    bearer = await client.get(PATH, headers={"Authorization": f"bearer  {key}"})
    own = await client.get(PATH, headers={"X-API-Key": key})
    both = await client.get(PATH, headers={"X-API-Key": key, "Authorization": f"Bearer {key}"})

    assert [answer.status_code for answer in (bearer, own, both)] == [200] * 3
    assert {caller.principal for _, _, caller in fakes.calls} == {f"key:{key.split('_')[1]}"}


WRONG_KEYS: dict[str, Callable[[str, str], str]] = {
    "another last digit": lambda key, other: key[:-1] + ("0" if key[-1] != "0" else "1"),
    "capitals": lambda key, other: key.upper(),
    "another's secret": lambda key, other: "_".join([*key.split("_")[:2], other.split("_")[2]]),
    "no secret": lambda key, other: key.rpartition("_")[0],
    "something more": lambda key, other: f"{key}_",
    "a prefix": lambda key, other: "tmcp_",
    "an empty id": lambda key, other: "tmcp__",
    "huge": lambda key, other: f"{key}{'0' * 5000}",
}


async def test_a_wrong_key_is_refused(client: httpx.AsyncClient, members: Members) -> None:
    key, other = members.key(), members.key()
    for name, wrong in WRONG_KEYS.items():
        assert (await asked(client, wrong(key, other))).status_code == 401, name


async def test_a_key_ends_on_its_day_or_when_it_is_revoked(
    client: httpx.AsyncClient, members: Members, clock: SetClock
) -> None:
    short, long, endless = (
        members.key(),
        members.key(lasts_ms=2 * DAY_MS),
        members.key(lasts_ms=None),
    )
    members.registry.revoke_key(endless.split("_")[1])
    clock.pass_(DAY_MS / 1000)

    answers = [await asked(client, key) for key in (short, long, endless)]

    assert [answer.status_code for answer in answers] == [401, 200, 401]
    assert answers[0].json()["error"] == "The token or key has expired"
    assert answers[2].json()["error"] == "The key was revoked"


async def test_the_use_of_a_key_is_noted(
    client: httpx.AsyncClient, members: Members, clock: SetClock
) -> None:
    await asked(client, members.key())
    await members.access.close()

    [key] = members.registry.all_keys()
    assert key.last_used_at == clock.wall()


async def test_half_a_credential_is_none(client: httpx.AsyncClient) -> None:
    for headers in (
        {"Authorization": "Basic YWRhOnB3"},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"X-API-Key": ""},
        {"Authorization": "Bearer a", "X-API-Key": "b"},
    ):
        assert (await client.get(PATH, headers=headers)).status_code == 401, headers


async def test_a_credential_in_the_url_is_refused_everywhere(
    client: httpx.AsyncClient, members: Members
) -> None:
    for path in (PATH, "/mcp", "/health", "/docs"):
        for query in ("token=a", "x=1&access_token=a", "api_key=a", "API-Key=a"):
            answer = await client.get(f"{path}?{query}", headers={"X-API-Key": members.key()})
            assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
            assert "URL" in answer.json()["error"], (path, query)


async def test_where_no_login_is_required_a_credential_still_counts(
    members: Members, fakes: Fakes
) -> None:
    fakes.behind["login_required"] = False
    async with in_process(fakes) as client:
        nobody = await client.get(PATH)
        somebody = await asked(client, members.key())
        wrong = await asked(client, "tmcp_wrong")
        few = await client.post(
            "/api/v1/scalping/start", headers={"X-API-Key": members.key("trade")}
        )

    statuses = [answer.status_code for answer in (nobody, somebody, wrong, few)]
    assert statuses == [200, 200, 401, 403]
    principals = [caller.principal.partition(":")[0] for _, _, caller in fakes.calls]
    assert principals == ["local", "key"]


async def test_who_has_no_login_learns_only_whether_the_server_is_well(
    client: httpx.AsyncClient, members: Members
) -> None:
    nobody = await client.get("/health")
    somebody = await client.get("/health", headers={"X-API-Key": members.key()})

    assert nobody.json().keys() == {"status", "service"}
    assert somebody.json().keys() > {"status", "service", "version", "errors"}


async def test_one_users_idempotency_key_is_not_anothers(
    client: httpx.AsyncClient, members: Members, fakes: Fakes
) -> None:
    for key in (members.key("control"), members.key("control")):
        headers = {"X-API-Key": key, "Idempotency-Key": "once"}
        await client.post("/api/v1/scalping/start", headers=headers)

    first, second = (caller for _, _, caller in fakes.calls)
    assert first.idempotency_key == second.idempotency_key == "once"
    assert first.principal != second.principal
