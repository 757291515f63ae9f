"""What Bedrock may leave out of a list's answer: the members are optional in its API model."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.adapters.aws import bedrock as adapter
from lambdas.adapters.aws import custom_model_deployments
from tests.handlers.bedrock.conftest import Script


@pytest.mark.parametrize(
    ("operation", "listed"),
    [
        ("ListProvisionedModelThroughputs", adapter.list_throughputs),
        ("ListCustomModelDeployments", custom_model_deployments.list_all),
        ("ListModelCustomizationJobs", adapter.list_running_jobs),
        ("ListTagsForResource", lambda: adapter.tags_of("arn:aws:bedrock:us-west-2:123456789012:provisioned-model/a")),
    ],
)
def test_an_answer_without_the_list_is_an_empty_one(bedrock: Script, operation: str, listed: Callable[[], Any]) -> None:
    """A turn of the reconciler that breaks off here would leave what bills."""
    bedrock.answer(operation, {})
    assert not listed()
