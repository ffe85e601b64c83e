"""Telegram and e-mail, through apprise."""

import html
import logging
import threading
from typing import Any, cast

from trading_mcp.adapters.messengers.secrets import revealed, told
from trading_mcp.adapters.messengers.targets import ForbiddenTarget, Targets
from trading_mcp.domain.alerts import EmailConfig, NotDelivered, TelegramConfig

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_MODES = {"starttls": "starttls", "tls": "ssl", "none": "insecure"}


class _Complaints(logging.Handler):
    """What apprise complains of, by the thread that called it: its only word on what failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.found.lines = [*getattr(self.found, "lines", []), record.getMessage()]

    def taken(self) -> str:
        """Return this thread's lines since the last call."""
        lines: list[str] = getattr(self.found, "lines", [])
        self.found.lines = []
        return " ".join(lines)


_complaints = _Complaints()


def telegram(config: TelegramConfig, title: str, text: str, *, timeout: float) -> None:
    """Write to a chat. Raises NotDelivered."""
    from apprise.exception import AppriseException
    from apprise.plugins.telegram import NotifyTelegram

    try:
        plugin = cast(Any, NotifyTelegram)(
            bot_token=revealed(config.bot_token),
            targets=[config.chat_id],
            detect_owner=False,
            **_common(timeout),
        )
    except AppriseException:
        raise NotDelivered("bot_token is not one of Telegram's (123456789:ABC...)") from None
    finally:
        _complaints.taken()
    # It takes its text for HTML.
    _send(plugin, config, html.escape(title, quote=False), html.escape(text, quote=False))


def email(config: EmailConfig, title: str, text: str, *, targets: Targets, timeout: float) -> None:
    """Send an e-mail. Raises NotDelivered."""
    from apprise.plugins.email import NotifyEmail

    port = config.port or PORTS[config.security]
    try:
        addresses = targets.addresses(config.smtp_host, port)
    except ForbiddenTarget as error:
        raise NotDelivered(f"smtp_host: {error}") from None
    # Without TLS the checked address itself is called. With it the name is looked up once more,
    # and whoever answers must prove to be the server of that name before it hears more than a
    # greeting.
    host = addresses[0] if config.security == "none" else config.smtp_host
    plugin = cast(Any, NotifyEmail)(
        smtp_host=host,
        host=config.smtp_host,
        port=port,
        user=config.username or None,
        password=revealed(config.password) or None,
        from_addr=config.sender,
        targets=[config.to] if isinstance(config.to, str) else list(config.to),
        secure_mode=_MODES[config.security],
        format="text",
        **_common(timeout),
    )
    _send(plugin, config, title, text)


def _common(timeout: float) -> dict[str, Any]:
    import apprise

    logger = logging.getLogger("apprise")
    if _complaints not in logger.handlers:
        # Its more detailed lines hold tokens, and none of them goes to our log.
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        logger.addHandler(_complaints)
    asset = apprise.AppriseAsset(app_id="trading-mcp", http_redirects=False, storage_mode="memory")
    return {"asset": asset, "rto": timeout, "cto": timeout}


def _send(plugin: Any, config: TelegramConfig | EmailConfig, title: str, text: str) -> None:
    import apprise

    _complaints.taken()
    form = (
        apprise.NotifyFormat.HTML
        if isinstance(config, TelegramConfig)
        else apprise.NotifyFormat.TEXT
    )
    try:
        delivered = plugin.notify(body=text, title=title, body_format=form)
    except Exception as error:  # whatever it raises: its text may hold a secret
        raise NotDelivered(type(error).__name__) from None
    why = _complaints.taken()
    if not delivered:
        raise NotDelivered(told(why, config) or "refused")
