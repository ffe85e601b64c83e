"""What is kept in the repository installs anywhere and tells nothing of where it was made."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]

# Spelt so that neither matches itself.
REGISTRY = r"(pypi|python-?hosted|npmjs|yarnpkg|debian)[a-z-]*[.](org|com|net|io)"
MACHINE_PATH = r"(^|[^A-Za-z0-9_.~])/(home|root|Users|work|farm)/[A-Za-z0-9.]"


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH])
def test_no_file_names_a_registry_or_a_place_on_one_machine(pattern: str) -> None:
    assert found_in_repository(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRY, "--index-url https://" + "pypi" + ".org/simple"),
        (REGISTRY, "files.python" + "hosted.org"),
        (MACHINE_PATH, "config = '" + "/home" + "/someone/config.toml'"),
    ],
)
def test_such_a_line_would_be_found(pattern: str, line: str) -> None:
    assert re.search(pattern, line)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_every_dependency_is_locked(project: Path) -> None:
    asked_for = dependencies(tomllib.loads(project.read_text()))
    assert asked_for <= locked("requirements-dev.lock").keys() | {"trading-mcp"}


def test_what_benchmarks_compare_with_is_locked_apart() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    compared = names(project["dependency-groups"]["bench"])
    assert compared <= locked("requirements-bench.lock").keys()
    ours = locked("requirements-dev.lock")
    apart = locked("requirements-bench.lock")
    assert {name: apart[name] for name in ("numba", "numpy")} == {
        name: ours[name] for name in ("numba", "numpy")
    }


def test_what_the_server_needs_is_locked_for_the_server() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert names(project["project"]["dependencies"]) <= locked("requirements.lock").keys()


def test_the_developers_lock_holds_all_of_the_servers() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.parametrize(
    "lock",
    [
        "requirements-bootstrap.lock",
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-bench.lock",
    ],
)
def test_every_locked_version_has_a_hash(lock: str) -> None:
    assert [
        name for name, pins in locked(lock).items() for pin in pins if "sha256" not in pin
    ] == []


def found_in_repository(pattern: str) -> str:
    """Search all that is not ignored, in a clone as well as in an unpacked archive."""
    search = ["git", "grep", "--no-index", "--exclude-standard", "-nIE", pattern, "--", "."]
    done = subprocess.run(search, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def dependencies(project: dict[str, Any]) -> set[str]:
    groups = {n: g for n, g in project.get("dependency-groups", {}).items() if n != "bench"}
    return names(project["project"].get("dependencies", [])).union(*map(names, groups.values()))


def names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, tuple[str, ...]]:
    """Read a lock as name to its pins: one, or one for each range of Python versions."""
    pins: dict[str, tuple[str, ...]] = {}
    for pin in re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip()):
        name = canonical(pin.partition("==")[0])
        pins[name] = (*pins.get(name, ()), pin)
    return pins
