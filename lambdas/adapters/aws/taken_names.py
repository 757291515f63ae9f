"""What in Bedrock has the names that a run gives: its own of an earlier attempt, or somebody else's."""

from collections.abc import Iterator

from lambdas.adapters.aws import bedrock, custom_model_deployments
from lambdas.domain.preflight.names import Taken
from lambdas.domain.preflight.subject import Names


def taken(run: Names) -> list[Taken]:
    """Jobs, custom models, throughputs and deployments with the run's names; raises ServiceBusy and Refused."""
    return [found for name in run.names for found in _of_name(name, run)]


def _of_name(name: str, run: Names) -> Iterator[Taken]:
    job = bedrock.find_customization_job(name)
    if job is not None:
        yield Taken("customization job", name, job.job["arn"], job.training_uri == run.training_uri)
    model_arn = bedrock.find_custom_model(name)
    if model_arn is not None:
        yield Taken("custom model", name, model_arn, _is_ours(model_arn, run))
    served = {"Provisioned Throughput": bedrock.find_throughput, "deployment": custom_model_deployments.find}
    for kind, find in served.items():
        found = find(name)
        if found is not None:
            yield Taken(kind, name, found.arn, _is_ours(found.arn, run))


def _is_ours(arn: str, run: Names) -> bool:
    tags = bedrock.tags_of(arn)
    return (tags.get("deployment"), tags.get("run-id")) == (run.deployment, run.run_id)
