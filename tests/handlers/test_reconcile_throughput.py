"""The reconciler against a simulated Bedrock: what it ends, what it must not touch, and what it tells."""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from lambdas.adapters import clients, custom_resource, reconciling
from lambdas.adapters.reconciling import Scope
from lambdas.domain.errors import NotReconciled
from lambdas.domain.lease import Terms
from lambdas.domain.reconciliation import Turn
from lambdas.domain.run import LEASE_TAG, Source, bedrock_name, bedrock_tags, claim_key, run_id
from lambdas.domain.timestamps import later, now
from lambdas.handlers import reconcile_throughput
from lambdas.handlers.environment import environment
from local.bedrock.clock import ManualClock
from local.bedrock.server import serve
from local.bedrock.settings import Settings
from tests.handlers.conftest import OUTPUT_BUCKET

MODEL = "anthropic.claude-3-haiku-20240307-v1:0:200k"
DEPLOYMENT, NEIGHBOUR = "fine-tuning", "fine-tuning-eu"
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
LIST, TAGS, GET, DELETE = (
    "ListProvisionedModelThroughputs",
    "ListTagsForResource",
    "GetProvisionedModelThroughput",
    "DeleteProvisionedModelThroughput",
)


@dataclass
class World:
    """A deployment with its state machine, and a Bedrock whose clock moves only while the reconciler waits."""

    url: str
    clock: ManualClock
    machine: str
    topic: str
    slept: list[float] = field(default_factory=list)

    def run(self, name: str = "sales") -> tuple[str, str]:
        """A run that is RUNNING, with its claim; returns its id and its execution's ARN."""
        key = f"input/{name}.jsonl"
        event = {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "input-bucket"}, "object": {"key": key, "version-id": "v1"}},
        }
        started = clients.step_functions().start_execution(
            stateMachineArn=self.machine, name=name, input=json.dumps(event)
        )
        run = run_id(Source("input-bucket", key, "v1"))
        claim = {"run_id": run, "execution_arn": started["executionArn"], "claimed_at": now()}
        clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=claim_key(run), Body=json.dumps(claim).encode())
        return run, started["executionArn"]

    def buy(
        self, run: str, execution: str, *, deployment: str = DEPLOYMENT, lease_hours: float = 8, name: str | None = None
    ) -> str:
        """A throughput as PurchaseThroughput buys it, or a neighbour's."""
        tags = {**bedrock_tags(deployment, run, execution), LEASE_TAG: later(now(), lease_hours * 3600)}
        arn: str = clients.bedrock().create_provisioned_model_throughput(
            provisionedModelName=name or bedrock_name(deployment, run),
            modelId=MODEL,
            modelUnits=1,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )["provisionedModelArn"]
        return arn

    def hold_slot(self, run: str, execution: str, key: str = "throughput-slots/1.json") -> None:
        """As AcquireSlot does."""
        holder = {"run_id": run, "execution_arn": execution, "acquired_at": now(), "lease_ends_at": later(now(), 60)}
        clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=json.dumps(holder).encode())

    def slots(self) -> int:
        """How many slots are held."""
        found = clients.s3().list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix="throughput-slots/")
        return found["KeyCount"]

    def stop(self, execution: str) -> None:
        """A person stops the execution."""
        clients.step_functions().stop_execution(executionArn=execution)

    def live(self) -> set[str]:
        """What bills, whosever it is."""
        with urllib.request.urlopen(f"{self.url}/_simulation/state") as answer:  # noqa: S310 - loopback
            return {one["provisionedModelArn"] for one in json.load(answer)["provisioned_throughputs"]}

    def fault(self, *rules: dict[str, Any]) -> None:
        """Sets the simulated Bedrock's faults."""
        body = json.dumps(rules).encode()
        request = urllib.request.Request(f"{self.url}/_simulation/faults", data=body, method="POST")  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310

    def reconcile(self, *, ending: bool = False, seconds: float = 120, settle_seconds: float = 0) -> Turn:
        """A reconciliation whose waits move the simulated clock instead of taking time."""
        left = [seconds]

        def sleep(duration: float) -> None:
            self.slept.append(duration)
            self.clock.advance(duration)
            left[0] -= duration

        terms = Terms(DEPLOYMENT, longest_lease_hours=8, longest_run_hours=168, settle_seconds=settle_seconds)
        return reconciling.reconcile(Scope(terms, OUTPUT_BUCKET, self.machine, ending), lambda: left[0], sleep)

    def messages(self) -> list[tuple[str, str]]:
        """Subject and text of what the topic was told."""
        sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].topics[self.topic].sent_notifications
        return [(subject, message) for _, message, subject, *_ in sent]


@pytest.fixture
def timing() -> Settings:
    """Bedrock's times as on AWS, and a quota that is in nobody's way."""
    return Settings(region="us-west-2", account_id=DEFAULT_ACCOUNT_ID, no_commitment_model_units=100)


@pytest.fixture
def world(s3: Any, timing: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A deployment that has nothing yet; throughputs are in service as soon as they are bought."""
    clock = ManualClock(time.time())
    with serve(replace_creation(timing), s3, clock=clock) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", url)
        clients.bedrock.cache_clear()
        role = "arn:aws:iam::123456789012:role/machine"
        definition = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1000, "End": true}}}'
        machine = clients.step_functions().create_state_machine(name="ft", definition=definition, roleArn=role)
        topic = clients.sns().create_topic(Name="results")["TopicArn"]
        monkeypatch.setenv("STATE_MACHINE_ARN", machine["stateMachineArn"])
        monkeypatch.setenv("TOPIC_ARN", topic)
        monkeypatch.setenv("MODEL_UNIT_PRICE_PER_HOUR", "40")
        environment.cache_clear()
        # The clients' own retries would sleep.
        events = clients.bedrock().meta.events
        events.unregister("needs-retry.bedrock", unique_id="retry-config-bedrock")
        yield World(url, clock, machine["stateMachineArn"], topic)


def replace_creation(timing: Settings) -> Settings:
    """Whoever tests the time of creation sets one; else there is none."""
    fresh = "throughput_creation_seconds" in timing.model_fields_set
    return timing if fresh else timing.model_copy(update={"throughput_creation_seconds": 0})


def test_a_leased_throughput_of_a_running_execution_stays(world: World) -> None:
    """The reconciler runs beside every good run, six times an hour."""
    arn = world.buy(*world.run())
    turn = world.reconcile()
    assert world.live() == {arn}
    assert ([found.arn for found in turn.kept], turn.attempts, world.slept) == ([arn], 0, [])


def test_one_whose_execution_was_stopped_is_deleted_and_the_deletion_verified(world: World) -> None:
    """StopExecution runs no Catch: nothing else would ever delete it."""
    run, execution = world.run()
    arn = world.buy(run, execution)
    world.stop(execution)
    turn = world.reconcile()
    assert world.live() == set()
    assert [found.arn for found in turn.deleted] == [arn]
    # Bedrock finds it for a minute after it has accepted the deletion: that counts for nothing.
    assert sum(world.slept) >= 60
    assert turn.problems == []


def test_one_beyond_its_lease_is_deleted_although_its_execution_runs(world: World) -> None:
    """An execution that hangs would bill for days."""
    run, execution = world.run()
    world.buy(run, execution, lease_hours=-0.1)
    [deleted] = world.reconcile().deleted
    assert "its lease ended" in deleted.reason
    assert world.live() == set()


def test_what_is_not_this_deployments_is_not_touched_even_at_the_end(world: World) -> None:
    """A neighbour's name begins with ours; a person may have named theirs like one of our runs that is over."""
    run, execution = world.run()
    world.stop(execution)
    neighbours = world.buy("sales-ffffffffffff", execution, deployment=NEIGHBOUR)
    world.clock.advance(3600)
    persons = clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName=bedrock_name(DEPLOYMENT, run), modelId=MODEL, modelUnits=1
    )["provisionedModelArn"]
    for ending in (False, True):
        assert world.reconcile(ending=ending).attempts == 0
    assert world.live() == {neighbours, persons}


def test_with_tags_denied_the_neighbours_stays_and_ours_goes(world: World) -> None:
    """The name alone would fit both: the claim in our bucket tells them apart."""
    run, execution = world.run()
    ours = world.buy(run, execution)
    neighbours = world.buy("sales-ffffffffffff", execution, deployment=NEIGHBOUR)
    world.stop(execution)
    world.fault({"operation": TAGS, "kind": "access_denied"})
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [ours]
    assert world.live() == {neighbours}
    assert any("AccessDenied" in problem for problem in turn.problems)


def test_one_whose_tags_were_taken_away_goes_with_its_run(world: World) -> None:
    """Whoever tidies up tags would otherwise let it bill for ever, in silence."""
    run, execution = world.run()
    ours = clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName=bedrock_name(DEPLOYMENT, run), modelId=MODEL, modelUnits=1
    )["provisionedModelArn"]
    assert [found.arn for found in world.reconcile().kept] == [ours]
    world.stop(execution)
    assert [found.arn for found in world.reconcile().deleted] == [ours]
    assert world.live() == set()


def test_every_page_of_the_list_is_read(world: World) -> None:
    """What stands on the second page bills as well."""
    run, execution = world.run()
    for number in range(25):
        world.buy(f"other-{number:012x}", execution, deployment=NEIGHBOUR)
    bought = world.buy(run, execution, name=f"zz-{run}")
    world.stop(execution)
    pages = clients.bedrock().meta.events
    pages.register(f"before-parameter-build.bedrock.{LIST}", lambda params, **_: params.setdefault("maxResults", 10))
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [bought]
    assert len(world.live()) == 25


@pytest.mark.parametrize("operation", [LIST, TAGS, GET, DELETE])
@pytest.mark.parametrize("kind", ["throttle", "internal", "drop_before", "drop_after"])
def test_a_busy_bedrock_is_asked_again(world: World, operation: str, kind: str) -> None:
    """The clean-up comes when everybody's does: throttling is the rule then."""
    run, execution = world.run()
    world.buy(run, execution)
    world.stop(execution)
    world.fault({"operation": operation, "kind": kind, "first": 1, "last": 3})
    turn = world.reconcile()
    assert world.live() == set()
    assert (turn.problems, turn.left) == ([], [])


@pytest.mark.parametrize("kind", ["access_denied", "throttle"])
def test_a_list_that_stays_refused_does_not_hide_what_a_slot_tells_of(world: World, kind: str) -> None:
    """A run holds its slot for as long as its throughput may exist."""
    run, execution = world.run()
    world.buy(run, execution)
    world.hold_slot(run, execution)
    world.stop(execution)
    world.fault({"operation": LIST, "kind": kind})
    turn = world.reconcile()
    assert world.live() == set()
    assert any(LIST in problem for problem in turn.problems)


def test_one_that_cannot_be_deleted_stops_no_other(world: World) -> None:
    """One refusal must not let all the others bill."""
    first, second = world.run("first"), world.run("second")
    stuck, other = world.buy(*first), world.buy(*second)
    world.stop(first[1])
    world.stop(second[1])
    world.fault({"operation": DELETE, "kind": "access_denied", "first": 1, "last": 1})
    turn = world.reconcile(seconds=0)
    assert turn.attempts == 2
    assert len(turn.failed) == 1
    assert {found.arn for found in turn.left} == {stuck, other}


class TestCreating:
    """While Bedrock still creates the throughput."""

    @pytest.fixture
    def timing(self, timing: Settings) -> Settings:
        """Twenty minutes until it is in service."""
        return timing.model_copy(update={"throughput_creation_seconds": 1200})

    def test_a_conflict_is_left_to_the_next_turn(self, world: World) -> None:
        """It is not a failure that a person has to hear of: time heals it."""
        run, execution = world.run()
        world.buy(run, execution)
        world.stop(execution)
        turn = world.reconcile()
        assert [found.final for found in turn.pending] == [False]
        assert turn.failed == []
        world.clock.advance(1200)
        assert world.reconcile().left == []
        assert world.live() == set()


def test_a_dead_holders_slot_is_freed_and_a_running_ones_is_not(world: World) -> None:
    """Otherwise one abort would keep every later run waiting for ever."""
    dead, running = world.run("dead"), world.run("running")
    world.hold_slot(*dead)
    world.hold_slot(*running, key="throughput-slots/2.json")
    world.stop(dead[1])
    turn = world.reconcile()
    assert (turn.slots_freed, turn.slots_held) == (["throughput-slots/1.json"], ["throughput-slots/2.json"])
    assert world.slots() == 1


def test_a_slot_stays_while_a_purchase_that_was_cut_off_may_still_appear(world: World) -> None:
    """The next run would buy a second one beside it."""
    run, execution = world.run()
    world.hold_slot(run, execution)
    world.stop(execution)
    turn = world.reconcile(settle_seconds=3600)
    assert (turn.slots_settling, world.slots()) == (["throughput-slots/1.json"], 1)
    assert sum(world.slept) >= 60


def test_a_slot_is_kept_until_its_throughput_is_gone(world: World) -> None:
    """At most so many throughputs at a time, deletions that hang included."""
    run, execution = world.run()
    world.buy(run, execution)
    world.hold_slot(run, execution)
    world.stop(execution)
    world.fault({"operation": DELETE, "kind": "access_denied"})
    world.reconcile(seconds=1)
    assert world.slots() == 1
    world.fault()
    world.reconcile()
    assert (world.live(), world.slots()) == (set(), 0)


@pytest.mark.parametrize(("keep", "stopped"), [("false", 1), ("true", 0)])
def test_a_job_of_an_aborted_run_is_stopped_unless_its_settings_keep_it(world: World, keep: str, stopped: int) -> None:
    """It trains at the account's cost for a run that no longer exists."""
    run, execution = world.run()
    tags = {**bedrock_tags(DEPLOYMENT, run, execution), "keep-job": keep}
    for name, owned in ((bedrock_name(DEPLOYMENT, run), tags), ("somebody-elses", {})):
        clients.bedrock().create_model_customization_job(
            jobName=name,
            customModelName=name,
            roleArn="arn:aws:iam::123456789012:role/customization",
            baseModelIdentifier=MODEL,
            trainingDataConfig={"s3Uri": f"s3://{OUTPUT_BUCKET}/train.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{OUTPUT_BUCKET}/output/"},
            hyperParameters={},
            jobTags=[{"key": key, "value": value} for key, value in owned.items()],
        )
    assert world.reconcile().jobs_stopped == []
    world.stop(execution)
    assert len(world.reconcile().jobs_stopped) == stopped


def test_a_stopped_run_is_told_with_what_was_cleaned_up(world: World, lambda_context: Any) -> None:
    """No lane of its own ran: nobody else would say that it is over and that nothing bills."""
    run, execution = world.run()
    world.stop(execution)
    described = clients.step_functions().describe_execution(executionArn=execution)
    detail = {"executionArn": execution, "status": "ABORTED", "input": described["input"]}
    event = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}
    reconcile_throughput.handler(event, lambda_context)
    [(subject, message)] = world.messages()
    assert subject == f"{run}: RunAborted"
    assert execution in message
    report = json.loads(clients.s3().get_object(Bucket=OUTPUT_BUCKET, Key=f"runs/{run}/report.json")["Body"].read())
    assert (report["status"], report["error"]["name"]) == ("failed", "RunAborted")


class TestAtOnce:
    """Deletions that take no time, so that the handler's own waits do not."""

    @pytest.fixture
    def timing(self, timing: Settings) -> Settings:
        """No delays."""
        return timing.model_copy(update={"throughput_deletion_seconds": 0, "throughput_creation_seconds": 0})

    def test_a_leftover_is_told_and_counted(
        self, world: World, lambda_context: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The alarms stand on these metrics."""
        run, execution = world.run()
        arn = world.buy(run, execution, lease_hours=-1)
        assert reconcile_throughput.handler(SCHEDULE, lambda_context)["deleted"] == [arn]
        assert arn in world.messages()[0][1]
        [emitted] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "DeletionAttempts" in line]
        assert (emitted["DeletionAttempts"], emitted["LiveThroughputs"], emitted["DeletionFailures"]) == ([1], [0], [0])

    def test_a_refused_deletion_is_told_with_arn_age_and_cost(
        self, world: World, lambda_context: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A person must act, and knows by the cost how fast."""
        run, execution = world.run()
        arn = world.buy(run, execution, lease_hours=-1)
        world.fault({"operation": DELETE, "kind": "access_denied"})
        with pytest.raises(NotReconciled, match=arn):
            reconcile_throughput.handler(SCHEDULE, lambda_context)
        [(subject, message)] = world.messages()
        assert "NOT DELETED" in subject
        for part in (arn, "0.0 hours old", "40.00 USD an hour", "aws bedrock delete-provisioned-model-throughput"):
            assert part in message
        [emitted] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "DeletionAttempts" in line]
        assert (emitted["DeletionFailures"], emitted["LiveThroughputs"]) == ([1], [1])
        assert emitted["OldestLeaseOverrunSeconds"][0] > 3500


class TestDeletionOfTheStack:
    """CloudFormation's request."""

    REQUEST: ClassVar = {
        "RequestType": "Delete",
        "StackId": "arn:aws:cloudformation:us-west-2:123456789012:stack/s/1",
        "RequestId": "1",
        "LogicalResourceId": "OnDeletion",
        "ResponseURL": "https://cloudformation.example/answer",
    }

    @pytest.fixture
    def timing(self, timing: Settings) -> Settings:
        """No delays."""
        return timing.model_copy(update={"throughput_deletion_seconds": 0, "throughput_creation_seconds": 0})

    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
        """Status and reason that CloudFormation got; its stack is being deleted."""
        got: list[tuple[str, str]] = []
        monkeypatch.setattr(reconcile_throughput, "is_being_removed", lambda _stack: True)
        monkeypatch.setattr(custom_resource, "answer", lambda _request, status, reason="": got.append((status, reason)))
        return got

    def test_running_executions_are_stopped_and_all_that_they_have_is_deleted(
        self, world: World, answers: list[tuple[str, str]], lambda_context: Any
    ) -> None:
        """`cdk destroy` during a run leaves nothing that bills."""
        run, execution = world.run()
        world.buy(run, execution)
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        assert answers == [("SUCCESS", "")]
        assert world.live() == set()
        described = clients.step_functions().describe_execution(executionArn=execution)
        assert described["status"] == "ABORTED"

    def test_it_waits_for_the_slot_behind_which_a_purchase_may_be_under_way(self, world: World) -> None:
        """Nobody would ever find a throughput that appears after the stack is gone."""
        run, execution = world.run()
        world.hold_slot(run, execution)
        turn = world.reconcile(ending=True, settle_seconds=3600)
        assert turn.executions_stopped == [execution]
        assert not reconciling.is_finished(turn, Scope(Terms("", 8, 168, 0), "", "", ending=True))
        assert sum(world.slept) >= 60

    def test_one_that_stays_fails_the_deletion_with_arn_and_command(
        self, world: World, answers: list[tuple[str, str]], lambda_context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A stack that hangs helps nobody; one that vanishes would hide a bill."""
        monkeypatch.setattr(reconciling, "REFUSED_SECONDS", 0)
        arn = world.buy(*world.run())
        world.fault({"operation": DELETE, "kind": "access_denied"})
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        [(status, reason)] = answers
        assert status == "FAILED"
        assert arn in reason
        assert "aws bedrock delete-provisioned-model-throughput" in reason

    def test_it_always_answers(
        self, world: World, answers: list[tuple[str, str]], lambda_context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """CloudFormation would wait for the whole service timeout."""
        monkeypatch.setattr(reconciling, "reconcile", lambda *_: 1 / 0)
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        [(status, reason)] = answers
        assert (status, "ZeroDivisionError" in reason) == ("FAILED", True)

    @pytest.mark.parametrize(("kind", "removed"), [("Create", True), ("Update", True), ("Delete", False)])
    def test_nothing_ends_while_the_stack_stays(
        self,
        world: World,
        answers: list[tuple[str, str]],
        lambda_context: Any,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        removed: bool,
    ) -> None:
        """A deployment of a new version must not end the runs of the old one."""
        monkeypatch.setattr(reconcile_throughput, "is_being_removed", lambda _stack: removed)
        arn = world.buy(*world.run())
        reconcile_throughput.handler({**self.REQUEST, "RequestType": kind}, lambda_context)
        assert answers == [("SUCCESS", "")]
        assert world.live() == {arn}
