"""Messages go to the public internet, however the address is written, or nowhere."""

from collections.abc import Callable

import pytest

from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.adapters.messengers.targets import ForbiddenTarget, Targets, is_public
from trading_mcp.domain.alerts import Channel, EmailConfig, NotDelivered, WebhookConfig
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.limits import Alert

Make = Callable[..., Messenger]

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:830::200e"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.9",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:53aa:64c:0:0:80ff:fffe",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "100::1",
]
WRITTEN = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://localhost/",
    "http://LOCALHOST:8080/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.1.2.3:9090/",
]
MALFORMED = [
    "http://user:secret@alerts.example/",
    "http://alerts.example@127.0.0.1/",
    "http://alerts.example\\@127.0.0.1/",
    "http:///path",
    "http://alerts.example:99999/",
    "http://[::1/",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("url", [*WRITTEN, *MALFORMED])
async def test_a_webhook_to_this_machine_is_refused_however_it_is_written(
    messenger: Make, channel: Callable[..., Channel], url: str
) -> None:
    wanted = channel("kill_switch", config=WebhookConfig(url=url))

    with pytest.raises(InvalidParameter, match=r"config\.url"):
        await messenger(allow_private=False).check(wanted)


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["2606:4700::1", "::1"], []]
)
async def test_a_name_is_judged_by_every_address_it_has(
    messenger: Make, channel: Callable[..., Channel], found: list[str]
) -> None:
    made = messenger(allow_private=False, names={"alerts.example": found})
    webhook = channel("kill_switch", config=WebhookConfig(url="https://alerts.example/x"))
    mail = EmailConfig(smtp_host="alerts.example", sender="a@b.example", to="c@d.example")

    with pytest.raises(InvalidParameter, match=r"config\.url"):
        await made.check(webhook)
    with pytest.raises(InvalidParameter, match=r"config\.smtp_host"):
        await made.check(channel("kill_switch", config=mail))


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_a_name_that_has_moved_to_this_machine_is_refused_when_it_is_used(
    messenger: Make,
    channel: Callable[..., Channel],
    alert: Callable[..., Alert],
    security: str,
) -> None:
    names = {"alerts.example": ["93.184.216.34"]}
    made = messenger(allow_private=False, names=names)
    mail = EmailConfig(
        smtp_host="alerts.example",
        sender="a@b.example",
        to="c@d.example",
        security=security,  # type: ignore[arg-type]  # one of them
    )
    configs = [WebhookConfig(url="http://alerts.example/x"), mail]
    channels = [channel("order_error", config=config) for config in configs]
    for one in channels:
        await made.check(one)

    names["alerts.example"] = ["127.0.0.1"]

    for one in channels:
        with pytest.raises(NotDelivered, match="not on the public internet"):
            await made.send(one, alert(), "warning")


def test_a_name_is_looked_up_once_for_the_check_and_the_connection() -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    targets = Targets(allow_private=False, resolve=lambda host, port: next(answers))

    assert targets.addresses("alerts.example", 443) == ["93.184.216.34"]


def test_a_name_that_is_not_found_is_refused() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(ForbiddenTarget, match="cannot be found"):
        Targets(allow_private=True, resolve=unknown).addresses("alerts.example", 443)
