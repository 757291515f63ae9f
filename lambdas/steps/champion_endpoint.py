"""The endpoint by which applications call the champion, as the reconciler keeps it: it names nothing that is gone."""

from collections.abc import Collection

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import NotFound
from lambdas.domain.core.run import report_key
from lambdas.domain.evaluation.champion import Champion
from lambdas.domain.evaluation.endpoint import Endpoint, PromptFormat
from lambdas.domain.report.summary import PromotedReport
from lambdas.domain.serving.kinds import IN_SERVICE, ON_DEMAND, PROVISIONED, ServedModel
from lambdas.steps.champion_deployments import find_serving_champion
from lambdas.steps.observability import logger


class Unservable(Exception):  # noqa: N818 - it says it all
    """Why the champion cannot be served now."""


class ChampionEndpoint:
    """The endpoint of one environment. Every method raises ServiceBusy or Refused."""

    def __init__(self, environment: str, bucket: str, adapters: Adapters) -> None:
        self._environment, self._bucket, self._adapters = environment, bucket, adapters

    def read(self) -> Endpoint | None:
        """As it stands now."""
        return self._adapters.endpoint.read_endpoint(self._environment)

    def forget_what_is_gone(self) -> None:
        """Names nothing any more where somebody has deleted what it names."""
        endpoint = self.read()
        if endpoint is None or endpoint.target_arn is None or not _is_in_account(endpoint.target_arn, endpoint):
            return
        if self._find(endpoint.target_arn) is None:
            self._name_nothing(endpoint)

    def release(self, arn: str) -> None:
        """Names this no more, before it is deleted: applications are to see that nothing serves them, not an error."""
        endpoint = self.read()
        if endpoint is not None and endpoint.target_arn == arn:
            self._name_nothing(endpoint)

    def hand_over(self, arn: str) -> None:
        """The same, but names what the environment serves its champion with by itself, where that has the model."""
        endpoint = self.read()
        if endpoint is None or endpoint.target_arn != arn:
            return
        own = find_serving_champion(self._environment, endpoint.model_arn, self._adapters)
        if own is None or own.arn == arn:
            self._name_nothing(endpoint)
        else:
            self._name(own.arn, endpoint)

    def release_own(self) -> None:
        """The same for whatever of this environment it names."""
        endpoint = self.read()
        if endpoint is None or endpoint.target_arn is None or not _is_in_account(endpoint.target_arn, endpoint):
            return
        try:
            tags = self._adapters.bedrock.tags_of(endpoint.target_arn)
        except NotFound:
            tags = {"deployment": self._environment}
        if tags.get("deployment") == self._environment:
            self._name_nothing(endpoint)

    def wanted(self, champion: Champion, endpoint: Endpoint | None) -> Endpoint:
        """As applications are to ask the champion, whatever serves it; as it stands where it is of the same run.

        Raises Unservable.
        """
        if endpoint is not None and (endpoint.run_id, endpoint.model_arn) == (champion.run_id, champion.model_arn):
            return endpoint.model_copy(update={"target_arn": None})
        # In the environment's own bucket: that of an earlier one is out of reach.
        stored = self._adapters.objects.read(self._bucket, report_key(champion.prefix))
        if stored is None:
            raise Unservable(
                f"The champion's report is not in s3://{self._bucket}/{champion.prefix}: nobody knows how it must be "
                f"asked. Copy its run: aws s3 sync s3://{champion.bucket}/{champion.prefix} "
                f"s3://{self._bucket}/{champion.prefix}"
            )
        try:
            form = PromotedReport.model_validate_json(stored).format or PromptFormat()
        except ValueError as error:
            raise Unservable(f"The champion's report {champion.report} cannot be read.") from error
        wanted = Endpoint(run_id=champion.run_id, model_arn=champion.model_arn, **dict(form))
        return Endpoint.model_validate_json(wanted.render(champion.report))

    def serves_elsewhere(self, endpoint: Endpoint | None, champion: Champion, leaving: Collection[str]) -> bool:
        """Whether it names something else that serves the champion, as throughput that a person has bought."""
        if endpoint is None or endpoint.target_arn is None or endpoint.model_arn != champion.model_arn:
            return False
        if not _is_in_account(endpoint.target_arn, endpoint) or endpoint.target_arn in leaving:
            return False
        found = self._find(endpoint.target_arn)
        return found is not None and (found.status, found.model_arn) == (IN_SERVICE, champion.model_arn)

    def _find(self, arn: str) -> ServedModel | None:
        kind = PROVISIONED if ":provisioned-model/" in arn else ON_DEMAND
        return self._adapters.served_models.find(kind, arn)

    def _name_nothing(self, endpoint: Endpoint) -> None:
        if self._name(None, endpoint):
            logger.warning("Endpoint names nothing any more", extra={"target_arn": endpoint.target_arn})

    def _name(self, target_arn: str | None, endpoint: Endpoint) -> bool:
        """False where somebody has changed it since: what they name stays."""
        changed = endpoint.model_copy(update={"target_arn": target_arn})
        return self._adapters.endpoint.replace_endpoint(self._environment, endpoint, changed, endpoint.format_uri or "")


def have_same_form(one: Endpoint, other: Endpoint) -> bool:
    """Whether both are asked in the same way, as far as the parameter tells; a long form only its report tells."""
    if one.run_id == other.run_id:
        return True
    forms = [endpoint.model_dump(include=set(PromptFormat.model_fields)) for endpoint in (one, other)]
    return one.format_uri is None and other.format_uri is None and forms[0] == forms[1]


def _is_in_account(target_arn: str, endpoint: Endpoint) -> bool:
    """Whether Bedrock tells of the target here: a deployment or throughput in the model's account and Region."""
    if not any(f":{kind}/" in target_arn for kind in ("custom-model-deployment", "provisioned-model")):
        return False
    return target_arn.split(":")[3:5] == endpoint.model_arn.split(":")[3:5]
