"""`serve_champion` on the embedded AWS: an application asks all the while, and two further champions are swapped in.

The application is the one in examples/, its role that of docs/use-the-model.md. Permissions are enforced.
"""

import json
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from lambdas.domain.core.run import PROJECT, report_key
from lambdas.domain.core.timestamps import now
from local.checkout import CHECKOUT
from local.deployment import DeployedEnvironment, deploy, host_settings, run_cdk
from local.embedded_aws import ACCOUNT, EmbeddedAws, host_runtime
from local.permissions.denials import denials
from tests.local.bedrock.conftest import conversation, rows
from tests.local.conftest import make_role

pytestmark = pytest.mark.xdist_group("embedded-aws")
NAME = "fine-tuning"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
QUESTION = rows(1)[0]["messages"][0]["content"]
BRIEFLY = {
    "job_queue_seconds": 0,
    "job_validation_seconds": 0,
    "job_data_processing_seconds": 0,
    "job_training_seconds": 0,
    "job_training_seconds_per_record": 0,
    "deployment_creation_seconds": 120,
    "deployment_update_seconds": 120,
}
# What ends a test that waits for what never comes.
SECONDS_TO_COME = 600


@dataclass
class Champions:
    """Models that are trained and named the champion, and what the endpoint says."""

    aws: EmbeddedAws
    environment: DeployedEnvironment
    bucket: str = field(init=False)

    def __post_init__(self) -> None:
        self.bucket = self.environment.output_bucket
        self.s3, self.bedrock, self.ssm = (self.aws.client(name) for name in ("s3", "bedrock", "ssm"))
        roles = self.aws.client("iam").list_roles()["Roles"]
        [self.role] = [one["Arn"] for one in roles if "Customization" in one["RoleName"]]

    def promote(self, run: str, *, unit: str, system: str = "Reply with the answer only.") -> None:
        """Names the champion a model that answers in this unit, as a promoting run does."""
        prefix = f"runs/{run}/"
        records = [conversation(row) for row in rows(120)]
        for record in records:
            [text] = record["messages"][-1]["content"]
            text["text"] = text["text"].replace("million", unit)
        body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}dataset/train.jsonl", Body=body)
        tags = [{"key": key, "value": value} for key, value in (("project", PROJECT), ("deployment", NAME))]
        job = self.bedrock.create_model_customization_job(
            jobName=f"{NAME}-{run}-c1",
            customModelName=f"{NAME}-{run}-c1",
            roleArn=self.role,
            baseModelIdentifier=LLAMA,
            trainingDataConfig={"s3Uri": f"s3://{self.bucket}/{prefix}dataset/train.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{self.bucket}/{prefix}customization/c1/"},
            hyperParameters={},
            customModelTags=tags,
        )["jobArn"]
        told = until(
            lambda: self.bedrock.get_model_customization_job(jobIdentifier=job), lambda it: it["status"] != "InProgress"
        )
        model = told["outputModelArn"]
        form = {"system": system, "template": "{prompt}", "inference": {"maxTokens": 64}}
        report = {"base_model": LLAMA, "custom_model_arn": model, "format": form}
        self.s3.put_object(Bucket=self.bucket, Key=report_key(prefix), Body=json.dumps(report).encode())
        champion = {
            "model_arn": model, "run_id": run, "bucket": self.bucket, "prefix": prefix,
            "report": f"s3://{self.bucket}/{prefix}report.json", "base_model": LLAMA, "simulated": True,
            "promoted_at": now(),
        }  # fmt: skip
        self.ssm.put_parameter(Name=f"/{NAME}/champion", Value=json.dumps(champion), Type="String", Overwrite=True)

    def endpoint(self) -> dict[str, Any]:
        """What an application reads."""
        try:
            found = self.ssm.get_parameter(Name=f"/{NAME}/endpoint")["Parameter"]["Value"]
        except self.ssm.exceptions.ParameterNotFound:
            return {"run_id": None, "target_arn": None}
        return dict(json.loads(found))

    def wait_for(self, run: str) -> dict[str, Any]:
        """The endpoint once it names what serves the run's model."""
        found = until(self.endpoint, lambda it: it["run_id"] == run and it["target_arn"] is not None)
        return dict(found)

    def deployments(self) -> list[str]:
        listed = self.bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
        return sorted(one["customModelDeploymentName"] for one in listed)


def until(ask: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """The first answer that is enough."""
    deadline = time.monotonic() + SECONDS_TO_COME
    while not enough(answer := ask()):
        assert time.monotonic() < deadline, f"still {answer}"
        time.sleep(0.1)
    return answer


def documented_policy(region: str) -> dict[str, Any]:
    """The application's policy with `serve_champion`, from the page that users copy it from."""
    page = (CHECKOUT / "docs" / "use-the-model.md").read_text()
    [text] = [block for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "aws:ResourceTag" in block]
    for name, value in (("<region>", region), ("<account>", ACCOUNT), ("<environment>", NAME)):
        text = text.replace(name, value)
    return dict(json.loads(text))


def make_application(aws: EmbeddedAws) -> str:
    """The example's function; its name."""
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(CHECKOUT / "examples" / "application" / "handler.py", "handler.py")
    made = aws.client("lambda").create_function(
        FunctionName="application",
        Runtime=host_runtime()[0],
        Role=make_role(aws, "application", *documented_policy(aws.region)["Statement"]),
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=60,
        MemorySize=512,
        Environment={"Variables": {"ENDPOINT_PARAMETER": f"/{NAME}/endpoint"}},
    )
    return str(made["FunctionName"])


@contextmanager
def asking(aws: EmbeddedAws, function: str) -> Iterator[list[str]]:
    """Asks all the while; gives the answers, and the errors in their place."""
    functions, answers, over = aws.client("lambda"), list[str](), threading.Event()

    def ask() -> None:
        while not over.is_set():
            response = functions.invoke(FunctionName=function, Payload=json.dumps({"prompt": QUESTION}).encode())
            said = json.loads(response["Payload"].read())
            answers.append(str(said) if "FunctionError" in response else said["answer"])

    thread = threading.Thread(target=ask, name="application")
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def test_champions_are_swapped_without_a_failed_request_and_nothing_is_left(tmp_path: Path) -> None:
    """By an update, and by a second deployment where the form of asking differs; then the stacks are destroyed."""
    settings = {"serve_champion": "on_demand", "reconcile_minutes": "2"}
    with EmbeddedAws(tmp_path / "aws", time_scale=0.02, scaled_functions=True, bedrock_settings=BRIEFLY) as aws:
        champions = Champions(aws, deploy(aws, base_model=LLAMA, further=settings))
        function = make_application(aws)
        champions.promote("first-0123456789ab", unit="million")
        target = champions.wait_for("first-0123456789ab")["target_arn"]
        with asking(aws, function) as answers:
            champions.promote("second-0123456789ab", unit="thousand")
            assert champions.wait_for("second-0123456789ab")["target_arn"] == target
            champions.promote("third-0123456789ab", unit="billion", system="Answer briefly.")
            assert champions.wait_for("third-0123456789ab")["target_arn"] != target
            until(lambda: answers[-1], lambda last: "billion" in last)
        assert [answer for answer, _ in groupby(answers)] == ["100 million", "100 thousand", "100 billion"]
        # The one before answers for five minutes more, for whoever has kept the endpoint.
        assert champions.deployments() == [f"{NAME}-champion", f"{NAME}-champion-2"]
        run_cdk(aws, "destroy", {**host_settings(aws), "base_model": LLAMA, **settings}, "--force")
        assert champions.deployments() == []
        assert champions.endpoint()["target_arn"] is None
        assert denials(aws.decisions) == []
