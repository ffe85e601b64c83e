"""Servers that trade live on a loopback KuCoin and are killed at any moment, again and again."""
