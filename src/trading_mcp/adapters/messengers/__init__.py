"""Channels that alerts leave by: Telegram and e-mail through apprise, requests of our own."""
