"""The embedded exchange: a seeded market, and an account that trades on it like on a real one."""
