"""What Bedrock's lists may not show yet: it is found by the names that a run gives, since Get does not lag behind."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from pydantic import ValidationError

from lambdas.adapters.aws.bedrock import Bedrock, Listed
from lambdas.adapters.aws.served_models import ServedModels
from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import run_id
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import noun
from lambdas.domain.serving.lease import Execution
from lambdas.domain.training.customization import IN_PROGRESS

# Notes a problem with what its text names, and goes on.
Noted = Callable[[str], AbstractContextManager[None]]


def run_of_execution(execution: Execution | Unknown | None) -> str | None:
    """The run that an execution has, by its input; somebody may start one by hand with anything."""
    if not isinstance(execution, Execution) or execution.input is None:
        return None
    try:
        return run_id(ObjectCreated.model_validate_json(execution.input).created())
    except (ValidationError, InvalidEvent):
        return None


def serving_of_names(kind: ServingKind, names: Sequence[str], models: ServedModels, noted: Noted) -> list[Listed]:
    """The throughputs or deployments of these names that exist."""
    found = []
    for name in names:
        with noted(f"{noun(kind)} {name}"):
            one = models.find(kind, name)
            if one is not None:
                found.append(Listed(one.arn, name, one.created_at, one.model_units))
    return found


def running_jobs_of_names(names: Sequence[str], bedrock: Bedrock, noted: Noted) -> list[Listed]:
    """The jobs of these names that are in progress."""
    found = []
    for name in names:
        with noted(f"job {name}"):
            job = bedrock.find_customization_job(name)
            if job is not None and job.status == IN_PROGRESS:
                found.append(Listed(job.arn, name, job.started_at, None))
    return found


def joined(listed: Sequence[Listed], found: Sequence[Listed]) -> list[Listed]:
    """What was listed, and what was found beside it."""
    arns = {one.arn for one in listed}
    return [*listed, *(one for one in found if one.arn not in arns)]
