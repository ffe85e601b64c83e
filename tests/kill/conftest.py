"""Servers that are stuck, and the command that stops them."""

import sys
from pathlib import Path

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))
