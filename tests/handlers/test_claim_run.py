"""ClaimRun on real S3 events."""

import json
from contextlib import nullcontext
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from lambdas.domain.core.errors import AlreadyClaimed, InvalidEvent, OwnerFailed, RunLimitReached, ServiceBusy
from lambdas.handlers import composition
from lambdas.handlers.claim_run import handler

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

EVENTS = Path(__file__).parent / "events"
FIRST = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:first"
MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl"
SECOND = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:second"


@pytest.fixture(params=["object_created", "object_created_in_folder"])
def event(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{request.param}.json").read_text())
    return loaded


def claim(event: dict[str, Any], execution_arn: str, context: LambdaContext) -> dict[str, Any]:
    run: dict[str, Any] = handler({"event": event, "execution_arn": execution_arn}, context)["run"]
    return run


def test_first_delivery_claims_the_run(event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext) -> None:
    """The run's facts are the contract of every later handler."""
    run = claim(event, FIRST, lambda_context)
    source = event["detail"]["object"]
    assert run == {
        "id": run["id"],
        "execution_arn": FIRST,
        "source": {"bucket": "input-bucket", "key": source["key"], "version_id": source["version-id"]},
        "output_bucket": "output-bucket",
        "prefix": f"runs/{run['id']}/",
        "claimed_at": run["claimed_at"],
    }
    assert run["claimed_at"].endswith("Z")
    stored = json.loads(s3.get_object(Bucket="output-bucket", Key=f"{run['prefix']}claim.json")["Body"].read())
    assert stored == {"run_id": run["id"], "execution_arn": FIRST, "claimed_at": run["claimed_at"]}


def test_second_delivery_is_told_who_has_the_run(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """EventBridge delivers at least once: two runs on one upload would buy throughput twice."""
    claim(event, FIRST, lambda_context)
    with pytest.raises(AlreadyClaimed, match=FIRST):
        claim(event, SECOND, lambda_context)


class TestOwner:
    """An execution that has the run already, as Step Functions or its report tells of it."""

    @pytest.fixture
    def owner(self, s3: "S3Client", lambda_context: LambdaContext) -> str:
        """It runs, and has the run of `upload(1)`."""
        client = composition.root.adapters.clients.step_functions
        trust = "arn:aws:iam::123456789012:role/states"
        machine = client.create_state_machine(
            name="fine-tuning", definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', roleArn=trust
        )["stateMachineArn"]
        arn = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        claim(upload(1), arn, lambda_context)
        return arn

    @pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
    def test_one_that_failed_fails_who_starts_its_run_again(
        self, owner: str, lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch, status: str
    ) -> None:
        """A new execution with the same input, as the console offers it, ended green, and nothing was run."""
        described = {"status": status, "stopDate": datetime.now(UTC)}
        monkeypatch.setattr(
            composition.root.adapters.clients.step_functions, "describe_execution", lambda **_: described
        )
        with pytest.raises(OwnerFailed, match=f"ended as {status}.*{owner}.*report.json.*upload the data set again"):
            claim(upload(1), SECOND, lambda_context)
        # It has the run still: a retry of its own is no stranger.
        claim(upload(1), owner, lambda_context)

    @pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
    def test_one_that_runs_or_has_its_result_lets_a_second_delivery_end_well(
        self, owner: str, lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch, status: str
    ) -> None:
        """EventBridge delivers twice, and a redrive lets a failed execution run again."""
        described = {"status": status}
        monkeypatch.setattr(
            composition.root.adapters.clients.step_functions, "describe_execution", lambda **_: described
        )
        with pytest.raises(AlreadyClaimed, match=owner):
            claim(upload(1), SECOND, lambda_context)

    @pytest.mark.parametrize(("status", "refused"), [("failed", True), ("succeeded", False)])
    def test_one_that_is_forgotten_is_known_by_its_report(
        self, s3: "S3Client", lambda_context: LambdaContext, status: str, refused: bool
    ) -> None:
        """Step Functions keeps an execution for 90 days."""
        run = claim(upload(1), FIRST, lambda_context)
        report = json.dumps({"status": status}).encode()
        s3.put_object(Bucket="output-bucket", Key=f"{run['prefix']}report.json", Body=report)
        with pytest.raises(OwnerFailed if refused else AlreadyClaimed):
            claim(upload(1), SECOND, lambda_context)

    @pytest.mark.parametrize("report", [{"custom_model_arn": MODEL}, {"custom_model_arn": None}, "no report", None])
    def test_one_that_failed_behind_its_training_says_how_to_go_on(
        self,
        owner: str,
        s3: "S3Client",
        lambda_context: LambdaContext,
        monkeypatch: pytest.MonkeyPatch,
        report: object,
    ) -> None:
        """To upload the same data again trains again, and is paid again."""
        key = f"{claim(upload(1), owner, lambda_context)['prefix']}report.json"
        if report is not None:
            s3.put_object(Bucket="output-bucket", Key=key, Body=json.dumps(report).encode())
        described = {"status": "FAILED", "stopDate": datetime.now(UTC)}
        monkeypatch.setattr(
            composition.root.adapters.clients.step_functions, "describe_execution", lambda **_: described
        )
        with pytest.raises(OwnerFailed) as refused:
            claim(upload(1), SECOND, lambda_context)
        assert (f'"custom_model": "{MODEL}"' in str(refused.value)) == (report == {"custom_model_arn": MODEL})


def test_retry_of_the_same_execution_still_has_the_run(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Where the answer was lost after the write, the retry must not take itself for a stranger."""
    assert claim(event, FIRST, lambda_context) == claim(event, FIRST, lambda_context)


def test_bucket_without_versions_still_tells_writes_apart(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """S3's number of the write stands in for the version that an unversioned bucket does not give."""
    del event["detail"]["object"]["version-id"]
    again = deepcopy(event)
    again["detail"]["object"]["sequencer"] = "00"
    first = claim(event, FIRST, lambda_context)
    assert first["source"]["version_id"] is None
    with pytest.raises(AlreadyClaimed):
        claim(event, SECOND, lambda_context)
    claim(again, SECOND, lambda_context)


@pytest.fixture
def two_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_RUNS_PER_DAY", "2")
    monkeypatch.setattr(composition, "root", composition.Root())


def upload(number: int) -> dict[str, Any]:
    """The event of another upload."""
    loaded: dict[str, Any] = json.loads((EVENTS / "object_created.json").read_text())
    loaded["detail"]["object"]["version-id"] = f"version-{number}"
    return loaded


def numbers(s3: "S3Client") -> list[str]:
    """The numbers that are taken, of whichever day."""
    listed = s3.list_objects_v2(Bucket="output-bucket", Prefix="run-limits/").get("Contents", [])
    return [entry["Key"].rpartition("/")[2] for entry in listed]


@pytest.mark.usefixtures("two_a_day")
def test_a_day_has_so_many_runs_and_the_next_is_refused_by_name(s3: "S3Client", lambda_context: LambdaContext) -> None:
    """Who may upload may not start runs without end; the message says the limit, the setting and what to do."""
    for number in (1, 2):
        claim(upload(number), f"{FIRST}-{number}", lambda_context)
    with pytest.raises(RunLimitReached, match=r"at most 2 runs a day.*max_runs_per_day.*s3://input-bucket/.*another"):
        claim(upload(3), f"{FIRST}-3", lambda_context)
    assert numbers(s3) == ["1.json", "2.json"]


@pytest.mark.usefixtures("two_a_day")
def test_neither_a_second_delivery_nor_a_retry_counts_again(s3: "S3Client", lambda_context: LambdaContext) -> None:
    """AWS delivers twice and Step Functions repeats: neither is a run."""
    for execution in (FIRST, FIRST, SECOND, FIRST):
        with pytest.raises(AlreadyClaimed) if execution == SECOND else nullcontext():
            claim(upload(1), execution, lambda_context)
    assert numbers(s3) == ["1.json"]
    claim(upload(2), f"{FIRST}-2", lambda_context)
    claim(upload(1), FIRST, lambda_context)


@pytest.mark.usefixtures("two_a_day")
def test_a_run_that_was_cut_off_between_claim_and_number_takes_one_in_its_retry(
    s3: "S3Client", lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim stands already; without a number it would not be counted, and with two it would be counted twice."""

    def busy(*_: object) -> None:
        raise ServiceBusy("Listing failed.")

    with monkeypatch.context() as patch:
        patch.setattr(composition.root.adapters.objects, "keys", busy)
        with pytest.raises(ServiceBusy):
            claim(upload(1), FIRST, lambda_context)
    claim(upload(1), FIRST, lambda_context)
    assert numbers(s3) == ["1.json"]


@pytest.mark.usefixtures("two_a_day")
def test_runs_that_are_claimed_at_once_do_not_share_a_number(
    s3: "S3Client", lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have seen the same free numbers; the conditional write decides, and neither passes the limit."""
    monkeypatch.setattr(composition.root.adapters.objects, "keys", lambda *_: [])
    for number in (1, 2):
        claim(upload(number), f"{FIRST}-{number}", lambda_context)
    assert numbers(s3) == ["1.json", "2.json"]
    with pytest.raises(RunLimitReached):
        claim(upload(3), f"{FIRST}-3", lambda_context)


@pytest.mark.usefixtures("two_a_day")
def test_another_day_has_its_own_numbers(
    s3: "S3Client", lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is a day's, not a deployment's."""
    for number, day in enumerate(("2026-11-27", "2026-11-27", "2026-11-28"), start=1):
        monkeypatch.setattr("lambdas.steps.claim_run.now", lambda day=day: f"{day}T10:00:00.000Z")
        claim(upload(number), f"{FIRST}-{number}", lambda_context)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("source",), "aws.ec2", "event.source"),
        (("detail-type",), "Object Deleted", "event.detail-type"),
        (("detail",), {}, "event.detail.bucket"),
        (("detail", "object"), {"key": ""}, "event.detail.object.key"),
        (("detail", "object"), {"key": "input/a/test.jsonl"}, "does not start a run"),
    ],
)
def test_other_events_are_refused_by_name(
    s3: "S3Client", lambda_context: LambdaContext, path: tuple[str, ...], value: object, words: str
) -> None:
    """Whoever starts an execution by hand reads which part of the input is wrong, and nothing is claimed."""
    wrong = json.loads((EVENTS / "object_created.json").read_text())
    at = wrong
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    with pytest.raises(InvalidEvent, match=words):
        claim(wrong, FIRST, lambda_context)
    assert s3.list_objects_v2(Bucket="output-bucket")["KeyCount"] == 0


def test_busy_s3_is_named_so_that_it_is_retried(
    s3: "S3Client", lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state machine retries ServiceBusy for minutes, other errors for seconds."""

    def throttled(**_: object) -> None:
        answer = {"Code": "SlowDown", "Message": "Please reduce your request rate."}
        raise ClientError({"Error": answer, "ResponseMetadata": {"HTTPStatusCode": 503}}, "PutObject")  # type: ignore[typeddict-item] # as much of it as is read

    monkeypatch.setattr(composition.root.adapters.clients.s3, "put_object", throttled)
    with pytest.raises(ServiceBusy, match="SlowDown"):
        claim(json.loads((EVENTS / "object_created.json").read_text()), FIRST, lambda_context)
