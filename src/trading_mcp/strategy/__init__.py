"""Strategies: what they are, how they are found, and how they are proven."""
