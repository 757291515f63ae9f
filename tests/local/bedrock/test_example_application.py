"""examples/application against the simulated Bedrock: it gets the tuned model's answer."""

import importlib.util
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from lambdas.adapters.stores.endpoint_parameter import EndpointParameter, endpoint_name
from lambdas.domain.evaluation.endpoint import Endpoint, PromptFormat
from local.checkout import CHECKOUT
from tests.local.bedrock.conftest import BUCKET, TOKEN, Simulation, rows

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


REPORT_KEY = "runs/sales-0123456789ab/report.json"
FORMAT = PromptFormat(
    system="Reply with the answer only.",
    template="{table}\n\nQuestion: {question}",
    inference={"maxTokens": 64, "temperature": 0.0},
)


def name_endpoint(simulation: Simulation, *, serve: bool, form: PromptFormat = FORMAT) -> Endpoint:
    """As a promotion does, with the report that has the format."""
    model = simulation.complete_job_for(LLAMA_3_3)["outputModelArn"]
    target = None
    if serve:
        target = simulation.bedrock.create_custom_model_deployment(modelDeploymentName="served", modelArn=model)[
            "customModelDeploymentArn"
        ]
        simulation.clock.advance(480)
    endpoint = Endpoint(run_id="sales-0123456789ab", model_arn=model, target_arn=target, **dict(form))
    EndpointParameter(boto3.client("ssm", region_name="us-west-2")).write_endpoint(
        "team", endpoint, f"s3://{BUCKET}/{REPORT_KEY}"
    )
    simulation.s3.put_object(Bucket=BUCKET, Key=REPORT_KEY, Body=json.dumps({"format": form.dump()}).encode())
    return endpoint


def answer_to(simulation: Simulation, endpoint: Endpoint, prompt: str, system: str) -> str:
    """Asked as the model was trained."""
    direct = simulation.runtime.converse(
        modelId=endpoint.target_arn,
        system=[{"text": system}],
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        inferenceConfig=endpoint.inference,
    )
    return str(direct["output"]["message"]["content"][0]["text"])


def test_it_gets_the_tuned_model_s_answer(application: ModuleType, simulation: Simulation) -> None:
    """With the fields of the data set, and nothing of the format in its own code."""
    endpoint = name_endpoint(simulation, serve=True)
    prompt = rows(1)[0]["messages"][0]["content"]
    table, question = prompt.split("\n\nQuestion: ")
    given = application.handler({"table": table, "question": question}, None)
    assert given["run_id"] == endpoint.run_id
    assert endpoint.system is not None
    assert given["answer"] == answer_to(simulation, endpoint, prompt, endpoint.system)


LONG = FORMAT.model_copy(update={"system": "Reply with the answer only. " * 200})


def sent(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object]) -> dict[str, Any]:
    """What Bedrock is asked."""
    asked: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(dict(params))

    def client(service: str, *arguments: Any, **options: Any) -> Any:
        made = boto3.session.Session().client(service, *arguments, **options)  # type: ignore[call-overload]
        made.meta.events.register("before-parameter-build.bedrock-runtime.Converse", note)
        return made

    with monkeypatch.context() as watched:
        watched.setattr(boto3, "client", client)
        ask()
    [call] = asked
    return call


def test_a_format_that_is_too_long_for_the_parameter_is_read_from_the_report(
    application: ModuleType, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_endpoint(simulation, serve=True, form=LONG)
    call = sent(monkeypatch, lambda: application.handler({"table": "a | b", "question": "What is a?"}, None))
    assert call["system"] == [{"text": LONG.system}]
    assert call["messages"][0]["content"] == [{"text": "a | b\n\nQuestion: What is a?"}]
    assert call["inferenceConfig"] == LONG.inference


VARIES = FORMAT.model_copy(update={"system": None, "system_varies": True})


def test_where_the_records_had_several_system_texts_the_event_has_the_question_s(
    application: ModuleType, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one the model would be asked as it was never trained to be."""
    name_endpoint(simulation, serve=True, form=VARIES)
    fields = {"table": "a | b", "question": "What is a?"}
    with pytest.raises(application.NoSystemTextError, match="give this question's as `system`"):
        application.handler(fields, None)
    call = sent(monkeypatch, lambda: application.handler(fields | {"system": "Reply in French."}, None))
    assert call["system"] == [{"text": "Reply in French."}]


@pytest.mark.parametrize("form", [FORMAT, LONG], ids=["short", "long"])
def test_the_lines_in_the_docs_ask_as_the_model_was_trained(
    application: ModuleType, simulation: Simulation, form: PromptFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (CHECKOUT / "docs" / "use-the-model.md").read_text()
    lines = page.partition("```python\n")[2].partition("```")[0]
    filled = lines.replace("/fine-tuning/", "/team/").replace('prompt="…"', 'table="a | b", question="What is a?"')
    assert filled.count("/team/endpoint") == filled.count("What is a?") == 1
    endpoint = name_endpoint(simulation, serve=True, form=form)
    call = sent(monkeypatch, lambda: exec(filled, {}))  # noqa: S102 - whoever reads the page runs them
    assert call == {
        "modelId": endpoint.target_arn,
        "system": [{"text": form.system}],
        "messages": [{"role": "user", "content": [{"text": "a | b\n\nQuestion: What is a?"}]}],
        "inferenceConfig": form.inference,
    }


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


def test_its_role_may_read_reports_where_their_bucket_is_given_alone() -> None:
    template = json.loads((FOLDER / "template.json").read_text())
    reads = template["Resources"]["ReadReports"]
    assert template["Conditions"][reads["Condition"]] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "OutputBucket"}, ""]}]}
    assert template["Parameters"]["OutputBucket"]["Default"] == ""
    [statement] = reads["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:s3:::${OutputBucket}/runs/*/report.json"}
