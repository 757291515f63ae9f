"""An application of the tuned model: a Lambda function that whoever may invoke it asks by the fields of the prompt.

`aws lambda invoke --function-name <name> --cli-binary-format raw-in-base64-out --payload '{"prompt": "…"}' answer.json`
"""

import json
import os
from typing import Any

import boto3


class NothingServesTheModelError(Exception):
    """The environment has a model, and nothing that serves it."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Takes the fields of the endpoint's template, and returns the answer with the run that the model is from."""
    endpoint = read_endpoint(os.environ["ENDPOINT_PARAMETER"])
    if endpoint["target_arn"] is None:
        raise NothingServesTheModelError(f"Nothing serves {endpoint['model_arn']}: start it, then ask again.")
    request: dict[str, Any] = {
        "modelId": endpoint["target_arn"],
        "messages": [{"role": "user", "content": [{"text": endpoint["template"].format(**event)}]}],
        "inferenceConfig": endpoint["inference"],
    }
    if endpoint["system"]:
        request["system"] = [{"text": endpoint["system"]}]
    answer = boto3.client("bedrock-runtime").converse(**request)
    return {"answer": answer["output"]["message"]["content"][0]["text"], "run_id": endpoint["run_id"]}


def read_endpoint(name: str) -> dict[str, Any]:
    """The parameter is read for each question: the next one after a promotion asks the new model."""
    return dict(json.loads(boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]))
