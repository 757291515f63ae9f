"""Finds what somebody has made to serve a run's model for applications, for whoever waits until it is in service."""

from collections.abc import Callable, Mapping

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import NotFound
from lambdas.domain.serving.kinds import ServedModel, noun
from lambdas.domain.serving.standing import NotEndedError, NotServedError, says_its_end
from lambdas.steps.serve_model import find_standing, require_not_served
from lambdas.steps.unserve_model import find_own_standing


def find_followed(
    environment: str, run_id: str, model_arn: str, *, bucket: str, adapters: Adapters, pause: Callable[[], bool]
) -> tuple[ServedModel, Mapping[str, str]]:
    """With its tags, which may not show at first; `pause` says whether there is still time. Raises NotServedError."""
    while True:
        one = _find(environment, run_id, model_arn, adapters)
        tags = _tags(one, adapters)
        if tags or not pause():
            break
    try:
        find_own_standing(environment, run_id, bucket=bucket, adapters=adapters)
    except NotEndedError as error:
        raise NotServedError(str(error)) from None
    if not says_its_end(tags):
        raise NotServedError(f"The tags of the {noun(one.kind)} {one.arn} do not say when it ends: it is not followed.")
    return one, tags


def _tags(one: ServedModel, adapters: Adapters) -> Mapping[str, str]:
    try:
        return adapters.bedrock.tags_of(one.arn)
    except NotFound:
        return {}


def _find(environment: str, run_id: str, model_arn: str, adapters: Adapters) -> ServedModel:
    found = find_standing(environment, run_id, adapters)
    if not found:
        require_not_served(environment, run_id, model_arn, adapters)
        raise NotServedError(f"Nothing serves the model of run {run_id}: there is nothing to follow.")
    one = found[0]
    if one.model_arn != model_arn:
        raise NotServedError(
            f"The {noun(one.kind)} {one.arn} serves {one.model_arn}, not {model_arn}, which the run {run_id} has "
            "trained: it is not followed."
        )
    return one
