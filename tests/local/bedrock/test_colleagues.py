"""Each policy that docs give a colleague: what the task calls is allowed, and nothing of the other tasks is.

The commands run against the simulated Bedrock; what IAM would check of each call is kept, and decided by the policy.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

import boto3
import pytest
from botocore.exceptions import ClientError

from cli.account import Account
from cli.environment import Environment, environment_of
from lambdas.domain.core.run import PROJECT, claim_key
from local.checkout import CHECKOUT
from local.permissions.calls import AwsCall, TaggedResource, access_requests
from local.permissions.evaluator import Evaluator, Policies
from local.permissions.request import AccessRequest
from tests.local.bedrock import team as shared
from tests.local.bedrock.conftest import BUCKET, HAIKU
from tests.local.bedrock.team import LLAMA_3_3, RUN, FineTune, Team

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune

REGION, INPUT = "us-west-2", "team-input"
OURS, THEIRS = "team", "team-eu"
OUTPUTS = {"InputBucket": INPUT, "OutputBucket": BUCKET, "StateMachineArn": "arn:machine"}


def documented(page: str, heading: str, number: int = 0) -> str:
    """A policy below a heading."""
    section = (CHECKOUT / "docs" / page).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return str(re.findall(r"```json\n(.*?)```", section, re.DOTALL)[number])


POLICIES = {
    "drop data": documented("access.md", "Drop data"),
    "read reports": documented("access.md", "Read reports"),
    "approve": documented("operations.md", "Approval"),
    "serve": documented("access.md", "Serve"),
    "ask": documented("access.md", "Ask the model"),
    "application": documented("use-the-model.md", "What the application may do"),
    "application by tags": documented("use-the-model.md", "Other policies of an application"),
    "application with a long format": documented("use-the-model.md", "Other policies of an application", 1),
}


def is_of_something_gone(request: AccessRequest) -> bool:
    """A deletion that is repeated may find nothing, and no tags: that it is denied then is understood."""
    has_tags = any(key.startswith("aws:ResourceTag/") for key in request.context)
    return request.action.startswith("bedrock:Delete") and not has_tags


@dataclass
class Colleague:
    """Somebody who calls AWS with one policy; `asked` is what IAM is asked of the calls."""

    team: Team
    evaluator: Evaluator
    arn: str
    # Of the run, that throughput alone can serve.
    model: str
    # The customer's key of buckets and models, where there is one.
    key: str | None = None
    asked: list[AccessRequest] = field(default_factory=list)
    _is_watched: bool = False

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._is_watched = True
        try:
            yield
        finally:
            self._is_watched = False

    def note(self, params: Mapping[str, Any], model: Any, **_: object) -> None:
        """What a call needs, by what there is at its moment."""
        if self._is_watched:
            service = model.service_model.service_name
            self.call(AwsCall(service, model.name, dict(params), REGION, self.account))

    def call(self, call: AwsCall) -> None:
        self._is_watched, watched = False, self._is_watched
        self.asked += access_requests(call, self.arn, self, "person")
        self._is_watched = watched

    def denied(self, statements: list[dict[str, Any]]) -> list[str]:
        """What somebody with these statements may not do of what was asked."""
        return [
            f"{request.action} on {resource}"
            for request in self.asked
            for resource in request.resources
            if not self.may(request, resource, statements) and not is_of_something_gone(request)
        ]

    def may(self, request: AccessRequest, resource: str, statements: list[dict[str, Any]]) -> bool:
        own = json.dumps({"Version": "2012-10-17", "Statement": statements})
        root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"}, "Action": "kms:*"}
        keys = json.dumps({"Version": "2012-10-17", "Statement": [root | {"Resource": "*"}]})
        policies = Policies(identity=(("own", own),), resource=keys if ":kms:" in resource else None)
        return self.evaluator.decide(request, resource, policies).allowed

    def statements(self, policy: str) -> list[dict[str, Any]]:
        """Those of the document, for this environment."""
        served = [one["customModelDeploymentArn"] for one in self.team.deployments]
        served += [one["provisionedModelArn"] for one in self.team.throughputs]
        places = {
            "region": REGION, "Region": REGION, "account": self.account, "environment": OURS,
            "InputBucket": INPUT, "OutputBucket": BUCKET, "output bucket": BUCKET, "KeyArn": self.key or "",
            "target_arn": served[0] if served else "",
        }  # fmt: skip
        return list(json.loads(re.sub(r"<([A-Za-z_ ]+)>", lambda found: places[found[1]], policy))["Statement"])

    # What the needs of a call depend on: `local.permissions.calls.AccountState`.

    def bedrock_resource(self, kind: str, identifier: str) -> TaggedResource | None:
        query = urlencode({"kind": kind, "identifier": identifier})
        found = self.team.simulation.control("GET", f"resource?{query}")
        return TaggedResource(found["arn"], found["tags"], self.key or found["key"]) if found else None

    def bucket_key(self, bucket: str) -> str | None:
        return self.key

    def key_arn(self, key: str) -> str | None:
        return key

    def topic_key(self, topic: str) -> str | None:
        return None

    def role_arn(self, name: str) -> str | None:
        return None

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        of_version = {"VersionId": version} if version else {}
        try:
            self.team.simulation.s3.head_object(Bucket=bucket, Key=key, **of_version)
        except ClientError:
            return False
        return True


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        yield made


@pytest.fixture
def colleague(team: Team, evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Colleague]:
    """Whose commands find the environment by its stacks, as everybody's do."""
    simulation = team.simulation
    simulation.s3.create_bucket(Bucket=INPUT, CreateBucketConfiguration={"LocationConstraint": REGION})
    model = team.tune(HAIKU)
    made = Colleague(team, evaluator, f"arn:aws:iam::{model.split(':')[4]}:role/colleague", model)
    stubbed: dict[str, dict[str, Any]] = {
        "cloudformation": {
            "Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": [_output(name) for name in OUTPUTS]}]
        },
        "stepfunctions": {"executions": []},
    }
    session: Any = boto3.Session(region_name=REGION)
    clients: dict[str, Any] = {
        "bedrock": simulation.bedrock,
        "bedrock-runtime": simulation.runtime,
        "service-quotas": simulation.quotas,
        "s3": simulation.s3,
        **{name: session.client(name) for name in ("ssm", *stubbed)},
    }
    for name, client in clients.items():
        client.meta.events.register("before-parameter-build", made.note, unique_id="colleague")
        if name in stubbed:
            answer = (SimpleNamespace(status_code=200), stubbed[name])
            client.meta.events.register("before-call", lambda answer=answer, **_: answer)
    account = Account(Mock(client=lambda service, **_: clients[service]), REGION, made.arn)
    monkeypatch.setattr("cli.account.account_of", lambda _: account)
    monkeypatch.setattr("cli.environment.environment_of", lambda *_: _environment(account))
    team.simulation.bedrock.tag_resource(resourceARN=model, tags=_tags(OURS))
    yield made
    for client in clients.values():
        client.meta.events.unregister("before-parameter-build", unique_id="colleague")


def _output(name: str) -> dict[str, str]:
    return {"OutputKey": name, "OutputValue": OUTPUTS[name]}


def _environment(account: Account) -> Environment:
    return environment_of(account, OURS)


def _tags(environment: str) -> Any:
    return [{"key": key, "value": value} for key, value in (("project", PROJECT), ("deployment", environment))]


def serve_and_end(colleague: Colleague, fine_tune: FineTune) -> None:
    """By throughput and on demand, the champion and another run; what somebody has deleted by hand, too."""
    team = colleague.team
    team.name_champion(colleague.model)
    on_demand = team.simulation.complete_job_for(LLAMA_3_3, "other")["outputModelArn"]
    team.simulation.bedrock.tag_resource(resourceARN=on_demand, tags=_tags(OURS))
    with colleague.watched():
        for words in (("serve", "champion", "--hours", 1, "--yes"), ("serve", RUN, "--follow"), ("unserve", RUN)):
            done = fine_tune(*words)
            assert done.exit_code == 0, done.output
    team.put_report(LLAMA_3_3, on_demand)
    with colleague.watched():
        for words in (("serve", RUN, "--yes"), ("unserve", RUN), ("unserve", RUN)):
            done = fine_tune(*words)
            assert done.exit_code == 0, done.output


def ask(colleague: Colleague, fine_tune: FineTune) -> None:
    """The champion by throughput, and a run's model on demand; each with its base."""
    team = colleague.team
    team.name_champion(colleague.model)
    on_demand = team.simulation.complete_job_for(LLAMA_3_3, "other")["outputModelArn"]
    team.simulation.bedrock.tag_resource(resourceARN=on_demand, tags=_tags(OURS))
    for word, model, base in (("champion", colleague.model, HAIKU), (RUN, on_demand, LLAMA_3_3)):
        team.put_report(base, model)
        hours = ("--hours", 1) if base == HAIKU else ()
        assert fine_tune("serve", RUN, *hours, "--yes").exit_code == 0
        with colleague.watched():
            done = fine_tune("ask", word, "What is six times seven?")
        assert done.exit_code == 0, done.output
        assert fine_tune("unserve", RUN).exit_code == 0


def drop(colleague: Colleague) -> None:
    """As `aws s3 cp` does, by one call or in parts."""
    place = {"Bucket": INPUT, "Key": "input/sales.jsonl"}
    for operation in ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
        colleague.call(AwsCall("s3", operation, place, REGION, colleague.account))


def read(colleague: Colleague, fine_tune: FineTune, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's page, and that of all runs."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("cli.pages.show", lambda _: True)
    claim = {"run_id": RUN, "execution_arn": "arn:e", "claimed_at": colleague.team.now()}
    texts = {claim_key(RUN): json.dumps(claim), f"runs/{RUN}/report.html": "", "runs/index.html": ""}
    for key, text in texts.items():
        colleague.team.simulation.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
    with colleague.watched():
        for words in (("open", RUN), ("open",)):
            done = fine_tune(*words)
            assert done.exit_code == 0, done.output


@dataclass(frozen=True)
class Tasks:
    """The tasks of this test, with what they need."""

    colleague: Colleague
    fine_tune: FineTune
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def do(self, task: str) -> None:
        match task:
            case "drop data":
                drop(self.colleague)
            case "read reports":
                read(self.colleague, self.fine_tune, self.folder, self.monkeypatch)
            case "serve":
                serve_and_end(self.colleague, self.fine_tune)
            case _:
                ask(self.colleague, self.fine_tune)


@pytest.fixture
def tasks(colleague: Colleague, fine_tune: FineTune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasks:
    return Tasks(colleague, fine_tune, tmp_path, monkeypatch)


# tests/local/permissions/test_approver.py has the approver.
@pytest.mark.parametrize("task", ["drop data", "read reports", "serve", "ask"])
def test_its_policy_is_enough_for_a_task_and_nothing_of_it_too_much(task: str, tasks: Tasks) -> None:
    """Without any of its statements something of the task is denied."""
    tasks.do(task)
    given = tasks.colleague.statements(POLICIES[task])
    assert tasks.colleague.asked
    assert tasks.colleague.denied(given) == []
    for number in range(len(given)):
        assert tasks.colleague.denied([*given[:number], *given[number + 1 :]]), given[number]


@pytest.mark.parametrize("task", ["drop data", "read reports", "serve", "ask"])
def test_with_a_customers_key_the_policies_of_the_key_are_enough(task: str, tasks: Tasks) -> None:
    """Buckets and models are encrypted with it; who serves a model lets Bedrock use it, too."""
    colleague = tasks.colleague
    colleague.key = f"arn:aws:kms:{REGION}:{colleague.account}:key/11111111-2222-3333-4444-555555555555"
    tasks.do(task)
    section = (CHECKOUT / "docs" / "access.md").read_text()
    of_all, of_serving = (
        colleague.statements(block)
        for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)
        if "<KeyArn>" in block
    )
    given = colleague.statements(POLICIES[task])
    assert any("kms:" in each for each in colleague.denied(given))
    assert colleague.denied([*given, *of_all, *(of_serving if task == "serve" else [])]) == []
    assert bool(colleague.denied([*given, *of_all])) == (task == "serve")


def acts(account: str) -> dict[str, AccessRequest]:
    """What somebody may want to do, by the task that it belongs to, or as what nobody of them may."""
    bedrock = f"arn:aws:bedrock:{REGION}:{account}"
    model, throughput = f"{bedrock}:custom-model/m/abcdefghijkl", f"{bedrock}:provisioned-model/abcdefghijkl"
    parameter = f"arn:aws:ssm:{REGION}:{account}:parameter/{OURS}"
    deployment = f"{bedrock}:custom-model-deployment/abcdefghijkl"
    ours, theirs = {"aws:ResourceTag/deployment": OURS}, {"aws:ResourceTag/deployment": THEIRS}
    kept = {"aws:ResourceTag/kept": "true"}
    wanted: dict[str, tuple[str, str, dict[str, str]]] = {
        "drop data": ("s3:PutObject", f"arn:aws:s3:::{INPUT}/input/sales.jsonl", {}),
        "read a report": ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/runs/{RUN}/report.html", {}),
        "read a report as JSON": ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/runs/{RUN}/report.json", {}),
        "approve": ("states:SendTaskSuccess", "*", {}),
        "buy": ("bedrock:CreateProvisionedModelThroughput", model, ours),
        "deploy": ("bedrock:CreateCustomModelDeployment", model, ours),
        "tag what is made": ("bedrock:TagResource", throughput, {"aws:RequestTag/deployment": OURS}),
        "end": ("bedrock:DeleteProvisionedModelThroughput", throughput, ours),
        "name what applications call": ("ssm:PutParameter", f"{parameter}/endpoint", {}),
        "read the endpoint": ("ssm:GetParameter", f"{parameter}/endpoint", {}),
        "ask": ("bedrock:InvokeModel", deployment, ours | kept),
        # What none of these tasks needs.
        "buy for another environment's model": ("bedrock:CreateProvisionedModelThroughput", model, theirs),
        "end another environment's": ("bedrock:DeleteProvisionedModelThroughput", throughput, theirs),
        "end what has no tags": ("bedrock:DeleteCustomModelDeployment", deployment, {}),
        "take over another environment's": (
            "bedrock:TagResource", throughput, theirs | {"aws:RequestTag/deployment": OURS},
        ),
        "give ours away": ("bedrock:TagResource", throughput, ours | {"aws:RequestTag/deployment": THEIRS}),
        "ask another environment's": ("bedrock:InvokeModel", deployment, theirs | kept),
        "name a champion": ("ssm:PutParameter", f"{parameter}/champion", {}),
        "read uploads": ("s3:GetObject", f"arn:aws:s3:::{INPUT}/input/sales.jsonl", {}),
        "change prices": ("s3:PutObject", f"arn:aws:s3:::{INPUT}/prices.json", {}),
        "forge a report": ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/runs/{RUN}/report.json", {}),
        "read another environment's report": ("s3:GetObject", f"arn:aws:s3:::{BUCKET}-eu/runs/{RUN}/report.json", {}),
        "delete a report": ("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/runs/{RUN}/report.json", {}),
        "delete a model": ("bedrock:DeleteCustomModel", model, ours),
        "stop a run": ("states:StopExecution", f"arn:aws:states:{REGION}:{account}:execution:{OURS}:run", {}),
    }  # fmt: skip
    principal = f"arn:aws:iam::{account}:role/colleague"
    return {
        name: AccessRequest(principal, action, (resource,), context, "person")
        for name, (action, resource, context) in wanted.items()
    }


SERVES = {
    "read a report", "read a report as JSON", "buy", "deploy", "tag what is made", "end",
    "name what applications call", "read the endpoint",
}  # fmt: skip
MAY = {
    "drop data": {"drop data"},
    "read reports": {"read a report", "read a report as JSON"},
    "approve": {"approve"},
    "serve": SERVES,
    "ask": {"read a report", "read a report as JSON", "ask"},
    "application": {"read the endpoint"},
    "application by tags": {"read the endpoint", "ask"},
    "application with a long format": {"read a report as JSON"},
}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_allows_its_own_task_alone(policy: str, colleague: Colleague) -> None:
    """Whoever may drop data cannot read a report, whoever serves cannot approve, nobody reaches another environment."""
    given = colleague.statements(POLICIES[policy])
    given = [one for one in given if one["Resource"]]
    wanted = acts(colleague.account)
    may = {name for name, request in wanted.items() if colleague.may(request, request.resources[0], given)}
    assert may == MAY[policy]


def test_an_application_asks_the_one_model_that_serves(colleague: Colleague, fine_tune: FineTune) -> None:
    """By its ARN, or by the tags of what the environment serves for applications."""
    team, ask = colleague.team, acts(colleague.account)["ask"]
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    [served] = [one["provisionedModelArn"] for one in team.throughputs]
    given = colleague.statements(POLICIES["application"])
    assert colleague.may(replace(ask, resources=(served,)), served, given)
    assert not colleague.may(ask, ask.resources[0], given)
