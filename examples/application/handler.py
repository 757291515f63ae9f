"""An application of the tuned model: a Lambda function that whoever may invoke it asks by the fields of the prompt.

`aws lambda invoke --function-name <name> --cli-binary-format raw-in-base64-out --payload '{"prompt": "…"}' answer.json`
"""

import json
import os
from typing import Any

import boto3


class NoSystemTextError(Exception):
    """The model was trained with several system texts, and the question has none."""


class NothingServesTheModelError(Exception):
    """The environment has a model, and nothing that serves it."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Takes the fields of the endpoint's template, and returns the answer with the run that the model is from.

    Where the records had several system texts (`system_varies`), the event has the question's own as `system`.
    """
    endpoint = read_endpoint(os.environ["ENDPOINT_PARAMETER"])
    if endpoint["target_arn"] is None:
        raise NothingServesTheModelError(f"Nothing serves {endpoint['model_arn']}: start it, then ask again.")
    trained = read_format(endpoint)
    system = event.get("system") if trained["system_varies"] else trained["system"]
    if trained["system_varies"] and not system:
        raise NoSystemTextError("The model was trained with several system texts: give this question's as `system`.")
    request: dict[str, Any] = {
        "modelId": endpoint["target_arn"],
        "messages": [{"role": "user", "content": [{"text": trained["template"].format(**event)}]}],
        "inferenceConfig": trained["inference"],
    }
    if system:
        request["system"] = [{"text": system}]
    answer = boto3.client("bedrock-runtime").converse(**request)
    return {"answer": answer["output"]["message"]["content"][0]["text"], "run_id": endpoint["run_id"]}


def read_endpoint(name: str) -> dict[str, Any]:
    """The parameter is read for each question: the next one after a promotion asks the new model."""
    return dict(json.loads(boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]))


def read_format(endpoint: dict[str, Any]) -> dict[str, Any]:
    """How the model is asked: the endpoint says it, or the run's report where the texts are too long for it."""
    if endpoint["format_uri"] is None:
        return endpoint
    bucket, key = endpoint["format_uri"].removeprefix("s3://").split("/", 1)
    report = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return dict(json.loads(report)["format"])
