"""The environment `team` with one run whose model is served, asked and ended by commands."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from cli import main
from cli.account import Account
from cli.environment import Environment
from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import bedrock_name, prefix, report_key
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.evaluation.champion import Champion
from lambdas.domain.evaluation.endpoint import Endpoint, PromptFormat
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.serving.slots import Holder
from local.bedrock.clock import as_datetime
from local.bedrock.settings import SimulationSettings
from stacks.settings import Settings
from tests.local.bedrock.conftest import BUCKET, HAIKU, Simulation

RUN = "sales-0123456789ab"
LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"
FORMAT = PromptFormat(system="Reply briefly.", template="{prompt}", inference={"maxTokens": 64})
REPORT_URI = f"s3://{BUCKET}/{report_key(prefix(RUN))}"


@dataclass
class Team:
    """The environment `team` with one run, and what its tests look at."""

    simulation: Simulation
    adapters: Adapters
    environment: Environment
    settings: Settings
    # None: somebody has destroyed the environment.
    stack_status: str | None = "UPDATE_COMPLETE"

    def describe_stacks(self) -> dict[str, Any]:
        """CloudFormation's answer."""
        if self.stack_status is None:
            error = {"Code": "ValidationError", "Message": "Stack with id team-pipeline does not exist"}
            answer: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(answer, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.stack_status}]}

    def set(self, **settings: Any) -> None:
        """Settings of the environment."""
        self.settings = self.settings.model_copy(update=settings)

    def now(self) -> str:
        """By the simulated clock."""
        return timestamp(as_datetime(self.simulation.clock.now()))

    def tune(self, base_model: str, **report: Any) -> str:
        """A run that has succeeded with a tuned model; returns the model's ARN."""
        name = bedrock_name("team", RUN, 1)
        arn: str = self.simulation.complete_job_for(base_model, name)["outputModelArn"]
        self.put_report(base_model, arn, **report)
        return arn

    def put_report(self, base_model: str, arn: str, **report: Any) -> None:
        """The run's report as it succeeded."""
        document = assemble_failure(RunFacts(RUN), "", "").dump() | {
            "status": "succeeded", "base_model": base_model, "custom_model_arn": arn, "format": FORMAT.dump(),
        } | report  # fmt: skip
        self.simulation.s3.put_object(
            Bucket=BUCKET,
            Key=report_key(prefix(RUN)),
            Body=json.dumps(document | {"error": report.get("error")}).encode(),
        )

    def name_champion(self, model_arn: str) -> None:
        champion = Champion(
            model_arn=model_arn, run_id=RUN, bucket=BUCKET, prefix=prefix(RUN), report=REPORT_URI, base_model=HAIKU,
            simulated=True, promoted_at=self.now(),
        )  # fmt: skip
        self.adapters.champion.write_champion("team", champion, None)
        endpoint = Endpoint(run_id=RUN, model_arn=model_arn, **dict(FORMAT))
        self.adapters.endpoint.write_endpoint("team", endpoint, REPORT_URI)

    @property
    def throughputs(self) -> list[dict[str, Any]]:
        found = self.simulation.bedrock.list_provisioned_model_throughputs()
        return list(found["provisionedModelSummaries"])

    @property
    def deployments(self) -> list[dict[str, Any]]:
        found = self.simulation.bedrock.list_custom_model_deployments()
        return list(found["modelDeploymentSummaries"])

    @property
    def slots(self) -> list[Holder]:
        return [each.holder for each in self.adapters.slots.held(BUCKET)]

    @property
    def target(self) -> str | None:
        endpoint = self.adapters.endpoint.read_endpoint("team")
        return endpoint.target_arn if endpoint else None

    def tags(self, arn: str) -> dict[str, str]:
        return self.adapters.bedrock.tags_of(arn)


FineTune = Callable[..., Result]


@pytest.fixture
def settings() -> SimulationSettings:
    """An account that has model units."""
    return SimulationSettings(no_commitment_model_units=2, custom_model_deployments=2)


@pytest.fixture
def team(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Whatever waits moves the simulated clock instead."""
    simulation.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    clients: dict[str, Any] = {
        "bedrock": simulation.bedrock,
        "service-quotas": simulation.quotas,
        "s3": simulation.s3,
        "ssm": boto3.client("ssm", region_name="us-west-2"),
        "cloudformation": Mock(),
        "stepfunctions": Mock(list_executions=lambda **_: {"executions": []}),
    }
    account = Account(Mock(client=lambda service, **_: clients[service]), "us-west-2", "arn:somebody")
    environment = Environment("team", account, BUCKET, BUCKET, "arn:machine", HAIKU)
    settings = Settings.model_validate({"model_unit_price_per_hour": 10, "max_throughputs": 1})
    monkeypatch.setattr("cli.account.account_of", lambda _: account)
    monkeypatch.setattr("cli.environment.environment_of", lambda *_: environment)
    monkeypatch.setattr("cli.serve.sleep", lambda _: simulation.clock.advance(60))
    made = Team(simulation, account.adapters, environment, settings)
    clients["cloudformation"].describe_stacks = lambda **_: made.describe_stacks()
    monkeypatch.setattr("cli.settings.settings_here", lambda: made.settings)
    for module in ("cli.serve", "cli.unserve", "lambdas.steps.serve_model", "lambdas.steps.unserve_model"):
        monkeypatch.setattr(f"{module}.now", made.now)
    return made


@pytest.fixture
def fine_tune(team: Team) -> FineTune:
    return lambda *words, **options: CliRunner().invoke(main.app, [str(word) for word in words], **options)
