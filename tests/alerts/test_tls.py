"""Over TLS whoever answers must prove to be who the address names, wherever it leads."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.domain.alerts import Channel, EmailConfig, NotDelivered, WebhookConfig
from trading_mcp.domain.limits import Alert

FROM, UNTIL = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2090, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for alerts.example, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alerts.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("alerts.example")]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


class TlsServer:
    """Answers each request with 200, and keeps what came over a finished handshake."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()


@pytest.fixture
async def server(certificate: Path) -> AsyncIterator[Any]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    one: Any = TlsServer()
    listening = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=context)
    one.port = listening.sockets[0].getsockname()[1]
    yield one
    listening.close()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate's maker is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def hook(channel: Callable[..., Channel], host: str, port: int) -> Channel:
    return channel("order_error", config=WebhookConfig(url=f"https://{host}:{port}/x"))


@pytest.mark.usefixtures("trusted")
async def test_the_server_of_the_name_is_told_at_the_address_that_was_checked(
    server: Any,
    messenger: Callable[..., Messenger],
    channel: Callable[..., Channel],
    alert: Callable[..., Alert],
) -> None:
    made = messenger(names={"alerts.example": ["127.0.0.1"]})

    await made.send(hook(channel, "alerts.example", server.port), alert(), "warning")

    assert server.heard[0].startswith(b"POST /x HTTP/1.1\r\n")


@pytest.mark.usefixtures("trusted")
async def test_a_server_of_another_name_is_told_nothing(
    server: Any,
    messenger: Callable[..., Messenger],
    channel: Callable[..., Channel],
    alert: Callable[..., Alert],
) -> None:
    made = messenger(names={"other.example": ["127.0.0.1"]})

    with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        await made.send(hook(channel, "other.example", server.port), alert(), "warning")

    assert server.heard == []


async def test_a_server_that_nobody_vouches_for_is_told_nothing(
    server: Any,
    messenger: Callable[..., Messenger],
    channel: Callable[..., Channel],
    alert: Callable[..., Alert],
) -> None:
    made = messenger(names={"alerts.example": ["127.0.0.1"]})
    mail = EmailConfig(
        smtp_host="127.0.0.1",
        port=server.port,
        sender="a@b.example",
        to="c@d.example",
        username="me",
        password="word",
        security="tls",
    )

    with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        await made.send(hook(channel, "alerts.example", server.port), alert(), "warning")
    with pytest.raises(NotDelivered, match="Connection error"):
        await made.send(channel("order_error", config=mail), alert(), "warning")

    assert server.heard == []
