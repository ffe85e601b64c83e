"""The file KILL stops trading: in doubt it is there."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from trading_mcp.adapters.tripwire import FileTripwire
from trading_mcp.domain.errors import StorageUnavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "KILL"


@pytest.fixture
def tripwire(path: Path) -> FileTripwire:
    return FileTripwire(path)


@pytest.fixture
def full_disk() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_the_file_nothing_is_tripped(tripwire: FileTripwire) -> None:
    assert tripwire.reason() is None


def test_the_reason_is_the_files_first_line(tripwire: FileTripwire, path: Path) -> None:
    path.write_text("the market is mad\nand so am I\n")

    assert tripwire.reason() == "the market is mad"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x1b\x07"])
def test_an_empty_file_is_enough(tripwire: FileTripwire, path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert tripwire.reason() == "the file KILL exists"


def test_a_reason_from_anybody_is_cut_and_cleaned(tripwire: FileTripwire, path: Path) -> None:
    path.write_bytes(b"\xff\x1b[31mred\x1b[0m \xe2\x80\xaeback" + b"x" * 10_000)

    told = tripwire.reason()

    assert told is not None
    assert told.startswith("\ufffd [31mred [0m back")
    assert len(told) == 200


def test_what_is_no_file_stops_trading_too(tripwire: FileTripwire, path: Path) -> None:
    path.mkdir()

    assert tripwire.reason() == "the file KILL exists"
    with pytest.raises(StorageUnavailable, match="cannot be removed"):
        tripwire.clear()


def test_a_pipe_is_not_waited_for(tripwire: FileTripwire, path: Path) -> None:
    os.mkfifo(path)

    assert tripwire.reason() == "the file KILL exists"


def test_in_doubt_it_is_tripped(tmp_path: Path) -> None:
    (tmp_path / "not_a_directory").write_text("")
    tripwire = FileTripwire(tmp_path / "not_a_directory" / "KILL")

    assert tripwire.reason() == "the file KILL cannot be asked for: Not a directory"


def test_another_process_sees_it_until_it_is_cleared(path: Path) -> None:
    ours, theirs = FileTripwire(path), FileTripwire(path)

    ours.trip("  enough\n for today ")
    tripped = theirs.reason()
    theirs.clear()

    assert (tripped, ours.reason()) == ("enough for today", None)
    assert list(path.parent.iterdir()) == []


def test_only_its_owner_reads_it(tripwire: FileTripwire, path: Path) -> None:
    tripwire.trip("enough")

    assert path.stat().st_mode & 0o777 == 0o600


def test_the_first_reason_stays(tripwire: FileTripwire) -> None:
    tripwire.trip("first")
    tripwire.trip("second")

    assert tripwire.reason() == "first"


def test_clearing_what_is_not_tripped_does_nothing(tripwire: FileTripwire) -> None:
    tripwire.clear()

    assert tripwire.reason() is None


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_has_room_for_it(tripwire: FileTripwire, path: Path) -> None:
    tripwire.trip("enough")

    assert path.stat().st_size == 0
    assert tripwire.reason() == "the file KILL exists"


def test_what_cannot_be_written_holds_in_this_process(tmp_path: Path) -> None:
    tripwire = FileTripwire(tmp_path / "gone" / "KILL")

    with pytest.raises(StorageUnavailable, match="cannot be written: No such file"):
        tripwire.trip("enough")

    assert tripwire.reason() == "enough"


def test_what_cannot_be_cleared_stays_tripped(tmp_path: Path) -> None:
    tripwire = FileTripwire(tmp_path / "gone" / "KILL")
    with pytest.raises(StorageUnavailable):
        tripwire.trip("enough")

    with pytest.raises(StorageUnavailable):
        tripwire.clear()

    assert tripwire.reason() == "enough"
