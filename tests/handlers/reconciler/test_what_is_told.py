"""Whom the reconciler tells what: messages, metrics, and the report of a run that was cut off."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.domain.core.errors import NotReconciled
from lambdas.domain.core.run import bedrock_name, bedrock_tags, claim_key
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED
from lambdas.handlers import reconcile_throughput
from lambdas.steps import tell_reconciliation
from local.bedrock.settings import SimulationSettings
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DELETE, DEPLOYMENT, LIST, SCHEDULE, World
from tests.local.bedrock.conftest import rows


def ended(world: World, execution: str) -> dict[str, Any]:
    """The event of an execution that was stopped."""
    described = world.adapters.clients.step_functions.describe_execution(executionArn=execution)
    detail = {"executionArn": execution, "status": "ABORTED", "input": described["input"]}
    return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}


def test_a_stopped_run_is_told_with_what_was_cleaned_up(world: World, lambda_context: Any) -> None:
    """No lane of its own ran: nobody else would say that it is over and that nothing bills."""
    run, execution = world.run()
    world.stop(execution)
    reconcile_throughput.handler(ended(world, execution), lambda_context)
    [(subject, message)] = world.messages()
    assert subject == f"{run}: RunAborted"
    assert execution in message
    report = json.loads(
        world.adapters.clients.s3.get_object(Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/report.json")["Body"].read()
    )
    assert (report["status"], report["error"]["name"]) == ("failed", "RunAborted")


def test_a_stopped_run_that_has_its_model_is_gone_on_from(world: World, lambda_context: Any) -> None:
    """Whoever uploads the data set again as it is pays for the training a second time."""
    run, execution = world.run()
    choice = {"chosen": 1, "model_arn": "arn:the-model", "reason": "", "candidates": []}
    world.adapters.clients.s3.put_object(
        Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/sweep.json", Body=json.dumps(choice).encode()
    )
    world.stop(execution)
    reconcile_throughput.handler(ended(world, execution), lambda_context)
    [(_, message)] = world.messages()
    assert '"custom_model": "arn:the-model"' in message
    assert "pload the data set again" not in message
    assert '"custom_model": "arn:the-model"' in report_of(world, run)["error"]["cause"]


def test_a_stopped_sweep_that_has_not_chosen_is_gone_on_from_any_of_its_models(
    world: World, lambda_context: Any
) -> None:
    """All are trained and kept: what is not named is looked for, or trained again."""
    run, execution = world.run()
    others, _ = world.run("others")
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows(40))
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="train.jsonl", Body=data)
    for owner, number in ((run, 2), (run, 1), (run, 3), (others, 4)):
        world.train(bedrock_name(DEPLOYMENT, owner, number), {})
    world.clock.advance(20_000)
    models = world.adapters.clients.bedrock.list_custom_models()["modelSummaries"]
    arns = {one["modelName"].rpartition("-")[2]: one["modelArn"] for one in models}
    # The third has the name of the run's, and no proof.
    for owner, number in ((run, 2), (run, 1), (others, 4)):
        tags = {**bedrock_tags(DEPLOYMENT, owner, execution), "sweep-candidate": str(number), "keep-model": "false"}
        pairs: Any = [{"key": key, "value": value} for key, value in tags.items()]
        world.adapters.clients.bedrock.tag_resource(resourceARN=arns[f"c{number}"], tags=pairs)
    world.stop(execution)
    reconcile_throughput.handler(ended(world, execution), lambda_context)
    [(_, message)] = world.messages()
    for text in (message, report_of(world, run)["error"]["cause"]):
        assert f'"custom_model": "{arns["c1"]}"' in text
        assert f"The other models: {arns['c2']}." in text
        assert arns["c3"] not in text
        assert arns["c4"] not in text
    assert len(world.adapters.clients.bedrock.list_custom_models()["modelSummaries"]) == 4


def test_a_run_that_is_claimed_after_its_execution_was_stopped_gets_its_report(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step Functions ends no function: ClaimRun may write the claim when the event of the end has been dealt with."""
    monkeypatch.setattr(tell_reconciliation, "EVENT_SECONDS", 0.0)
    run, execution = world.run()
    s3, key = world.adapters.clients.s3, claim_key(run)
    claim = s3.get_object(Bucket=OUTPUT_BUCKET, Key=key)["Body"].read()
    s3.delete_object(Bucket=OUTPUT_BUCKET, Key=key)
    world.stop(execution)
    reconcile_throughput.handler(ended(world, execution), lambda_context)
    reconcile_throughput.handler(SCHEDULE, lambda_context)
    assert world.messages() == []
    s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=claim)
    for _ in range(2):
        reconcile_throughput.handler(SCHEDULE, lambda_context)
        [(subject, message)] = world.messages()
        assert subject == f"{run}: RunAborted"
        assert execution in message
    assert report_of(world, run)["error"]["name"] == "RunAborted"


@pytest.mark.parametrize("operation", ["ListExecutions", "DescribeExecution"])
def test_ended_runs_that_cannot_be_looked_through_stop_no_turn(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """What bills comes first; the next turn looks again."""
    monkeypatch.setattr(tell_reconciliation, "EVENT_SECONDS", 0.0)
    run, execution = world.run()
    world.stop(execution)
    client = world.adapters.clients.step_functions

    def refuse(**_: Any) -> None:
        metadata: Any = {"HTTPStatusCode": 400}
        raise ClientError({"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": metadata}, operation)

    client.meta.events.register(f"before-parameter-build.sfn.{operation}", refuse)
    assert reconcile_throughput.handler(SCHEDULE, lambda_context)["problems"] == []
    client.meta.events.unregister(f"before-parameter-build.sfn.{operation}", refuse)
    reconcile_throughput.handler(SCHEDULE, lambda_context)
    assert report_of(world, run)["status"] == "failed"


EVENT = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change"}
TOO_LARGE = "States.DataLimitExceeded"


def failed(world: World, error: str | None, cause: str | None = "") -> tuple[str, str, dict[str, Any]]:
    """A run that has failed with this error; its id, its execution, and the event of its end."""
    run, execution = world.run()
    described = world.adapters.clients.step_functions.describe_execution(executionArn=execution)
    # moto runs no state machine: its executions do not fail by themselves.
    ends = {"status": "FAILED", "stopDate": datetime.now(UTC), "error": error, "cause": cause}
    told = {**described, **{name: value for name, value in ends.items() if value is not None}}
    world.adapters.clients.step_functions.describe_execution = lambda **_: told  # type: ignore[method-assign,assignment]
    detail = {"executionArn": execution, "status": "FAILED", "input": described["input"]}
    return run, execution, {**EVENT, "detail": detail}


def report_of(world: World, run: str) -> dict[str, Any]:
    """The run's report.json."""
    stored = world.adapters.clients.s3.get_object(Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/report.json")["Body"].read()
    report: dict[str, Any] = json.loads(stored)
    return report


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (TOO_LARGE, "The state/task returned a result.", f"{TOO_LARGE} (a step's output exceeds the 256 KB"),
        ("States.Runtime", "An error occurred.", "States.Runtime (the state machine could not process"),
        ("UnexplainedFailure", "The step that explains failures failed.", "UnexplainedFailure: The step that explains"),
        (None, None, "an error without a name"),
    ],
)
def test_a_failure_that_no_state_could_tell_is_told_and_reported(
    world: World, lambda_context: Any, error: str | None, cause: str | None, words: str
) -> None:
    """No Catch sees these errors: neither the clean-up lane nor the message of the run's own failure came."""
    run, execution, event = failed(world, error, cause)
    reconcile_throughput.handler(event, lambda_context)
    [(subject, message)] = world.messages()
    assert subject == f"{run}: UnexplainedFailure"
    assert words in message
    assert execution in message
    report = report_of(world, run)
    assert (report["status"], report["error"]["name"]) == ("failed", "UnexplainedFailure")
    assert words in report["error"]["cause"]


@pytest.mark.parametrize("error", ["DatasetRejected", "RunLimitReached", "OwnerFailed", "ThroughputNotDeleted"])
def test_a_failure_that_the_run_has_told_itself_is_not_told_again(
    world: World, lambda_context: Any, error: str
) -> None:
    """Two messages of one failure, the second without its reason, would send a person the wrong way."""
    run, _, event = failed(world, error, "Line 3 is no JSON.")
    reconcile_throughput.handler(event, lambda_context)
    assert world.messages() == []
    stored = world.adapters.clients.s3.list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix=f"runs/{run}/report.json")
    assert stored["KeyCount"] == 0


def test_a_result_that_stands_outlives_a_failure_behind_it(world: World, lambda_context: Any) -> None:
    """What was measured was paid for; that the execution failed afterwards is told all the same."""
    run, _, event = failed(world, TOO_LARGE, "Too large.")
    world.adapters.clients.s3.put_object(
        Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/report.json", Body=json.dumps({"status": "succeeded"}).encode()
    )
    reconcile_throughput.handler(event, lambda_context)
    assert len(world.messages()) == 1
    assert report_of(world, run) == {"status": "succeeded"}


WORDS = {
    PROVISIONED: ("THROUGHPUT NOT DELETED", ("40.00 USD an hour", "aws bedrock delete-provisioned-model-throughput")),
    ON_DEMAND: ("CUSTOM MODEL DEPLOYMENT NOT", ("nothing by the hour", "aws bedrock delete-custom-model-deployment")),
}


LINE = {
    "id": "throughput",
    "item": "throughput",
    "quantity": 1,
    "unit": "hour",
    "unit_price_usd": 24.0,
    "usd": 24.0,
    "price": "",
    "note": "",
}
PRICES = {"as_of": "2026-11-01", "source": "https://example.com"}
ESTIMATE = {"lines": [LINE], "known_usd": 24.0, "total_usd": 24.0, "unknown": [], "prices": PRICES}
PREFLIGHT = {"status": "passed", "checked_at": "2026-11-01T00:00:00.000Z", "checks": [], "findings": []}


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The metrics of the one call of the handler."""
    [metrics] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "DeletionAttempts" in line]
    assert isinstance(metrics, dict)
    return metrics


class TestAtOnce:
    """Deletions that take no time, so that the handler's own waits do not."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        """No delays."""
        return timing.model_copy(update={"throughput_deletion_seconds": 0, "deployment_deletion_seconds": 0})

    def test_a_leftover_is_told_and_counted(
        self, world: World, kind: ServingKind, lambda_context: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The alarms stand on these metrics."""
        run, execution = world.run()
        arn = world.buy(run, execution, kind, lease_hours=-1)
        assert reconcile_throughput.handler(SCHEDULE, lambda_context)["deleted"] == [arn]
        assert arn in world.messages()[0][1]
        counted = emitted(capsys)
        assert (counted["DeletionAttempts"], counted["LiveThroughputs"], counted["DeletionFailures"]) == ([1], [0], [0])

    def test_a_refused_deletion_is_told_with_arn_age_and_cost(
        self, world: World, kind: ServingKind, lambda_context: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A person must act, and knows by the cost how fast."""
        run, execution = world.run()
        arn = world.buy(run, execution, kind, lease_hours=-1)
        world.fault({"operation": DELETE[kind], "kind": "access_denied"})
        with pytest.raises(NotReconciled, match=arn):
            reconcile_throughput.handler(SCHEDULE, lambda_context)
        [(subject, message)] = world.messages()
        title, words = WORDS[kind]
        assert title in subject
        for part in (arn, "0.0 hours old", *words):
            assert part in message
        counted = emitted(capsys)
        assert (counted["DeletionFailures"], counted["LiveThroughputs"]) == ([1], [1])
        assert counted["OldestLeaseOverrunSeconds"][0] > 3500

    @pytest.mark.parametrize(
        ("stored", "told"),
        [
            ({"estimate": ESTIMATE}, "24.00 USD an hour"),
            ({"estimate": None}, "at a price an hour that is not known"),
            ({"estimate": {}}, "at a price an hour that is not known"),
        ],
    )
    def test_a_throughput_that_is_left_is_priced_as_its_runs_preflight_did(
        self, world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch, stored: Any, told: str
    ) -> None:
        """The price file is where prices stand; one that cannot be told must not keep the message back."""
        monkeypatch.delenv("MODEL_UNIT_PRICE_PER_HOUR")
        run, execution = world.run()
        world.buy(run, execution, PROVISIONED, lease_hours=-1)
        world.adapters.clients.s3.put_object(
            Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/preflight.json", Body=json.dumps(PREFLIGHT | stored)
        )
        world.fault({"operation": DELETE[PROVISIONED], "kind": "access_denied"})
        with pytest.raises(NotReconciled):
            reconcile_throughput.handler(SCHEDULE, lambda_context)
        [(_, message)] = world.messages()
        assert told in message

    def test_gauges_of_what_could_not_be_listed_are_not_zero_but_missing(
        self, world: World, kind: ServingKind, lambda_context: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any
    ) -> None:
        """A zero would say that nothing bills, in the very hour in which nobody can know."""
        monkeypatch.setattr(reconcile_throughput, "LONGEST_SECONDS", 0)
        world.fault({"operation": LIST[kind], "kind": "access_denied"})
        with pytest.raises(NotReconciled, match=LIST[kind]):
            reconcile_throughput.handler(SCHEDULE, lambda_context)
        counted = emitted(capsys)
        assert counted["DeletionFailures"] == [0]
        assert not counted.keys() & {"LiveThroughputs", "ThroughputsLeft", "OldestLeaseOverrunSeconds"}

    def test_a_stopped_runs_report_says_what_was_deleted(
        self, world: World, kind: ServingKind, lambda_context: Any
    ) -> None:
        """Whoever stopped it asks first whether anything still bills."""
        run, execution = world.run()
        arn = world.buy(run, execution, kind)
        world.stop(execution)
        reconcile_throughput.handler(ended(world, execution), lambda_context)
        stored = world.adapters.clients.s3.get_object(Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/report.json")[
            "Body"
        ].read()
        error = json.loads(stored)["error"]
        assert error["name"] == "RunAborted"
        assert f"{arn} was deleted, and Bedrock no longer finds it" in error["cause"]
