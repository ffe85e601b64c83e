"""How much, and whether at all."""
