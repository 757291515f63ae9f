"""What Bedrock may leave out of a list's answer: the members are optional in its API model."""

from collections.abc import Callable

import pytest

from lambdas.adapters.adapters import Adapters
from tests.handlers.bedrock.conftest import Script


@pytest.mark.parametrize(
    ("operation", "listed"),
    [
        ("ListProvisionedModelThroughputs", lambda of: [*of.throughputs.list_all()]),
        ("ListCustomModelDeployments", lambda of: [*of.deployments.list_all()]),
        ("ListModelCustomizationJobs", lambda of: [*of.bedrock.list_running_jobs()]),
        (
            "ListTagsForResource",
            lambda of: of.bedrock.tags_of("arn:aws:bedrock:us-west-2:123456789012:provisioned-model/a"),
        ),
    ],
)
def test_an_answer_without_the_list_is_an_empty_one(
    bedrock: Script, operation: str, listed: Callable[[Adapters], object], adapters: Adapters
) -> None:
    """A turn of the reconciler that breaks off here would leave what bills."""
    bedrock.answer(operation, {})
    assert not listed(adapters)
