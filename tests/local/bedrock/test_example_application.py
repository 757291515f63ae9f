"""examples/application against the simulated Bedrock: it gets the tuned model's answer."""

import importlib.util
import json
from types import ModuleType

import boto3
import pytest

from lambdas.adapters.stores.endpoint_parameter import EndpointParameter, endpoint_name
from lambdas.domain.evaluation.endpoint import Endpoint
from local.checkout import CHECKOUT
from tests.local.bedrock.conftest import TOKEN, Simulation, rows

LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"
FOLDER = CHECKOUT / "examples" / "application"


@pytest.fixture
def application(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The function, whose Bedrock is the simulated one and whose Systems Manager is moto's."""
    given = {
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": simulation.url,
        "ENDPOINT_PARAMETER": endpoint_name("team"),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    spec = importlib.util.spec_from_file_location("application", FOLDER / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_endpoint(simulation: Simulation, *, serve: bool) -> Endpoint:
    model = simulation.complete_job_for(LLAMA_3_3)["outputModelArn"]
    target = None
    if serve:
        target = simulation.bedrock.create_custom_model_deployment(modelDeploymentName="served", modelArn=model)[
            "customModelDeploymentArn"
        ]
        simulation.clock.advance(480)
    endpoint = Endpoint(
        system="Reply with the answer only.",
        template="{table}\n\nQuestion: {question}",
        inference={"maxTokens": 64, "temperature": 0.0},
        run_id="sales-0123456789ab",
        model_arn=model,
        target_arn=target,
    )
    EndpointParameter(boto3.client("ssm", region_name="us-west-2")).write_endpoint(
        "team", endpoint, "s3://out/report.json"
    )
    return endpoint


def test_it_gets_the_tuned_model_s_answer(application: ModuleType, simulation: Simulation) -> None:
    """With the fields of the data set, and nothing of the format in its own code."""
    endpoint = name_endpoint(simulation, serve=True)
    prompt = rows(1)[0]["messages"][0]["content"]
    table, question = prompt.split("\n\nQuestion: ")
    given = application.handler({"table": table, "question": question}, None)
    assert given["run_id"] == endpoint.run_id
    assert endpoint.system is not None
    direct = simulation.runtime.converse(
        modelId=endpoint.target_arn,
        system=[{"text": endpoint.system}],
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        inferenceConfig=endpoint.inference,
    )
    assert given["answer"] == direct["output"]["message"]["content"][0]["text"]


def test_without_anything_that_serves_it_says_so(application: ModuleType, simulation: Simulation) -> None:
    """A call of null would be refused with words about a parameter."""
    name_endpoint(simulation, serve=False)
    with pytest.raises(application.NothingServesTheModelError, match="Nothing serves arn:aws:bedrock:"):
        application.handler({}, None)


def test_its_role_may_ask_the_target_and_read_the_parameter_alone() -> None:
    """As docs/use-the-model.md says; logs aside."""
    template = json.loads((FOLDER / "template.json").read_text())
    [policy] = template["Resources"]["Role"]["Properties"]["Policies"]
    allowed = {str(each["Action"]): each["Resource"] for each in policy["PolicyDocument"]["Statement"]}
    assert allowed.pop("bedrock:InvokeModel") == {"Ref": "TargetArn"}
    assert allowed.pop("ssm:GetParameter")["Fn::Sub"].endswith(":parameter/${Environment}/endpoint")
    assert list(allowed.values()) == [{"Fn::GetAtt": ["Logs", "Arn"]}]
