"""`trading-mcp kill` stops a server that is stuck, and tells what came of each way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from kill_waiting import until

from trading_mcp.adapters.data_directory import DataDirectoryLock
from trading_mcp.cli import kill as command
from trading_mcp.cli import main

STUCK = """
import ctypes, signal, socket, sys
from pathlib import Path
from trading_mcp.adapters.data_directory import DataDirectoryLock
from trading_mcp.adapters.tripwire import FileTripwire, start_signal_listener
directory = Path(sys.argv[1])
lock = DataDirectoryLock(directory)
if sys.argv[2] == "listening":
    start_signal_listener(FileTripwire(directory / sys.argv[3]))
silent = socket.create_server(("127.0.0.1", 0))
lock.announce(rest=f"http://127.0.0.1:{silent.getsockname()[1]}")
print("stuck", flush=True)
ctypes.CDLL(None).sleep(600)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """A function that runs `trading-mcp kill` on the test's data directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "TIMEOUT_S", 0.3)

    def running(*words: str) -> tuple[int, str, str]:
        code = main(["kill", "--data-dir", str(tmp_path), *words])
        return (code, *capsys.readouterr())

    return running


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """A function that starts a server whose main thread never comes back."""
    with ExitStack() as stack:

        def started(how: str = "listening", file: str = "KILL") -> "subprocess.Popen[str]":
            words = [sys.executable, "-c", STUCK, str(tmp_path), how, file]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "stuck\n"
            return process

        yield started


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[list[Any]]:
    """A server that answers; the list has what it was asked, after the status of its answers."""
    asked: list[Any] = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers.get("X-API-Key"), json.loads(body)))
            self.send_response(asked[0])
            self.end_headers()
            self.wfile.write(b'{"cancelled": ["ord_1", "ord_2"], "unresolved": ["ord_3"]}')

        def do_GET(self) -> None:
            self.send_response(asked[0])
            self.end_headers()
            self.wfile.write(b'{"data": {"kill_switch_active": true}}')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    lock = DataDirectoryLock(tmp_path)
    lock.announce(rest=f"http://127.0.0.1:{server.server_address[1]}")
    yield asked
    lock.release()
    server.shutdown()
    server.server_close()


def test_a_stuck_server_is_stopped_by_the_file_and_the_signal(run, stuck, tmp_path: Path) -> None:
    server = stuck(file="TRIPPED")  # another name, so that it is seen who wrote which

    code, told, _ = run("--reason", "the market is mad")

    assert code == 0
    assert (tmp_path / "KILL").read_text() == "the market is mad\n"
    until((tmp_path / "TRIPPED").exists)
    assert f"signal  SIGUSR1 sent to process {server.pid}" in told
    assert "does not answer within 0.3 s. The file holds; its orders may rest on." in told
    assert server.poll() is None


def test_a_server_that_does_not_listen_is_not_ended_by_the_signal(run, stuck) -> None:
    server = stuck("deaf")

    code, told, _ = run()

    assert code == 0
    assert f"not sent: process {server.pid} does not listen to it" in told
    assert server.poll() is None


def test_the_answer_of_a_server_that_is_well_is_told(
    run, answering: list[Any], monkeypatch
) -> None:
    monkeypatch.setenv("TRADING_MCP_API_KEY", "tmcp_key")

    code, told, _ = run("--reason", "enough")

    assert code == 0
    assert "the kill switch is on; 2 working entries cancelled" in told
    assert "NOT KNOWN to be cancelled: ord_3" in told
    path = "/api/v1/risk/sentinel/kill-switch"
    assert answering[1:] == [(path, "tmcp_key", {"reason": "enough"})]


def test_a_server_that_lets_nobody_in_is_stopped_all_the_same(run, answering: list[Any]) -> None:
    answering[0] = 401

    code, told, _ = run()

    assert code == 0
    assert "refuses: 401" in told
    assert "set TRADING_MCP_API_KEY to a key with the scope control" in told


def test_without_a_server_the_next_one_is_stopped(run, tmp_path: Path) -> None:
    code, told, _ = run()

    assert code == 0
    assert (tmp_path / "KILL").read_text() == "trading-mcp kill\n"
    assert "the next one finds the file when it starts" in told


def test_twice_is_as_good_as_once(run) -> None:
    run("--reason", "first")

    code, told, _ = run("--reason", "second")

    assert code == 0
    assert 'was there already: first (that reason stays; "second" is not kept)' in told


def test_a_directory_that_is_not_there_is_a_failure(run, tmp_path: Path) -> None:
    code, _, error = run("--data-dir", str(tmp_path / "mistyped"))

    assert code == 1
    assert "NOT WRITTEN" in error
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize(
    "content", ['storage = {data_dir = "here"}\n[risk]\nmode = "mad"', 'not toml "'], ids=len
)
def test_a_configuration_that_is_no_good_does_not_keep_it_from_working(
    run, tmp_path: Path, content: str
) -> None:
    (tmp_path / "config.toml").write_text(content)

    code, _, error = run()

    assert code == 0
    assert (tmp_path / "KILL").exists()
    assert f"Going on with the data directory {tmp_path}" in error


def test_the_directory_is_taken_from_a_configuration_that_is_no_good(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "config.toml").write_text('storage = {data_dir = "here"}\n[risk]\nmode = "mad"')

    assert main(["kill"]) == 0
    assert (tmp_path / "here" / "KILL").exists()


def test_the_status_says_whether_it_is_tripped(run, answering: list[Any]) -> None:
    before = run("--status")
    run("--reason", "enough")
    after = run("--status")

    assert (before[0], after[0]) == (1, 0)
    assert "file  no " in before[1]
    assert "KILL: enough" in after[1]
    assert f"process {os.getpid()}: kill switch ON" in after[1]


@pytest.fixture(autouse=True)
def harmless() -> Iterator[None]:
    """The servers of some of these tests are this process: the signal must not end it."""
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    yield
    signal.signal(signal.SIGUSR1, before)
