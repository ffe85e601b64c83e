"""How far a result can be trusted: proof before a run, and what speaks against it afterwards."""
