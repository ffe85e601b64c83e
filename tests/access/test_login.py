"""Logging in: what it takes, and how little a guesser gets."""

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
from access_members import PASSWORD, Members, SetClock
from api_fakes import Fakes
from api_running import in_process

from trading_mcp.adapters.credentials.passwords import Argon2Passwords
from trading_mcp.services.access import AT_ONCE, FAILURES, FAILURES_S, WAITING

LOGIN = "/api/v1/auth/login"


def ada(password: str = PASSWORD) -> dict[str, str]:
    return {"username": "ada", "password": password}


async def statuses(client: httpx.AsyncClient, body: Any, times: int) -> list[int]:
    return [(await client.post(LOGIN, json=body)).status_code for _ in range(times)]


@pytest.mark.parametrize(
    "wrong", [ada("wrong"), ada(PASSWORD + " "), {"username": "eve", "password": PASSWORD}]
)
async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(
    client: httpx.AsyncClient, members: Members, wrong: dict[str, str]
) -> None:
    members.user()

    answer = await client.post(LOGIN, json=wrong)

    assert answer.status_code == 401
    assert answer.json()["error"] == "No user has this name and this password"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING_PARAMETER"),
        ({"username": "ada"}, "MISSING_PARAMETER"),
        (ada() | {"otp": "1"}, "INVALID_REQUEST"),
        (ada("x" * 1025), "INVALID_PARAMETER"),
        (ada(""), "INVALID_PARAMETER"),
        (ada() | {"username": 5}, "INVALID_PARAMETER"),
        ([], "INVALID_REQUEST"),
    ],
)
async def test_a_login_that_is_none_is_refused(
    client: httpx.AsyncClient, body: Any, code: str
) -> None:
    answer = await client.post(LOGIN, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_token_that_has_ended_does_not_stand_in_the_way_of_a_new_one(
    client: httpx.AsyncClient, members: Members
) -> None:
    members.user()

    answer = await client.post(LOGIN, json=ada(), headers={"Authorization": "Bearer old"})

    assert answer.status_code == 200


async def test_guessing_one_name_is_stopped_for_a_while_and_only_that_name(
    fakes: Fakes, members: Members, clock: SetClock
) -> None:
    members.user("ada")
    members.user("bob")
    async with in_process(fakes, trusted_proxies=("127.0.0.1",)) as client:

        async def guess(number: int, body: dict[str, str]) -> httpx.Response:
            # Each from another address, so that only the name is counted.
            return await client.post(LOGIN, json=body, headers=via(f"192.0.2.{number}"))

        guesses = [(await guess(n, ada("wrong"))).status_code for n in range(FAILURES)]
        stopped = await guess(100, ada())
        other = await guess(101, {"username": "bob", "password": PASSWORD})
        clock.pass_(FAILURES_S)
        later = await guess(102, ada())

    assert guesses == [401] * FAILURES
    assert (stopped.status_code, stopped.json()["code"]) == (429, "INVALID_REQUEST")
    assert stopped.headers["retry-after"] == str(int(FAILURES_S))
    assert stopped.json()["details"]["retriable"] is True
    assert (other.status_code, later.status_code) == (200, 200)


async def test_guessing_from_one_address_is_stopped_whatever_the_names(
    fakes: Fakes, members: Members
) -> None:
    members.user()
    async with in_process(fakes, trusted_proxies=("127.0.0.1",)) as client:
        for number in range(FAILURES):
            body = {"username": f"user{number}", "password": "wrong"}
            await client.post(LOGIN, json=body, headers=via(f"2001:db8::{number}"))
        stopped = await client.post(LOGIN, json=ada(), headers=via("2001:db8::ffff"))
        other = await client.post(LOGIN, json=ada(), headers=via("2001:db8:0:1::1"))

    assert (stopped.status_code, other.status_code) == (429, 200)


def via(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def test_right_passwords_are_not_counted(client: httpx.AsyncClient, members: Members) -> None:
    members.user()

    assert await statuses(client, ada(), FAILURES + 2) == [200] * (FAILURES + 2)


class Gate:
    """Passwords that are checked when the test lets them; all are right."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.most = self._now = 0

    def hashed(self, password: str) -> str:
        return password

    def matches(self, password: str, hashed: str | None) -> bool:
        self._now += 1
        self.most = max(self.most, self._now)
        self.open.wait(10)
        self._now -= 1
        return True


async def test_only_so_many_passwords_are_checked_at_a_time_and_few_wait(
    fakes: Fakes, members: Members
) -> None:
    gate = Gate()
    members.access._passwords = gate
    names = [members.user(f"user{number}") for number in range(WAITING + 1)]
    async with in_process(fakes, trusted_proxies=("127.0.0.1",)) as client:

        async def login(number: int) -> int:
            body = {"username": names[number], "password": PASSWORD}
            answer = await client.post(LOGIN, json=body, headers=via(f"192.0.2.{number}"))
            return answer.status_code

        logins = [asyncio.create_task(login(number)) for number in range(WAITING + 1)]
        [turned_away], _ = await asyncio.wait(logins, return_when=asyncio.FIRST_COMPLETED)
        gate.open.set()
        answers = await asyncio.gather(*logins)

    assert turned_away.result() == 429
    assert sorted(answers) == [200] * WAITING + [429]
    assert gate.most <= AT_ONCE


def test_the_real_hash_is_argon2id_and_salted() -> None:
    passwords = Argon2Passwords()

    first, second = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)

    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert passwords.matches(PASSWORD, first)
    assert not passwords.matches("wrong", first)
    assert not passwords.matches(PASSWORD, None)
    assert not passwords.matches(PASSWORD, "not a hash")


async def test_what_is_logged_names_the_user_and_no_secret(
    client: httpx.AsyncClient, members: Members, capsys: pytest.CaptureFixture[str]
) -> None:
    members.user()

    answer = await client.post(LOGIN, json=ada())
    token = answer.json()["data"]["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    await client.get("/api/v1/scalping/status", headers=bearer)
    await client.post(LOGIN, json={"username": "hunter2", "password": "wrong"})
    out = capsys.readouterr().out

    assert "logged_in" in out
    assert "principal=user:ada" in out
    assert all(secret not in out for secret in (token, PASSWORD, "wrong", "hunter2"))
    assert json.dumps(token) not in out
