"""A finished run as its documents promise it: looked at with plain calls, and with none of the pipeline's code."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambdas.domain.core.counted import counted
from local.checkout import CHECKOUT

# A service's name → its boto3 client.
Clients = Callable[[str], Any]
PROMISED = (
    "preflight.json",
    "report.html",
    "report.json",
    "human_review.html",
    "errors.csv",
    "dataset/report.json",
    "dataset/test.jsonl",
    "dataset/train.jsonl",
    "evaluation/base.jsonl",
    "evaluation/tuned.jsonl",
)
TAGS = ("project", "deployment", "run-id")
SCHEMA = CHECKOUT / "docs" / "schemas" / "report.schema.json"
GOING_ON = ("InProgress", "Stopping")
# The operation that lists them, the key of its list, and that of a name.
BEDROCK_LISTS = {
    "throughput": ("list_provisioned_model_throughputs", "provisionedModelSummaries", "provisionedModelName"),
    "custom model deployment": (
        "list_custom_model_deployments",
        "modelDeploymentSummaries",
        "customModelDeploymentName",
    ),
    "unfinished customization job": ("list_model_customization_jobs", "modelCustomizationJobSummaries", "jobName"),
}


@dataclass(frozen=True)
class SmokeCheck:
    """What was looked at, and what is wrong with it: nothing, where all is well."""

    what: str
    problem: str = ""


@dataclass(frozen=True)
class FinishedRun:
    """An execution that has ended, and what its topic has told."""

    environment: str
    run_id: str
    execution: str
    output_bucket: str
    messages: list[str]


def check_run(clients: Clients, run: FinishedRun) -> Iterator[SmokeCheck]:
    """All that docs and README say of a run that has succeeded."""
    execution = clients("stepfunctions").describe_execution(executionArn=run.execution)
    ended = f"it is {execution['status']}: {execution.get('error')}: {execution.get('cause')}"
    yield SmokeCheck("the execution has succeeded", "" if execution["status"] == "SUCCEEDED" else ended)
    prefix = f"runs/{run.run_id}/"
    keys = [key.removeprefix(prefix) for key in _keys(clients, run.output_bucket, prefix)]
    missing = [key for key in PROMISED if key not in keys]
    if not any(key.startswith("customization/") for key in keys):
        missing.append("customization/")
    yield SmokeCheck("the output bucket has all files of the run", f"missing: {', '.join(missing)}" if missing else "")
    if "report.json" in keys:
        report = json.loads(_body(clients, run.output_bucket, f"{prefix}report.json"))
        yield from _of_report(clients, run, report)
    if not missing:
        yield _answers(clients, run.output_bucket, prefix)
    slots = list(_keys(clients, run.output_bucket, "throughput-slots/"))
    yield SmokeCheck("no slot is held", f"held: {', '.join(slots)}" if slots else "")
    told = any(run.run_id in message for message in run.messages)
    yield SmokeCheck(
        "the topic has told the result",
        "" if told else f"none of {counted(len(run.messages), 'message')} names the run",
    )
    for what, names in left_in_bedrock(clients, run.environment).items():
        yield SmokeCheck(f"no {what} is left", ", ".join(names))


def cost_of(report: dict[str, Any], most_usd: float) -> str:
    """What the run has cost by its report, without the month of storage: the model is deleted at once.

    Where no report tells, the most that it was estimated to cost.
    """
    actual = (report.get("cost") or {}).get("actual")
    if actual is None:
        return f"No report says what the run has cost. By the estimate it is at most {most_usd:.2f} USD on AWS."
    lines = [line for line in actual["lines"] if line["id"] != "storage"]
    known = sum(line["usd"] for line in lines if line["usd"] is not None)
    unknown = [line["item"] for line in lines if line["usd"] is None]
    would = "would have cost" if report.get("simulated") else "has cost"
    missing = f", without {', '.join(unknown)}, whose price is not known" if unknown else ""
    return f"By its report the run {would} {known:.2f} USD{missing}. Its model is deleted, and costs no storage."


def left_in_bedrock(clients: Clients, environment: str) -> dict[str, list[str]]:
    """The names of what bills or works in Bedrock for the environment, by kind."""
    bedrock, found = clients("bedrock"), {}
    for what, (operation, items, name) in BEDROCK_LISTS.items():
        pages = bedrock.get_paginator(operation).paginate()
        found[what] = [
            str(each[name])
            for page in pages
            for each in page[items]
            if each[name].startswith(f"{environment}-") and (name != "jobName" or each["status"] in GOING_ON)
        ]
    return found


def _of_report(clients: Clients, run: FinishedRun, report: dict[str, Any]) -> Iterator[SmokeCheck]:
    required = [*json.loads(SCHEMA.read_text())["required"], "cost"]
    missing = [key for key in required if key not in report]
    yield SmokeCheck("report.json has every key of its schema", f"missing: {', '.join(missing)}" if missing else "")
    if missing:
        return
    yield SmokeCheck(
        "report.json names the run", "" if report["run_id"] == run.run_id else f"it names {report['run_id']}"
    )
    model = report["custom_model_arn"]
    tags = {each["key"]: each["value"] for each in _tags(clients, model)}
    wrong = [name for name in TAGS if name not in tags]
    wrong += [name for name, value in _own(run).items() if tags.get(name, value) != value]
    yield SmokeCheck("the custom model has the run's tags", f"missing or wrong: {', '.join(wrong)}" if wrong else "")
    champion, promoted = _champion(clients, run.environment), report["decision"]["verdict"] == "promote"
    if promoted:
        named = champion is not None and champion.get("model_arn") == model
        yield SmokeCheck("the champion is the promoted model", "" if named else f"the parameter says {champion}")
    else:
        yield SmokeCheck("a model that is not promoted is no champion", "" if champion is None else f"it is {champion}")


def _own(run: FinishedRun) -> dict[str, str]:
    return {"deployment": run.environment, "run-id": run.run_id}


def _answers(clients: Clients, bucket: str, prefix: str) -> SmokeCheck:
    """Each arm has one line for each test record."""
    records = _lines(clients, bucket, f"{prefix}dataset/test.jsonl")
    answers = {arm: _lines(clients, bucket, f"{prefix}evaluation/{arm}.jsonl") for arm in ("base", "tuned")}
    wrong = [f"{arm} has {count} of {records}" for arm, count in answers.items() if count != records]
    return SmokeCheck("each arm has an answer to each test record", "; ".join(wrong))


def _champion(clients: Clients, environment: str) -> dict[str, Any] | None:
    try:
        parameter = clients("ssm").get_parameter(Name=f"/{environment}/champion")["Parameter"]
    except ClientError as error:
        if error.response["Error"].get("Code") != "ParameterNotFound":
            raise
        return None
    return dict(json.loads(parameter["Value"]))


def _tags(clients: Clients, arn: str) -> list[dict[str, str]]:
    return list(clients("bedrock").list_tags_for_resource(resourceARN=arn)["tags"])


def _keys(clients: Clients, bucket: str, prefix: str) -> Iterator[str]:
    for page in clients("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (entry["Key"] for entry in page.get("Contents", []))


def _body(clients: Clients, bucket: str, key: str) -> bytes:
    return bytes(clients("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def _lines(clients: Clients, bucket: str, key: str) -> int:
    return len(_body(clients, bucket, key).splitlines())
