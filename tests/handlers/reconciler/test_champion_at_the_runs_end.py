"""`serve_champion`: the end of the run that was promoted begins the deployment, and no later turn of the schedule."""

from typing import Any

import pytest

from lambdas.domain.core.errors import NotReconciled
from lambdas.domain.serving.kinds import PROVISIONED
from lambdas.handlers import reconcile_throughput
from tests.handlers.reconciler import test_serve_champion as turns
from tests.handlers.reconciler.conftest import LIST, World
from tests.handlers.reconciler.test_run_index import succeeded
from tests.handlers.reconciler.test_serve_champion import FIRST, MINUTES, Champions

timing, champions = turns.timing, turns.champions


def end_run(champions: Champions, world: World, context: Any) -> str:
    """A run that is promoted, and the event of its end; returns the ARN of its model."""
    run, execution = world.run()
    model = champions.promote(run)
    reconcile_throughput.handler(succeeded(world, execution), context)
    return model


def test_the_call_of_the_runs_end_makes_the_deployment(champions: Champions, world: World, lambda_context: Any) -> None:
    """Eight minutes later the next turn names it: the schedule costs one interval, and not two."""
    model = end_run(champions, world, lambda_context)
    assert (champions.deployments(), champions.target) == ({FIRST: model}, None)
    champions.turn(after=8 * MINUTES)
    assert champions.ask() == model


def test_the_call_of_the_next_runs_end_begins_the_swap(champions: Champions, world: World, lambda_context: Any) -> None:
    """The old model answers until the new one does."""
    first = end_run(champions, world, lambda_context)
    champions.turn(after=8 * MINUTES)
    run, execution = world.run("second")
    second = champions.promote(run)
    reconcile_throughput.handler(succeeded(world, execution), lambda_context)
    assert champions.ask() == first
    champions.turn(after=8 * MINUTES)
    assert champions.ask() == second


def test_what_else_goes_wrong_at_the_runs_end_delays_no_deployment(
    champions: Champions, world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that is refused, and the page of all runs."""
    run, execution = world.run()
    model = champions.promote(run)
    monkeypatch.setattr("lambdas.steps.index_runs.render_index", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("lambdas.steps.reconcile.time.sleep", world.clock.advance)
    monkeypatch.setattr("lambdas.steps.reconcile.REFUSED_SECONDS", 0)
    world.fault({"operation": LIST[PROVISIONED], "kind": "access_denied"})
    with pytest.raises(NotReconciled):
        reconcile_throughput.handler(succeeded(world, execution), lambda_context)
    assert champions.deployments() == {FIRST: model}
