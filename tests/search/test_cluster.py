"""The same search on a Dask scheduler and its workers, over TCP on loopback."""

import socket
import subprocess
import sys
import time

import pytest
from search_parts import search_of, written

from trading_mcp.adapters.executors.threads import ThreadExecutor
from trading_mcp.backtest.search.batches import forget
from trading_mcp.backtest.search.searches import search
from trading_mcp.domain.errors import InvalidParameter

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
_STARTS_S = 60


@pytest.fixture(scope="module")
def scheduler():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{found.getsockname()[1]}"
    port = address.rpartition(":")[2]
    started = [_started("dask_scheduler", "--port", port, "--no-dashboard", "--host", "127.0.0.1")]
    started.append(
        _started("dask_worker", address, "--nthreads", "2", "--no-nanny", "--no-dashboard")
    )
    try:
        _wait_for_worker(address)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)


def _started(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    )


def _wait_for_worker(address):
    deadline = time.monotonic() + _STARTS_S
    with distributed.Client(address, timeout=_STARTS_S, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=max(1, deadline - time.monotonic()))


@pytest.mark.slow
def test_a_cluster_finds_what_threads_find(scheduler, tmp_path, compiled) -> None:
    from trading_mcp.adapters.executors.dask import DaskExecutor

    dataset = written(tmp_path / "set", compiled)
    cluster, threads = DaskExecutor(scheduler), ThreadExecutor(2)
    try:
        far, near = (search(search_of(), dataset, pool) for pool in (cluster, threads))
    finally:
        cluster.close()
        threads.close()
        forget(dataset)

    assert cluster.workers == 2
    assert far.all == near.all
    assert far.best == near.best


def test_an_address_without_a_scheduler_is_refused(monkeypatch) -> None:
    from trading_mcp.adapters.executors import dask

    monkeypatch.setattr(dask, "_ANSWER_S", 0.2)
    with pytest.raises(InvalidParameter, match=r"tcp://127\.0\.0\.1:1: no scheduler answers"):
        dask.DaskExecutor("tcp://127.0.0.1:1")
