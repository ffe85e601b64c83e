"""Servers on this machine that alerts are sent to, a clock that waiting moves, and channels."""

import asyncio
import contextlib
import http.server
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiosmtpd.smtp import SMTP

from trading_mcp import app
from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.adapters.sqlite.alerts import SqliteAlerts
from trading_mcp.api.application import build_app
from trading_mcp.config import load
from trading_mcp.domain.alerts import AlertRule, Channel, NotDelivered, WebhookConfig
from trading_mcp.domain.limits import Alert, Severity
from trading_mcp.engine.dispatch import Dispatcher
from trading_mcp.engine.facts import MetricsMeasured
from trading_mcp.services.operations import Caller

START = 1_763_287_200_000
QUIET = (
    "exchanges.sim.speed=1",
    "exchanges.sim.latency_ms=0",
    "scalping.autostart=false",
    "risk.max_position_size_usd=1000",
    "risk.max_total_exposure_usd=1000",
    "alerts.allow_private_targets=true",
)
ADMIN = Caller("test", scopes=frozenset({"read", "trade", "control", "admin"}))


class Clock:
    """Time stands still, until somebody waits: then the wait is over at once."""

    def __init__(self) -> None:
        self.at = START
        self.waits: list[float] = []

    def now(self) -> int:
        return self.at

    def wall(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += round(seconds * 1000)


class Post(msgspec.Struct):
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """An HTTP server that answers with the statuses it is given, the last of them from then on."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.headers: dict[str, str] = {}
        self.posts: asyncio.Queue[Post] = asyncio.Queue()
        self.seen: list[Post] = []
        loop, owner = asyncio.get_running_loop(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                post = Post(self.path, dict(self.headers), self.rfile.read(length))
                status = owner.statuses[0]
                owner.statuses = owner.statuses[1:] or [status]
                owner.seen.append(post)
                self.send_response(status)
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
                loop.call_soon_threadsafe(owner.posts.put_nowait, post)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    async def post(self) -> Post:
        async with asyncio.timeout(20):
            return await self.posts.get()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Mailbox:
    """A mail server that keeps what it is sent."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 OK"

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


class Line:
    """A channel that does as the script says: None is delivered, a text is why not."""

    def __init__(self) -> None:
        self.script: list[str | None] = []
        self.told: list[tuple[str, str, Severity]] = []
        self.tried: list[str] = []
        self.changed = asyncio.Event()

    async def check(self, channel: Channel) -> None:
        pass

    async def send(self, channel: Channel, alert: Alert, severity: Severity) -> None:
        self.tried.append(alert.id)
        error = self.script.pop(0) if self.script else None
        self.changed.set()
        if error == "hang":
            await asyncio.Event().wait()
        if error is not None:
            raise NotDelivered(error)
        self.told.append((channel.id, alert.id, severity))

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something is so, looking whenever somebody is told."""
        async with asyncio.timeout(20):
            while not happened():
                self.changed.clear()
                await self.changed.wait()
                await asyncio.sleep(0)


class Bench:
    """A dispatcher on a file of its own."""

    def __init__(self, path: Path):
        self.path, self.clock, self.line = path, Clock(), Line()
        self.made: list[Dispatcher] = []

    async def dispatcher(self, *raised: Alert) -> Dispatcher:
        """Open one; what ran before on the file must be closed."""
        carriers: Any = dict.fromkeys(("telegram", "email", "webhook"), self.line)
        one = Dispatcher(carriers, SqliteAlerts(self.path), self.clock, sleep=self.clock.sleep)
        self.made.append(one)
        await one.open(raised)
        return one

    async def close(self, one: Dispatcher) -> None:
        self.made.remove(one)
        await one.close()


class Desk:
    """A running server, asked in short."""

    def __init__(self, config: Any, server: app.Server):
        self.server, self.session = server, server.session
        self._app = build_app(app.context(config, server))

    async def ask(self, operation_name: str, /, **arguments: Any) -> Any:
        operation = self.server.operations[operation_name]
        return await operation.run(msgspec.convert(arguments, operation.request), ADMIN)

    async def rest(self, method: str, path: str, body: Any = None) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, json=body)

    def look(self) -> None:
        """Let the second pass at the end of which the lookout looks."""
        at = self.session.clock.now()
        fact = MetricsMeasured(
            total_pnl=0.0, daily_pnl=0.0, win_rate=0.0, active_positions=0, at=at
        )
        self.session.hub.publish(fact)

    async def raised(self) -> list[Any]:
        """Return the alerts so far, once they are on disk."""
        await self.session.ledger.flushed()
        for _ in range(3):  # it is told, its writing begins, and stands in line before our question
            await asyncio.sleep(0)
        return list((await self.ask("get_alert_history")).alerts)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    yield one
    await asyncio.to_thread(one.close)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    one = Mailbox()
    await one.open()
    yield one
    await one.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def messenger(clock: Clock) -> Callable[..., Messenger]:
    """A function that makes messengers; `names` says what a name resolves to."""

    def make(
        *, allow_private: bool = True, names: dict[str, Sequence[str]] | None = None, **also: Any
    ) -> Messenger:
        if names is not None:
            also["resolve"] = lambda host, port: names.get(host, [host])
        given = {"allow_private": allow_private, "timeout_ms": 2_000, "clock": clock, **also}
        return Messenger(**given)

    return make


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    one = Bench(tmp_path / "alerts.sqlite")
    yield one
    for dispatcher in list(one.made):
        await one.close(dispatcher)


@pytest.fixture
def alert() -> Callable[..., Alert]:
    """A function that makes alerts."""

    def make(number: int = 1, **changes: Any) -> Alert:
        given = {
            "id": f"alert_{number:03}",
            "trigger": "order_error",
            "severity": "warning",
            "message": "An order failed",
            "at": START + number,
        }
        return Alert(**(given | changes))

    return make


@pytest.fixture
def channel() -> Callable[..., Channel]:
    """A function that makes channels with rules, each a trigger or a rule's fields."""

    def make(*rules: str | dict[str, Any], id: str = "webhook", config: Any = None) -> Channel:
        fields = [{"trigger": rule} if isinstance(rule, str) else rule for rule in rules]
        return Channel(
            id=id,
            config=config or WebhookConfig(url="https://alerts.example/x"),
            rules=tuple(AlertRule(**given) for given in fields),
        )

    return make


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def opened(data_dir: Path) -> Any:
    """A function that opens the whole server on the test's data directory."""

    @contextlib.asynccontextmanager
    async def open_(*settings: str) -> AsyncIterator[Desk]:
        config = load(None, [f'storage.data_dir="{data_dir}"', *QUIET, *settings])
        async with app.running(config) as server:
            yield Desk(config, server)

    return open_


@pytest.fixture
async def desk(opened: Any) -> AsyncIterator[Desk]:
    async with opened() as one:
        yield one
