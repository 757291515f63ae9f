"""What the fault harness counts as left: were it blind to a kind, a leak of it would pass for zero."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from local.deployment import DeployedEnvironment
from local.faults import aftermath
from local.faults.bench import Bound, Result
from local.faults.case import Action, Case, Kind
from local.faults.cases import all_cases
from local.faults.command import summary
from local.faults.dataset import PLAIN, SWEEP, DataSet
from local.faults.observer import Seen, Thing, things
from local.faults.run import FaultRun
from local.invocations import Invocation

MARKER = "f001xa"
STATE: dict[str, list[dict[str, Any]]] = {
    "provisioned_throughputs": [{"provisionedModelArn": "a", "provisionedModelName": "t", "status": "Creating"}],
    "custom_model_deployments": [{"customModelDeploymentArn": "b", "customModelDeploymentName": "d"}],
    "custom_models": [{"modelArn": "c", "modelName": "m"}],
    "jobs": [
        {"jobArn": "e", "jobName": "j", "status": "InProgress"},
        {"jobArn": "f", "jobName": "stopped", "status": "Stopped"},
    ],
    "batch_jobs": [
        {"jobArn": "g", "jobName": "b", "status": "Scheduled"},
        {"jobArn": "h", "jobName": "over", "status": "Completed"},
    ],
}


class Observed:
    """An observer that has seen these things until so many seconds after the epoch, and these reconciliations."""

    def __init__(self, *live: Thing, last: float = 100.0, invocations: Sequence[Invocation] = ()) -> None:
        self._live = live
        self._seen = [Seen(f"arn:{thing.name}", thing, 0.0, last) for thing in live]
        self._invocations = invocations

    def invocations_of(self, function: str) -> list[Invocation]:
        return [one for one in self._invocations if one.function == function]

    def live_of(self, _marker: str) -> list[Thing]:
        return [*self._live]

    def seen_of(self, _marker: str) -> list[Seen]:
        return self._seen


def run_of(observed: Observed, dataset: DataSet = PLAIN, choice: Any = None, **case: Any) -> FaultRun:
    """A run on a clock that is AWS's own."""
    bench: Any = SimpleNamespace(
        observer=observed,
        bound=Bound(600, 90, 60),
        aws=SimpleNamespace(time_scale=1.0),
        unguarded=frozenset({"unguarded"}),
    )
    of = Case("case", "fault", dataset=dataset, **case)
    result = Result("case", "fault", control="must_leak" in case)
    run = FaultRun(bench, of, MARKER, DeployedEnvironment("i", "o", "m"), "one", result)
    object.__setattr__(run, "stored", lambda _name: choice)
    return run


def noted(observed: Observed, dataset: DataSet = PLAIN, choice: Any = None, **case: Any) -> Result:
    """The result of a run that has ended 60 s after the epoch."""
    run = run_of(observed, dataset, choice, **case)
    aftermath._note(run, ended_at=60.0)
    return run.result


def reconciliation(began: float, ended: float, *, succeeded: bool = True) -> Invocation:
    return Invocation("one.reconcile_throughput", "aws.events", None, began, ended, succeeded)


def test_each_kind_is_seen_and_a_job_only_as_long_as_it_trains() -> None:
    """Bedrock keeps a record of every job for ever; it bills while it trains."""
    seen = [*things(STATE)]
    assert {thing.kind for _, thing in seen} == {*get_args(Kind)}
    assert [thing.name for _, thing in seen if thing.kind in ("job", "batch job")] == ["j", "b"]


@pytest.mark.parametrize("kind", ["throughput", "deployment", "job", "batch job"])
def test_what_bills_is_a_leak_of_its_kind(kind: Kind) -> None:
    """The report tells which, and for how long it has been there."""
    result = noted(Observed(Thing(kind, f"one-{MARKER}-1")))
    assert (result.live_after, result.left) == (1, [f"{kind} one-{MARKER}-1"])
    assert result.seconds_to_zero_by_kind == {kind: 40.0}
    assert "left after 750 s" in result.problems[0]


def test_the_model_of_a_run_is_no_leak_and_a_sweeps_other_models_are() -> None:
    """A run leaves one model on purpose."""
    models = [Thing("model", f"one-{MARKER}-1-c{number}") for number in (1, 2)]
    assert noted(Observed(Thing("model", f"one-{MARKER}-1"))).problems == []
    assert noted(Observed(*models), SWEEP, {"chosen": 2}).left == [str(models[0])]
    assert noted(Observed(*models), SWEEP, None).problems == [], "without a choice all stay"
    assert noted(Observed(models[1]), SWEEP, {"chosen": 2}).problems == []


@pytest.mark.parametrize("choice", [None, {"chosen": 2}])
def test_a_trained_model_of_a_sweep_that_is_gone_without_a_choice_is_lost(choice: Any) -> None:
    """Its training was paid for; behind a choice the others are to go."""
    gone = Observed(Thing("model", f"one-{MARKER}-1-c1"))
    gone.live_of = lambda _marker: []  # type: ignore[method-assign]
    run = run_of(gone, SWEEP, choice)
    aftermath.check_models(run)
    assert run.result.models_lost == (1 if choice is None else 0)


# A throughput of a run that has ended at 60 s: it can be deleted from 150 s on, and must be gone after 810 s.
@pytest.mark.parametrize(
    ("reconciliations", "at", "overdue"),
    [
        ([], 10_000, False),
        ([reconciliation(100, 900)], 10_000, False),
        ([reconciliation(200, 900, succeeded=False)], 10_000, False),
        ([reconciliation(200, 900)], 950, False),
        ([reconciliation(200, 900)], 961, True),
        ([reconciliation(200, 210)], 800, False),
        ([reconciliation(200, 210)], 811, True),
    ],
    ids=["none", "too early", "failed", "deletes still", "had its turn", "within the bound", "beyond the bound"],
)
def test_what_is_left_is_judged_once_a_reconciliation_has_had_its_turn(
    reconciliations: list[Invocation], at: float, overdue: bool
) -> None:
    """On a busy machine a reconciliation takes as long as ten of them on AWS, and leaves nothing all the same."""
    run = run_of(Observed(Thing("throughput", f"one-{MARKER}-1"), invocations=reconciliations))
    assert aftermath.is_overdue(run, run.seen()[0], 60.0, at, run.bench.bound.seconds) is overdue


def test_a_model_is_left_by_two_reconciliations() -> None:
    """Bedrock deletes no model that is served, and the first one ends what serves it."""
    model, turns = Thing("model", f"one-{MARKER}-1-c1"), [reconciliation(200, 210), reconciliation(800, 810)]
    for seen, overdue in ((turns[:1], False), (turns, True)):
        run = run_of(Observed(model, invocations=seen), SWEEP, {"chosen": 2})
        assert aftermath.is_overdue(run, run.seen()[0], 60.0, 10_000, run.bench.bound.seconds) is overdue


def test_where_nothing_reconciles_the_time_alone_counts() -> None:
    """A control would else be waited for until the harness gives up."""
    run = replace(run_of(Observed(Thing("throughput", f"one-{MARKER}-1"))), deployment_name="unguarded")
    assert not aftermath.is_overdue(run, run.seen()[0], 60.0, 800, run.bench.bound.seconds)
    assert aftermath.is_overdue(run, run.seen()[0], 60.0, 811, run.bench.bound.seconds)


def test_zero_that_came_late_is_a_problem_only_where_a_reconciliation_had_left_it() -> None:
    """What the second one removes was there for ten minutes too long; what a slow one removes was not."""
    gone = Observed(Thing("throughput", f"one-{MARKER}-1"), last=900, invocations=[reconciliation(200, 895)])
    gone.live_of = lambda _marker: []  # type: ignore[method-assign]
    assert noted(gone).problems == []
    late = Observed(Thing("throughput", f"one-{MARKER}-1"), last=900, invocations=[reconciliation(200, 210)])
    late.live_of = lambda _marker: []  # type: ignore[method-assign]
    assert "zero took longer" in noted(late).problems[0]


def test_what_no_reconciliation_has_looked_at_is_left_all_the_same() -> None:
    """A reconciler that never comes is the worst leak: the harness gives up waiting for it and says what is left."""
    assert noted(Observed(Thing("throughput", f"one-{MARKER}-1"), last=10_000)).live_after == 1


def test_a_control_that_is_not_seen_to_leak_is_a_problem() -> None:
    """A harness that cannot see a leak proves nothing by reporting none."""
    blind = noted(Observed(), must_leak="throughput")
    assert "nothing was seen" in blind.problems[0]
    other = noted(Observed(Thing("job", "j")), must_leak="throughput")
    assert other.problems
    seeing = noted(Observed(Thing("throughput", "t")), must_leak="throughput")
    assert (seeing.problems, seeing.live_after) == ([], 1)


def test_controls_count_as_seen_and_not_as_leaked() -> None:
    """`leaked` is the figure that must be zero."""
    control = noted(Observed(Thing("throughput", "t")), must_leak="throughput")
    clean, leaking = noted(Observed()), noted(Observed(Thing("deployment", "d")))
    report = summary([control, clean, leaking])
    assert (report["faults"], report["leaked"], report["controls"]) == (2, 1, {"cases": 1, "leaks_seen": 1})
    assert report["seconds_to_zero_by_kind"]["deployment"] == {"p50": 40.0, "max": 40.0}


def test_a_purchase_without_approval_is_a_problem_although_it_is_gone() -> None:
    """Nothing may be bought before somebody has said so."""
    bought = Observed(Thing("throughput", "t"))
    bought.live_of = lambda _marker: []  # type: ignore[method-assign] # gone by now
    assert noted(bought, buys_nothing=True).problems == ["something was bought"]
    assert noted(bought).problems == []


def test_there_is_a_control_for_each_kind_and_cases_for_each_way_to_serve() -> None:
    """What no case makes, no case can leak."""
    cases = all_cases()
    assert {case.must_leak for case in cases} == {None, *get_args(Kind)}
    for action in (Action.STOP, Action.DESTROY, Action.EXPIRE_LEASE):
        models = {case.dataset.settings.get("base_model") for case in cases if case.action is action}
        assert len(models) == 2, action


@pytest.mark.parametrize("expected", [None, "CustomizationFailed"])
def test_an_error_that_was_not_expected_is_told_with_its_cause(expected: str | None) -> None:
    """States.Runtime alone says nothing: its cause names the state and what that could not do."""
    run = run_of(Observed(), error=expected)
    run.result.status, run.result.error = "FAILED", "States.Runtime"
    run.result.cause = "An error occurred while executing the state 'AreJobsDone' (entered at the event id #23)."
    aftermath.check_words(run)
    assert run.result.problems
    assert all("AreJobsDone" in problem for problem in run.result.problems)
