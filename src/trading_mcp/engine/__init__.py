"""The live loop: a core that decides, a session that waits, orders in flight, a hub."""
