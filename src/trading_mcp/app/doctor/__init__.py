"""Tells before a start what is wrong: each check finds one fact, and says what to do about it."""

from trading_mcp.app.doctor.examination import examine
from trading_mcp.app.doctor.findings import Finding, is_usable
from trading_mcp.app.doctor.settings import settings_findings

__all__ = ["Finding", "examine", "is_usable", "settings_findings"]
