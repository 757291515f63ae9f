"""What Bedrock may leave out of a list's answer: the members are optional in its API model."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.adapters.adapters import current
from tests.handlers.bedrock.conftest import Script


@pytest.mark.parametrize(
    ("operation", "listed"),
    [
        ("ListProvisionedModelThroughputs", lambda: [*current().throughputs.list_all()]),
        ("ListCustomModelDeployments", lambda: [*current().deployments.list_all()]),
        ("ListModelCustomizationJobs", lambda: [*current().bedrock.list_running_jobs()]),
        (
            "ListTagsForResource",
            lambda: current().bedrock.tags_of("arn:aws:bedrock:us-west-2:123456789012:provisioned-model/a"),
        ),
    ],
)
def test_an_answer_without_the_list_is_an_empty_one(bedrock: Script, operation: str, listed: Callable[[], Any]) -> None:
    """A turn of the reconciler that breaks off here would leave what bills."""
    bedrock.answer(operation, {})
    assert not listed()
