"""What can be wrong on this machine is found, each with what to do about it."""

import os
import socket
import sqlite3
from pathlib import Path

import pytest

from trading_mcp.adapters.data_directory import DataDirectoryLock
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.tripwire import KILL, FileTripwire
from trading_mcp.app.doctor.directory import space
from trading_mcp.app.doctor.machine import sqlite
from trading_mcp.domain.entries import AnyEntry


async def test_a_new_directory_with_the_defaults_is_ready(examined, wrong) -> None:
    assert wrong(await examined()) == {}


async def test_a_directory_that_is_not_there_will_be_made(examined, wrong, tmp_path: Path) -> None:
    found = await examined(f'storage.data_dir="{tmp_path}/new/data"')

    assert wrong(found) == {}
    assert "the first start makes it" in found["data_dir.writable"].found
    assert not (tmp_path / "new").exists()


async def test_a_directory_that_cannot_be_is_found(examined, wrong, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    found = await examined(f'storage.data_dir="{tmp_path}/file/data"')

    assert wrong(found)["data_dir.writable"] == "fail"


async def test_a_directory_that_others_may_read_is_told(examined, wrong, data_dir: Path) -> None:
    os.chmod(data_dir, 0o755)

    found = await examined()

    assert wrong(found) == {"data_dir.private": "warn"}
    assert found["data_dir.private"].do == f"chmod 700 {data_dir}"


@pytest.mark.parametrize(("free_mb", "verdict"), [(99, "fail"), (500, "warn"), (50_000, "ok")])
def test_a_disk_that_fills_is_told(free_mb: int, verdict: str) -> None:
    assert space(free_mb).verdict == verdict


async def test_a_directory_in_use_is_told(examined, wrong, data_dir: Path) -> None:
    lock = DataDirectoryLock(data_dir)
    lock.announce(gateway="http://127.0.0.1:9090")

    found = await examined()

    lock.release()
    assert wrong(found) == {"data_dir.lock": "warn"}
    assert "http://127.0.0.1:9090" in found["data_dir.lock"].found


async def test_a_file_that_stops_trading_is_told(examined, wrong, data_dir: Path) -> None:
    FileTripwire(data_dir / KILL).trip("enough")

    found = await examined()

    assert wrong(found) == {"data_dir.kill": "warn"}
    assert found["data_dir.kill"].found.endswith("KILL: enough")


async def test_a_journal_that_was_changed_is_found(examined, wrong, data_dir: Path) -> None:
    path = data_dir / "engine.sqlite"
    journal: SqliteJournal[AnyEntry] = SqliteJournal(path, AnyEntry)
    await journal.close()
    whole = await examined()
    path.write_bytes(path.read_bytes()[:5000])

    damaged = await examined()

    assert wrong(whole) == {}
    assert whole["data_dir.engine.sqlite"].found.startswith("whole")
    assert wrong(damaged) == {"data_dir.engine.sqlite": "fail"}


@pytest.mark.parametrize(
    ("version", "verdict"), [((3, 40, 1), "warn"), ((3, 44, 6), "ok"), ((3, 51, 3), "ok")]
)
def test_the_fault_in_sqlites_log_is_told(version: tuple[int, int, int], verdict: str) -> None:
    assert sqlite(version).verdict == verdict
    assert len(sqlite3.sqlite_version_info) == 3


async def test_a_port_that_somebody_else_has_is_found(examined, wrong) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = await examined(f"server.rest_port={port}")

    assert wrong(found) == {"server.rest_port": "fail"}
    assert f"127.0.0.1:{port}: Address already in use" in found["server.rest_port"].found
    assert "--rest-port" in found["server.rest_port"].do


async def test_a_port_of_our_own_server_is_none_to_worry_about(
    examined, wrong, data_dir: Path
) -> None:
    lock = DataDirectoryLock(data_dir)
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        lock.announce(rest=f"http://127.0.0.1:{port}")
        found = await examined(f"server.rest_port={port}")

    lock.release()
    assert wrong(found) == {"data_dir.lock": "warn"}
    assert "our own running server" in found["server.rest_port"].found


async def test_one_port_for_two_is_found(examined, wrong) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    found = await examined(f"server.port={port}", f"server.mcp_port={port}")

    assert wrong(found) == {"server.mcp_port": "fail"}


async def test_a_plugin_that_is_not_there_is_found(examined, wrong) -> None:
    found = await examined('strategies.enabled=["rsi", "nowhere"]')

    assert wrong(found) == {"strategies.nowhere": "fail"}
    assert found["strategies.loaded"].found == "rsi_scalping"


async def test_settings_that_fit_no_strategy_are_told(examined, wrong) -> None:
    found = await examined(
        'strategies.enabled=["rsi"]',
        "strategies.settings.rsi_scalping={params = {rsi_period = 0}}",
        "strategies.settings.macd_scalping={weight = 0.5}",
    )

    assert wrong(found) == {
        "strategies.settings.rsi_scalping": "fail",
        "strategies.settings.macd_scalping": "warn",
    }


async def test_a_pair_that_the_simulation_has_not_is_found(examined, wrong) -> None:
    found = await examined('scalping.pairs=["BTC-USDT", "MOON-USDT"]')

    assert wrong(found) == {"scalping.pairs": "fail"}
    assert "MOON-USDT" in found["scalping.pairs"].found


async def test_a_server_that_trades_nothing_by_itself_is_warned_of(examined) -> None:
    found = await examined(offline=True)

    assert found["strategies.loaded"].verdict == "warn"
    assert "nothing trades by itself" in found["strategies.loaded"].found
