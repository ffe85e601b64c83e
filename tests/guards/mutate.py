"""Removes each safety check in turn: the tests must notice. `make guards`.

Usage: python tests/guards/mutate.py [--jobs N] [WORD ...]: those whose name has one of the words.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from guard import PACKAGE, ROOT, Guard  # noqa: E402
from table import GUARDS  # noqa: E402

FAILED, PASSED = 1, 0
"""pytest's exit codes. Any other says that the tests could not be run."""


class Copy:
    """A copy of the sources, in which one check at a time is removed."""

    def __init__(self, directory: Path):
        self._source = directory / "src"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "src" / PACKAGE, self._source / PACKAGE, ignore=ignored)

    def run(self, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run *tests* on the copy as it is."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._source),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # some take longer to import than the tests run
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._source.parent / "hypothesis"),
        }
        plugins = ["-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin"]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=short", *plugins]
        return subprocess.run(
            [*command, *(f"tests/{test}" for test in tests)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def run_without(self, guard: Guard) -> "subprocess.CompletedProcess[str]":
        """Run the tests of *guard* on the copy without it."""
        path = self._source / guard.path
        whole = path.read_text()
        self._write(path, guard.without(whole))
        try:
            return self.run(guard.tests)
        finally:
            self._write(path, whole)

    @staticmethod
    def _write(path: Path, source: str) -> None:
        path.write_text(source)
        # What was compiled is known by its second and size: both may be the same again.
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()


def survivors(guards: Sequence[Guard], jobs: int = 2) -> list[str]:
    """Return what is wrong: checks that nobody missed, and tests that do not run."""
    with tempfile.TemporaryDirectory() as directory:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for job in range(jobs):
            copies.put(Copy(Path(directory) / str(job)))
        tests = list(dict.fromkeys(test for guard in guards for test in guard.tests))
        if problem := _standing(copies, tests):
            return [problem]
        with ThreadPoolExecutor(jobs) as pool:
            found = pool.map(lambda guard: _outcome(copies, guard), guards)
            return [problem for problem in found if problem]


def _standing(copies: "SimpleQueue[Copy]", tests: Sequence[str]) -> str:
    """Return why the tests fail with every check in its place; "" if they pass."""
    copy = copies.get()
    done = copy.run(tests)
    copies.put(copy)
    return "" if done.returncode == PASSED else f"nothing removed:\n{_told(done)}"


def _outcome(copies: "SimpleQueue[Copy]", guard: Guard) -> str:
    copy = copies.get()
    try:
        done = copy.run_without(guard)
    except (ValueError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        copies.put(copy)
    noticed = done.returncode == FAILED
    print(f"{'noticed ' if noticed else 'SURVIVED'}  {guard.name}", flush=True)
    if noticed:
        return ""
    what = "nobody missed it" if done.returncode == PASSED else f"not run:\n{_told(done)}"
    return f"{guard.name} ({guard.file}): {what}"


def _told(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stdout + done.stderr)[-3_000:]


def chosen(words: Iterable[str]) -> list[Guard]:
    """Return the guards whose name has one of *words*, all without any."""
    wanted = tuple(words)
    return [g for g in GUARDS if not wanted or any(word in g.name for word in wanted)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    guards = chosen(given.words)
    problems = survivors(guards, given.jobs)
    print("\n".join(["", *problems, f"{len(guards) - len(problems)} of {len(guards)} noticed"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
