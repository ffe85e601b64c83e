"""KuCoin's private side: what it is asked, and what its answers mean."""
