"""Real servers, started as users start them, with ports and a data directory of their own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fastmcp import Client

T = TypeVar("T")

SHIPPED = Path(__file__).parents[2] / "config.toml"
PATIENCE_S = 40.0
"""A machine that runs other tests too is slow; what takes this long will never come."""
EVERY_S = 0.02


class Died(Exception):
    """The server ended before it was ready; the message is what it wrote."""


class Server:
    """One `trading-mcp serve`."""

    def __init__(self, process: "subprocess.Popen[bytes]", ready_file: Path, log: Path):
        self.process, self._ready_file, self._log = process, ready_file, log
        self.http = httpx.Client(timeout=PATIENCE_S)

    @property
    def urls(self) -> dict[str, str]:
        """The listeners' addresses."""
        return json.loads(self._ready_file.read_text())

    @property
    def log(self) -> str:
        """All that it has written so far."""
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        until(self._is_ready)

    def get(self, path: str, **query: Any) -> Any:
        """Return the data of a GET over REST."""
        return self._answered(self.http.get(self.urls["rest"] + path, params=query))["data"]

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Return the whole answer to a command over REST."""
        return self._answered(self.http.request(method, self.urls["rest"] + path, json=body))

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return a tool's answer, or its error, over MCP."""
        return asyncio.run(self._call(tool, arguments))

    def has_no_working_order(self) -> bool:
        return self.call("get_open_orders")["count"] == 0

    def settle(self) -> None:
        """Wait until nothing is on its way."""
        until(self.has_no_working_order)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def live_for(self, seconds: float) -> None:
        """Let it run so long, or until it ends."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def kill(self) -> None:
        """End it as only kill -9 does."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Return the exit code once it has ended."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"The server goes on:\n{self.log}")

    def die_of(self, tool: str, **arguments: Any) -> None:
        """Call a tool on whose way lies the failpoint at which the server kills itself."""
        with suppress(Exception):  # whatever a client makes of a server that is gone
            self.call(tool, **arguments)
        self.was_killed()

    def was_killed(self) -> None:
        """Wait for the server to kill itself at its failpoint."""
        assert self.wait() == -signal.SIGKILL

    def close(self) -> None:
        self.http.close()
        self.process.kill()
        self.process.wait()

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise Died(self.log)
        return self._ready_file.exists()

    def _answered(self, reply: httpx.Response) -> Any:
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def _call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        async with Client(self.urls["mcp"], timeout=PATIENCE_S) as client:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
        return result.structured_content or {}


def until(happened: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """Ask again and again; return the first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := happened()):
        assert time.monotonic() < deadline, f"{happened} has not happened in {seconds} s"
        time.sleep(EVERY_S)
    return answer


@pytest.fixture(name="until")
def polling() -> Callable[..., Any]:
    """A function that waits for something, with a deadline."""
    return until


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What every process of the test gets as its environment."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith("TRADING_MCP_")}
    return {**mine, "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def begin(tmp_path: Path, environment: dict[str, str]) -> Callable[..., "subprocess.Popen[bytes]"]:
    """A function that begins a process of trading-mcp, which writes to a log."""

    def beginning(words: list[str], log: Path, **more: str) -> "subprocess.Popen[bytes]":
        with log.open("wb") as written:
            return subprocess.Popen(
                [*COMMAND, *words],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                cwd=tmp_path,
                env={**environment, **more},
            )

    return beginning


@pytest.fixture
def launch(
    tmp_path: Path, data_dir: Path, begin: Callable[..., "subprocess.Popen[bytes]"]
) -> Iterator[Callable[..., Server]]:
    """A function that starts a server and does not wait for it; all are ended with the test."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def starting(
            *flags: str,
            config: Path = SHIPPED,
            failpoint: str = "",
            directory: Path = data_dir,
            **settings: Any,
        ) -> Server:
            number = next(count)
            ready, log = tmp_path / f"ready-{number}", tmp_path / f"log-{number}"
            ports = ["--port", "0", "--rest-port", "0", "--mcp-port", "0"]
            places = ["--data-dir", str(directory), "--ready-file", str(ready)]
            chosen = [word for pair in settings.items() for word in ("--set", assigned(*pair))]
            words = ["serve", "--config", str(config), *ports, *places, *chosen, *flags]
            server = Server(begin(words, log, TRADING_MCP_FAILPOINT=failpoint), ready, log)
            stack.callback(server.close)
            return server

        yield starting


@pytest.fixture
def serve(launch: Callable[..., Server]) -> Callable[..., Server]:
    """A function that starts a server and returns it once it is ready."""

    def ready(*flags: str, **settings: Any) -> Server:
        server = launch(*flags, **settings)
        server.wait_until_ready()
        return server

    return ready


@pytest.fixture
def run(
    tmp_path: Path, environment: dict[str, str]
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """A function that runs one command of trading-mcp to its end."""

    def running(*words: str | Path, **also: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            cwd=tmp_path,
            env=environment,
            check=False,
            **also,
        )

    return running


COMMAND = [sys.executable, "-m", "trading_mcp"]


def assigned(name: str, value: Any) -> str:
    """Return `section__key=value` as `--set` takes it."""
    return f"{name.replace('__', '.')}={json.dumps(value)}"
