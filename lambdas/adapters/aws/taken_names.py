"""What in Bedrock has the names that a run gives: its own of an earlier attempt, or somebody else's."""

from collections.abc import Iterator
from itertools import product

from lambdas.adapters.aws.bedrock import Bedrock
from lambdas.adapters.aws.served_models import ServedModels
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.preflight.names import Taken
from lambdas.domain.preflight.subject import Names
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED


class TakenNames:
    """What has the names of a run."""

    def __init__(self, bedrock: Bedrock, served_models: ServedModels) -> None:
        self._bedrock = bedrock
        self._served_models = served_models

    def taken(self, run: Names) -> list[Taken]:
        """Jobs, custom models, throughputs and deployments with the run's names; raises ServiceBusy and Refused."""
        made = [found for name in run.candidates for found in self._of_candidate(name, run)]
        return [*made, *self._serving(run)]

    def _of_candidate(self, name: str, run: Names) -> Iterator[Taken]:
        job = self._bedrock.find_customization_job(name)
        if job is not None:
            yield Taken("customization job", name, job.arn, job.training_uri == run.training_uri)
        model_arn = self._bedrock.find_custom_model(name)
        if model_arn is not None:
            yield Taken("custom model", name, model_arn, self._is_ours(model_arn, run))

    def _serving(self, run: Names) -> Iterator[Taken]:
        words: dict[ServingKind, str] = {PROVISIONED: "Provisioned Throughput", ON_DEMAND: "deployment"}
        for kind, name in product(words, run.served):
            found = self._served_models.find(kind, name)
            if found is not None:
                yield Taken(words[kind], name, found.arn, self._is_ours(found.arn, run))

    def _is_ours(self, arn: str, run: Names) -> bool:
        tags = self._bedrock.tags_of(arn)
        return (tags.get("deployment"), tags.get("run-id")) == (run.environment, run.run_id)
