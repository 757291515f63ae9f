"""What in Bedrock has the names that a run gives: its own of an earlier attempt, or somebody else's."""

from collections.abc import Iterator

from lambdas.adapters import bedrock, clients
from lambdas.adapters.service_errors import Refused, named_errors
from lambdas.domain.preflight.names import Taken
from lambdas.domain.preflight.subject import Names

# A model is asked for by a name that may be no model's: Bedrock then calls it invalid, or not found.
_NO_SUCH_MODEL = {"ResourceNotFoundException", "ValidationException"}


def taken(run: Names) -> list[Taken]:
    """Jobs, custom models and throughputs with the run's names; raises ServiceBusy and Refused."""
    return [found for name in run.names for found in _of_name(name, run)]


def _of_name(name: str, run: Names) -> Iterator[Taken]:
    job = bedrock.find_customization_job(name)
    if job is not None:
        yield Taken("customization job", name, job.job["arn"], job.training_uri == run.training_uri)
    model_arn = _model_arn(name)
    if model_arn is not None:
        yield Taken("custom model", name, model_arn, _is_ours(model_arn, run))
    throughput = bedrock.find_throughput(name)
    if throughput is not None:
        yield Taken("Provisioned Throughput", name, throughput.arn, _is_ours(throughput.arn, run))


def _model_arn(name: str) -> str | None:
    try:
        with named_errors("GetCustomModel"):
            return clients.bedrock().get_custom_model(modelIdentifier=name)["modelArn"]
    except Refused as refusal:
        if refusal.code in _NO_SUCH_MODEL:
            return None
        raise


def _is_ours(arn: str, run: Names) -> bool:
    tags = bedrock.tags_of(arn)
    return (tags.get("deployment"), tags.get("run-id")) == (run.deployment, run.run_id)
