"""A search finds the best of what it tries, the same each time and wherever it runs."""

import pytest
from search_parts import TERMS, Rude, data_of, rsi_scalping, search_of, shipped, written

from trading_mcp.adapters.executors.processes import ProcessExecutor
from trading_mcp.adapters.executors.threads import ThreadExecutor
from trading_mcp.backtest.runs import exits_of, run_strategy
from trading_mcp.backtest.search.batches import forget
from trading_mcp.backtest.search.objectives import objectives_of
from trading_mcp.backtest.search.searches import Search, search
from trading_mcp.backtest.search.spaces import space_of
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.params import build_params


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, compiled):
    made = written(tmp_path_factory.mktemp("dataset") / "set", compiled)
    yield made
    forget(made)


@pytest.fixture(scope="module")
def threads():
    pool = ThreadExecutor(2)
    yield pool
    pool.close()


def told(found):
    """What came of a search, without how long it took."""
    return [(one.tried.parameters, one.tried.metrics, one.scores) for one in found.all], found.best


def test_a_grid_tries_all_and_ranks_by_the_objective(dataset, threads, loop) -> None:
    found = search(search_of("grid"), dataset, threads)

    assert [one.tried.parameters for one in found.all][:3] == [
        {"rsi_period": 7, "rsi_oversold": 20.0, "take_profit_pct": 0.4},
        {"rsi_period": 7, "rsi_oversold": 20.0, "take_profit_pct": 0.8},
        {"rsi_period": 7, "rsi_oversold": 30.0, "take_profit_pct": 0.4},
    ]
    assert len(found.all) == 12
    scores = [one.scores[0] for one in found.all]
    assert found.all[found.best].scores[0] == max(s for s in scores if s is not None)
    best = build_params(rsi_scalping(), found.best_one.tried.parameters)
    alone = run_strategy(rsi_scalping()(best), [data_of()], terms(best), loop)
    assert found.best_one.tried.metrics == alone.metrics


def terms(params):
    return type(TERMS)(
        capital=TERMS.capital,
        size_percent=TERMS.size_percent,
        costs=TERMS.costs,
        exits=exits_of(params),
    )


def test_less_may_be_better(dataset, threads) -> None:
    found = search(search_of(objectives=["fees:min"]), dataset, threads)

    assert found.best_one.scores[0] == min(one.scores[0] for one in found.all)


@pytest.mark.parametrize("method", ["random", "tpe", "nsga2"])
def test_the_same_seed_finds_the_same(dataset, threads, method) -> None:
    wide = {"rsi_period": {"min": 2, "max": 30}, "stop_loss_pct": {"min": 0.1, "max": 2}}
    wanted = search_of(method, space=wide, trials=40, seed=5)

    first, second = (search(wanted, dataset, threads) for _ in range(2))

    assert told(first) == told(second)
    assert len(first.all) + first.refused + first.repeated == 40
    other = search(search_of(method, space=wide, trials=40, seed=6), dataset, threads)
    assert told(other) != told(first)


def test_a_guided_search_goes_where_it_is_good(dataset, threads) -> None:
    wide = {"rsi_period": {"min": 2, "max": 60}, "stop_loss_pct": {"min": 0.1, "max": 4}}
    wanted = search_of("tpe", space=wide, objectives=["fees:min"], trials=64)

    found = search(wanted, dataset, threads)

    scores = [one.scores[0] for one in found.all]
    assert sum(scores[32:]) / len(scores[32:]) < sum(scores[:16]) / 16


def test_several_objectives_have_a_front_that_none_of_all_beats(dataset, threads) -> None:
    wanted = search_of("nsga2", objectives=["total_return_pct", "max_drawdown"], trials=40)

    found = search(wanted, dataset, threads)

    ahead = [found.all[place].scores for place in found.front]
    assert found.best in found.front
    for one in found.all:
        assert any(a[0] >= one.scores[0] and a[1] >= one.scores[1] for a in ahead)


@pytest.mark.slow
def test_processes_find_what_threads_find(dataset, threads) -> None:
    pool = ProcessExecutor(2)
    try:
        found = search(search_of("tpe", trials=20), dataset, pool)
    finally:
        pool.close()

    assert told(found) == told(search(search_of("tpe", trials=20), dataset, threads))


def test_what_the_strategy_refuses_is_counted_and_the_rest_is_tried(dataset, threads) -> None:
    both = {"rsi_oversold": [20, 60], "rsi_overbought": [50, 70]}

    found = search(search_of(space=both), dataset, threads)

    assert (len(found.all), found.refused) == (3, 1)


def test_a_search_without_anything_to_try_is_refused(dataset, threads) -> None:
    with pytest.raises(InvalidParameter, match="accepts none of these"):
        search(search_of(space={"rsi_oversold": [60], "rsi_overbought": [50]}), dataset, threads)


def test_one_combination_that_fails_leaves_the_others(dataset, threads) -> None:
    wanted = Search(
        space=space_of(Rude, {"every": [12, 13, 14]}, {}),
        method="grid",
        objectives=objectives_of(["total_pnl"], most=1),
        terms=TERMS,
    )

    found = search(wanted, dataset, threads)

    assert [one.tried.error for one in found.all] == ["", "RuntimeError: thirteen", ""]
    assert found.all[1].scores == (None,)
    assert found.best in (0, 2)


def test_progress_is_told_with_the_time_that_a_sample_took(dataset, threads) -> None:
    heard = []

    found = search(search_of(), dataset, threads, heard.append)

    assert [note.done for note in heard] == sorted(note.done for note in heard)
    assert (heard[-1].done, heard[-1].of, heard[-1].seconds_left) == (12, 12, 0.0)
    assert heard[-1].best_score == found.best_one.scores[0]
    assert found.estimated > 0


def test_a_search_can_be_ended_with_what_it_has(dataset, threads) -> None:
    heard = []
    many = {"rsi_period": {"min": 2, "max": 120}}

    found = search(search_of(space=many), dataset, threads, heard.append, lambda: len(heard) > 1)

    assert found.cancelled
    assert 0 < len(found.all) < 119


@pytest.mark.parametrize(
    ("texts", "most", "refused"),
    [
        (["luck"], 1, "'luck' is no objective: expected one of total_trades, "),
        (["fees:less"], 1, "is no objective"),
        ([], 3, "takes 1 to 3 objectives, got 0"),
        (["fees", "fees:min"], 3, "a metric is an objective twice"),
        (["fees", "turnover"], 1, "takes one objective, got 2; nsga2 takes several"),
    ],
)
def test_objectives_are_figures_of_a_run(texts, most, refused) -> None:
    with pytest.raises(InvalidParameter, match=refused):
        objectives_of(texts, most=most)


def test_every_shipped_strategy_can_be_searched(dataset, threads) -> None:
    for cls in shipped().values():
        wanted = Search(
            space=space_of(cls, {"stop_loss_pct": [0.2, 0.4]}, {}),
            method="grid",
            objectives=objectives_of(["total_pnl"], most=1),
            terms=TERMS,
        )
        assert search(wanted, dataset, threads).best is not None
