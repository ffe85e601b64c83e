"""What the tests against recorded messages share."""

import sys
from pathlib import Path

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parent))
