"""`runs/index.html`: the reconciler adds each run that has ended, and fails for nothing that goes wrong with it."""

import json
from typing import Any

import pytest

from lambdas.adapters.stores.run_index import RunIndex
from lambdas.domain.core.run import bedrock_name, bedrock_tags, claim_key
from lambdas.domain.report import run_index as domain
from lambdas.handlers import reconcile_throughput
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DEPLOYMENT, World
from tests.handlers.reconciler.test_what_is_told import ended
from tests.local.bedrock.conftest import rows
from tests.unit.reports import succeeded_report


def page(world: World) -> str:
    stored = world.adapters.objects.read(OUTPUT_BUCKET, "runs/index.html")
    return "" if stored is None else stored.decode()


def succeeded(world: World, execution: str) -> dict[str, Any]:
    event = ended(world, execution)
    event["detail"]["status"] = "SUCCEEDED"
    return event


def put(world: World, key: str, document: object) -> None:
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=json.dumps(document).encode())


def test_each_run_that_ends_is_on_the_page(world: World, lambda_context: Any) -> None:
    """One that was stopped, too, whose report the reconciler itself writes; with what is left of each."""
    run, execution = world.run("first")
    put(world, f"runs/{run}/report.json", succeeded_report(run_id=run).dump())
    world.adapters.clients.s3.put_object(
        Bucket=OUTPUT_BUCKET, Key="train.jsonl", Body=b"".join(json.dumps(row).encode() + b"\n" for row in rows(40))
    )
    world.train(bedrock_name(DEPLOYMENT, run, 1), bedrock_tags(DEPLOYMENT, run, execution))
    reconcile_throughput.handler(succeeded(world, execution), lambda_context)
    stopped, second = world.run("second")
    world.stop(second)
    reconcile_throughput.handler(ended(world, second), lambda_context)
    text = page(world)
    assert f'<a href="{run}/report.html">{run}</a>' in text
    assert "custom model, price unknown a month" in text
    assert "RunAborted" in text
    assert "input/second.jsonl" in text
    assert text.index(stopped) < text.index(run)


def test_the_second_delivery_of_an_event_is_no_run(world: World, lambda_context: Any) -> None:
    """Another execution has the run: its end is not the run's."""
    run, execution = world.run()
    claim = {"run_id": run, "execution_arn": "arn:other", "claimed_at": "2026-11-22T10:00:00.000Z"}
    put(world, claim_key(run), claim)
    reconcile_throughput.handler(succeeded(world, execution), lambda_context)
    assert page(world) == ""


@pytest.mark.parametrize("what", ["report", "render"])
def test_what_goes_wrong_with_the_page_fails_nothing(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The clean-up is what the reconciler is for."""
    run, execution = world.run()
    if what == "report":
        put(world, f"runs/{run}/report.json", {"status": "done"})
    else:
        monkeypatch.setattr("lambdas.steps.index_runs.render_index", lambda *_: 1 / 0)
    assert reconcile_throughput.handler(succeeded(world, execution), lambda_context)["problems"] == []
    assert page(world) == ""


def test_a_run_that_ends_meanwhile_is_not_lost(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who writes last has listed what was there before; then it looks once more."""
    first, one = world.run("first")
    second, two = world.run("second")
    written = RunIndex.write_page
    cut: list[bool] = []

    def write_page(self: RunIndex, bucket: str, text: str) -> None:
        if not cut:
            cut.append(True)
            reconcile_throughput.handler(succeeded(world, two), lambda_context)
        written(self, bucket, text)

    monkeypatch.setattr(RunIndex, "write_page", write_page)
    reconcile_throughput.handler(succeeded(world, one), lambda_context)
    assert first in page(world)
    assert second in page(world)


def test_the_page_has_the_newest_runs_alone(world: World, monkeypatch: pytest.MonkeyPatch, lambda_context: Any) -> None:
    """However many there are, a run's end reads so many and no more."""
    monkeypatch.setattr("lambdas.steps.index_runs.NEWEST", 1)
    monkeypatch.setattr("lambdas.adapters.stores.run_index.NEWEST", 1)
    claims = [("first", "2026-11-21T10:00:00.000Z"), ("second", "2026-11-22T10:00:00.000Z")]
    found = []
    for name, at in claims:
        run, execution = world.run(name)
        put(world, claim_key(run), {"run_id": run, "execution_arn": execution, "claimed_at": at})
        reconcile_throughput.handler(succeeded(world, execution), lambda_context)
        found.append(run)
    first, second = found
    assert second in page(world)
    assert first not in page(world)
    assert "earlier ones are not shown" in page(world)


def test_an_entry_that_cannot_be_read_hides_no_other_run(world: World, lambda_context: Any) -> None:
    """A file that somebody puts there by hand, or that another version has written."""
    put(world, f"{domain.PREFIX}0000000000000-sales-0123456789ab.json", {"status": 1})
    run, execution = world.run()
    reconcile_throughput.handler(succeeded(world, execution), lambda_context)
    assert run in page(world)
