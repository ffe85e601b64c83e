"""A running server for the documents' commands, made with the shipped configuration."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_S = 60


class Place:
    """Where the documents' code runs: a folder, with a server at other ports than they say."""

    def __init__(self, folder: Path, urls: dict[str, str]):
        self.folder = folder
        self._ports = {
            documented: urls[name].rpartition(":")[2]
            for documented, name in (("9090", "gateway"), ("8081", "rest"), ("10600", "mcp"))
        }
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def adapted(self, text: str) -> str:
        """Return *text* with this server's ports, folder and command for the documented ones."""
        for documented, actual in self._ports.items():
            text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{actual}")
        command = str(Path(sys.executable).with_name("trading-mcp"))
        text = text.replace("/path/to/trading-mcp/.venv/bin/trading-mcp", command)
        text = text.replace("/path/to/trading-mcp/data", str(self.folder / "data"))
        return text.replace("/path/to/trading-mcp/", f"{ROOT}/")

    def run(self, *command: str) -> str:
        """Run *command* in the folder and return what it prints; it must succeed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server on free ports and a new data directory."""
    folder = tmp_path_factory.mktemp("newcomer")
    ready = folder / "ready"
    serve = [sys.executable, "-m", "trading_mcp", "serve", "--ready-file", str(ready)]
    ports = [part for flag in ("--port", "--rest-port", "--mcp-port") for part in (flag, "0")]
    where = ["--config", str(ROOT / "config.toml"), "--data-dir", str(folder / "data")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*serve, *ports, *where], cwd=folder, stderr=log)
        try:
            yield Place(folder, addresses(server, ready, folder / "log"))
        finally:
            server.terminate()
            server.wait(timeout=30)


def addresses(server: "subprocess.Popen[bytes]", ready: Path, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_S
    while not ready.exists():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    urls: dict[str, str] = json.loads(ready.read_text())
    return urls
