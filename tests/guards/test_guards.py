"""The tests of the tests: a safety check that is removed is missed. `make guards`: all of them."""

import random
import sys
from pathlib import Path

import pytest

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parent))

from guard import ROOT, Guard
from mutate import survivors
from table import GUARDS


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_each_guard_stands_where_the_table_has_it(guard: Guard) -> None:
    source = (ROOT / "src" / guard.path).read_text()
    assert guard.without(source) != source
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), test


def test_no_two_guards_have_one_name() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) >= 40


@pytest.mark.slow
def test_some_of_them_are_missed() -> None:
    some = random.Random(4).sample(GUARDS, 3)
    assert survivors(some, jobs=1) == []
