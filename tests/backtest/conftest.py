"""What tests of runs lean on."""

import sys
from pathlib import Path

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))
