"""docs/upgrade.md's way back to an earlier model: its commands of the AWS CLI, as calls to the embedded AWS."""

import re
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.core.run import prefix, report_key
from lambdas.domain.evaluation.champion import Champion
from lambdas.domain.evaluation.endpoint import Endpoint, PromptFormat
from local.checkout import CHECKOUT
from local.embedded_aws import EmbeddedAws
from tests.cli.test_documented_commands import words_of
from tests.local.conftest import Sandbox

NAME = "rolled-back"
FORMAT = PromptFormat(system="Reply briefly.", template="{table}\n\n{question}", inference={"maxTokens": 64})


def commands() -> list[str]:
    """Those of the section, in its order, for this environment."""
    section = (CHECKOUT / "docs" / "upgrade.md").read_text().partition("\n## Roll back\n")[2].partition("\n## ")[0]
    return [found.replace("<environment>", NAME) for found in re.findall(r"^aws ([^\n]+)$", section, re.MULTILINE)]


def call(aws: EmbeddedAws, command: str, folder: Path) -> dict[str, Any]:
    """The operation that the AWS CLI would call, with what it would send."""
    service, name, *words = words_of(command)
    client = aws.client(service)
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[name.replace("-", "_")])
    members = {f"--{xform_name(member, '-')}": member for member in operation.input_shape.members}
    given: dict[str, Any] = {}
    for word in words:
        if word.startswith("--"):
            last = members[word]
            given[last] = True
        else:
            given[last] = (folder / word.removeprefix("file://")).read_text() if word.startswith("file://") else word
    return dict(getattr(client, name.replace("-", "_"))(**given))


def promote(adapters: Adapters, run: str, version: int | None) -> int:
    """As a promoting run does; returns the version of the champion's parameter."""
    model, report = f"arn:aws:bedrock:us-east-1:1:custom-model/m/{run}", f"s3://out/{report_key(prefix(run))}"
    champion = Champion(
        model_arn=model, run_id=run, bucket="out", prefix=prefix(run), report=report, base_model="m",
        simulated=True, promoted_at="2026-11-20T10:00:00.000Z",
    )  # fmt: skip
    adapters.endpoint.write_endpoint(NAME, Endpoint(run_id=run, model_arn=model, **dict(FORMAT)), report)
    return adapters.champion.write_champion(NAME, champion, version)


def test_the_documented_commands_name_the_earlier_champion_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """Both parameters are again what they were, word for word."""
    aws = sandbox.aws
    adapters = Adapters(Clients(aws))
    version = promote(adapters, "first-0123456789ab", None)
    named, asked_by = adapters.champion.read_champion(NAME), adapters.endpoint.read_endpoint(NAME)
    assert named is not None
    promote(adapters, "second-0123456789ab", version)
    asked, wrote = commands()[:2], commands()[2:]
    for command, file in zip(asked, ("champion.json", "endpoint.json"), strict=True):
        earlier, latest = (one["Value"] for one in call(aws, command, tmp_path)["Parameters"])
        assert ("first-" in earlier, "second-" in latest) == (True, True)
        (tmp_path / file).write_text(earlier)
    assert [words_of(command)[1] for command in wrote] == ["put-parameter", "put-parameter"]
    for command in wrote:
        call(aws, command, tmp_path)
    assert adapters.champion.read_champion(NAME) == (named[0], version + 2)
    assert adapters.endpoint.read_endpoint(NAME) == asked_by


@pytest.mark.parametrize("file", ["champion.json", "endpoint.json"])
def test_the_value_is_given_by_a_file(file: str) -> None:
    """A shell would take the braces and quotes of a JSON apart."""
    assert any(f"--value file://{file}" in command for command in commands())
