"""The lines at the end of a run's page: whoever runs them asks the model as the test set did."""

import html
import json
from typing import Any
from unittest.mock import Mock

import boto3
import pytest

from lambdas.domain.evaluation.endpoint import PromptFormat
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.run_report import SucceededReport
from lambdas.domain.report.use_section import use_lines
from tests.unit.reports import succeeded_report

MODEL = "arn:aws:bedrock:eu-west-1:123456789012:custom-model/m/abcdefghijkl"
FORMAT = PromptFormat(system="Be 'brief'.", template="{table}\n\nQuestion: {question}", inference={"maxTokens": 64})


def report(verdict: str, form: PromptFormat = FORMAT) -> SucceededReport:
    decision = succeeded_report().decision.dump() | {"verdict": verdict}
    return succeeded_report(custom_model_arn=MODEL, format=form.dump(), decision=decision)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The clients of the lines; the endpoint of the environment `team` names a target."""
    parameter = {"Parameter": {"Value": json.dumps({"target_arn": "arn:target"})}}
    clients = {
        "ssm": Mock(get_parameter=Mock(return_value=parameter)),
        "bedrock-runtime": Mock(converse=Mock(return_value={"output": {"message": {"content": [{"text": "42"}]}}})),
    }

    def client(service: str, *, region_name: str) -> Any:
        assert region_name == "eu-west-1"
        return clients[service]

    monkeypatch.setattr(boto3, "client", client)
    return clients


def run(lines: str | None) -> None:
    assert lines is not None
    exec(lines, {})  # noqa: S102 - whoever reads the page runs them


def test_the_lines_of_a_promoted_model_ask_what_the_endpoint_names(
    aws: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left to fill in but the question."""
    run(use_lines(report("promote"), "team"))
    aws["ssm"].get_parameter.assert_called_once_with(Name="/team/endpoint")
    aws["bedrock-runtime"].converse.assert_called_once_with(
        modelId="arn:target",
        system=[{"text": "Be 'brief'."}],
        messages=[{"role": "user", "content": [{"text": "…\n\nQuestion: …"}]}],
        inferenceConfig={"maxTokens": 64},
    )
    assert capsys.readouterr().out == "42\n"


def test_the_lines_of_a_model_that_is_not_promoted_do_not_ask_the_champion(aws: dict[str, Any]) -> None:
    run(use_lines(report("inconclusive"), "team"))
    aws["ssm"].get_parameter.assert_not_called()
    assert aws["bedrock-runtime"].converse.call_args.kwargs["modelId"] == "<the ARN of what serves it>"


def test_where_the_system_texts_vary_the_lines_have_a_place_for_it(aws: dict[str, Any]) -> None:
    """Without one the model would be asked as it was never trained to be."""
    varies = FORMAT.model_copy(update={"system": None, "system_varies": True})
    run(use_lines(report("promote", varies), "team"))
    asked = aws["bedrock-runtime"].converse.call_args.kwargs
    assert asked["system"] == [{"text": "<the system text of this question>"}]


def test_without_a_system_text_none_is_sent(aws: dict[str, Any]) -> None:
    run(use_lines(report("promote", FORMAT.model_copy(update={"system": None})), "team"))
    assert "system" not in aws["bedrock-runtime"].converse.call_args.kwargs


def test_the_page_names_the_environment_and_how_to_serve_the_model() -> None:
    promoted = html.unescape(render_page(report("promote"), Materials({}, {}, None, environment="team")))
    assert "/team/endpoint" in promoted
    assert "<environment>" not in promoted
    assert "fine-tune serve champion" in promoted
    # A folder that somebody has fetched does not tell of its environment.
    assert "/<environment>/endpoint" in html.unescape(render_page(report("promote"), Materials({}, {}, None)))
    other = render_page(report("reject"), Materials({}, {}, None, environment="team"))
    assert "fine-tune serve sales-0123456789ab" in other
