"""What the environment serves its champion with by itself (`serve_champion`), as commands look at it."""

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import NotFound
from lambdas.domain.serving.champion_serving import serves
from lambdas.domain.serving.kinds import ServedModel
from lambdas.domain.serving.lease import is_proven_by_tags
from lambdas.domain.serving.standing import champion_names


def find_champion_deployments(environment: str, adapters: Adapters) -> list[ServedModel]:
    """The environment's own deployments, by their names and tags. Raises ServiceBusy and Refused."""
    found = (adapters.deployments.find(name) for name in champion_names(environment))
    return [one for one in found if one is not None and _is_own(one, environment, adapters)]


def find_serving_champion(environment: str, model_arn: str, adapters: Adapters) -> ServedModel | None:
    """The one of them that serves this model now. Raises ServiceBusy and Refused."""
    found = find_champion_deployments(environment, adapters)
    return next((one for one in found if serves(one, model_arn)), None)


def _is_own(deployment: ServedModel, environment: str, adapters: Adapters) -> bool:
    try:
        return is_proven_by_tags(adapters.bedrock.tags_of(deployment.arn), environment)
    except NotFound:
        return False
