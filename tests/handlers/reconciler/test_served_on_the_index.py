"""`runs/index.html` shows what serves applications within a turn of the reconciler, and is written only for changes."""

from typing import Any

import pytest

from lambdas.adapters.stores.run_index import RunIndex
from lambdas.domain.core.run import bedrock_name, standing_name
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED
from lambdas.domain.serving.standing import champion_names, standing_tags
from lambdas.handlers import reconcile_throughput
from lambdas.steps import reconcile as reconcile_module
from tests.handlers.reconciler.conftest import DEPLOYMENT, NEIGHBOUR, SCHEDULE, World
from tests.handlers.reconciler.test_run_index import page, succeeded
from tests.handlers.reconciler.test_standing_servings import serve

SHOWN = {PROVISIONED: "<td>throughput, price unknown an hour", ON_DEMAND: "<td>custom model deployment, nothing by the"}


class Index:
    """Turns of the reconciler, and how often they wrote the page."""

    def __init__(self, world: World, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.context, self.written = world, context, 0
        write = RunIndex.write_page

        def write_page(store: RunIndex, bucket: str, text: str) -> None:
            self.written += 1
            write(store, bucket, text)

        monkeypatch.setattr(RunIndex, "write_page", write_page)
        monkeypatch.setattr(reconcile_module, "reconcile", lambda *_, **__: world.reconcile())

    def end_run(self, name: str = "sales") -> str:
        run, execution = self.world.run(name)
        reconcile_throughput.handler(succeeded(self.world, execution), self.context)
        self.written = 0
        return run

    def turn(self) -> str:
        reconcile_throughput.handler(SCHEDULE, self.context)
        return " ".join(page(self.world).split())


@pytest.fixture
def index(world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch) -> Index:
    return Index(world, lambda_context, monkeypatch)


@pytest.mark.parametrize("kind", [PROVISIONED, ON_DEMAND])
def test_what_begins_and_ceases_to_serve_is_shown_by_the_next_turn(index: Index, kind: Any) -> None:
    """Begun by `fine-tune serve`, ended by `fine-tune unserve` or by hand."""
    world, run = index.world, index.end_run()
    assert SHOWN[kind] not in index.turn()
    serve(world, run, kind, None)
    assert SHOWN[kind] in index.turn()
    store = world.adapters.served_models
    store.delete(kind, standing_name(DEPLOYMENT, run))
    world.clock.advance(600)
    assert SHOWN[kind] not in index.turn()
    assert index.written == 2


def test_a_lease_that_ends_is_gone_from_the_page_with_the_turn_that_ends_it(index: Index) -> None:
    run = index.end_run()
    serve(index.world, run, PROVISIONED, 1)
    assert SHOWN[PROVISIONED] in index.turn()
    ended = standing_tags(DEPLOYMENT, run, "2026-01-01T00:00:00.000Z")
    [arn] = index.world.live()
    index.world.adapters.bedrock.tag(arn, ended)
    assert SHOWN[PROVISIONED] not in index.turn()
    assert index.world.live() == set()


def test_a_turn_that_finds_nothing_new_writes_nothing(index: Index) -> None:
    """Each page reads up to 500 entries."""
    run = index.end_run()
    index.turn()
    assert index.written == 0
    serve(index.world, run, PROVISIONED, None)
    for _ in range(3):
        index.turn()
    assert index.written == 1


def test_the_champions_deployment_stands_with_the_run_whose_model_it_serves(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name tells of no run, its tags do; a swap changes them."""
    monkeypatch.setenv("SERVE_CHAMPION", "on_demand")
    first, second = index.end_run("first"), index.end_run("second")
    world = index.world
    arn = world.make(ON_DEMAND, champion_names(DEPLOYMENT)[0], standing_tags(DEPLOYMENT, first, None))
    for run, others in ((first, second), (second, first)):
        world.adapters.bedrock.tag(arn, standing_tags(DEPLOYMENT, run, None))
        rows = index.turn().split('<th scope="row">')[1:]
        assert [run in row for row in rows] == [SHOWN[ON_DEMAND] in row for row in rows]
        assert any(others in row for row in rows)
    assert index.written == 2


def test_without_a_run_that_has_ended_there_is_no_page(index: Index) -> None:
    serve(index.world, "sales-0123456789ab", ON_DEMAND, None)
    assert index.turn() == ""


def test_another_environments_deployment_is_on_no_page(index: Index) -> None:
    """Somebody may give theirs our champion's name."""
    run = index.end_run()
    index.world.make(ON_DEMAND, champion_names(DEPLOYMENT)[0], standing_tags("fine-tuning-eu", run, None))
    assert SHOWN[ON_DEMAND] not in index.turn()


@pytest.mark.parametrize("kind", [PROVISIONED, ON_DEMAND])
@pytest.mark.parametrize("is_standing", [True, False])
def test_what_a_neighbour_of_a_longer_name_has_is_not_counted(index: Index, kind: Any, is_standing: bool) -> None:
    """Its names may be those of runs here."""
    run = index.end_run()
    name = (standing_name if is_standing else bedrock_name)(NEIGHBOUR, run)
    theirs = index.world.make(kind, name, standing_tags(NEIGHBOUR, run, None))
    shown = index.turn()
    assert "Left, by the hour" not in shown
    assert index.written == 0
    index.end_run("second")
    assert "Left, by the hour" not in index.turn()
    index.world.adapters.bedrock.tag(theirs, {"deployment": DEPLOYMENT})
    index.end_run("third")
    assert ("Left, by the hour" in index.turn()) == (kind == PROVISIONED)


def test_a_page_that_cannot_be_brought_up_to_date_fails_nothing(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clean-up is what the reconciler is for."""
    run = index.end_run()
    serve(index.world, run, PROVISIONED, None)
    with monkeypatch.context() as broken:
        broken.setattr("lambdas.steps.index_runs.render_index", lambda *_, **__: 1 / 0)
        assert SHOWN[PROVISIONED] not in index.turn()
    assert SHOWN[PROVISIONED] in index.turn()
