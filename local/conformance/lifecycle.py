"""The checks that cost dollars: one job, its model, a deployment, a question, and the deletions.

Each state's time is measured. Whatever happens, what was created is deleted (`local.conformance.cleanup`).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.models.catalogue import BaseModelEntry
from local.conformance.belongings import Belongings, make_bucket, make_role, most_tokens, records
from local.conformance.calls import NO_ANSWER, AwsCaller, AwsRequest, AwsResponse, ClientMaker, Json
from local.conformance.check import DENIED, Outcome
from local.conformance.checks.foundation_models import INVALID, NOT_FOUND
from local.conformance.checks.inference import MESSAGES
from local.conformance.checks.questions import told_answer
from local.conformance.cleanup import BUCKET, ROLE, Cleaner
from local.conformance.expectations import Expectation, Has, Includes, Matches, answered, one_of, refused
from local.conformance.pace import Pace, RealTime, Time
from local.conformance.place import Place
from local.conformance.probe import Probe

_CONFLICT = "ConflictException"
_JOB = "model-customization-job"
_CUSTOM_MODEL_ARN = f"arn:aws:bedrock:*:custom-model/?*/{12 * '[a-z0-9]'}"


class StoppedError(Exception):
    """The life cycle cannot go on; the message says why."""


def cheapest(place: Place) -> BaseModelEntry | None:
    """Of the models that are served on demand, the one whose least job costs least; None where no price is known."""
    prices = default_prices().base_models
    priced = [
        (price.usd * most_tokens(entry), entry)
        for entry in place.entries
        if "on_demand" in entry.serving and (price := prices[entry.customization_id].training_per_1000_tokens)
    ]
    return min(priced, key=lambda one: one[0])[1] if priced else None


@dataclass
class Lifecycle:
    """One start. `left` has what was not deleted, `stopped` says why not all was checked."""

    place: Place
    region: str
    entry: BaseModelEntry
    maker: ClientMaker
    tell: Callable[[str], None] = lambda _: None
    time: Time = field(default_factory=RealTime)
    pace: Pace = field(default_factory=Pace)
    own: Belongings = field(init=False)
    left: list[str] = field(default_factory=list)
    stopped: str | None = None

    def __post_init__(self) -> None:
        self.own = Belongings(self.region)
        self._caller = AwsCaller(self.maker)
        self._probe = Probe(self._caller, self.region, self.pace, self.time)
        self.adapters = Adapters(Clients(InRegion(self.maker, self.region)))
        self._cleaner = Cleaner(self.adapters, self.own, self.pace, self.time)
        self._is_set_up = False
        # Whether a request that creates was sent without an answer: it may take effect later.
        self._creates = False

    @property
    def outcomes(self) -> list[Outcome]:
        """What the checks have seen so far."""
        return self._probe.outcomes

    @property
    def times(self) -> dict[str, float]:
        """Seconds by state."""
        return self._probe.times

    def run(self, uninterrupted: Callable[[], object]) -> None:
        """All checks, then the clean-up, for which `uninterrupted` makes Ctrl-C wait.

        botocore's ClientError where the caller may not make the role or the bucket: then nothing is left either.
        """
        try:
            try:
                role = self._set_up()
                self._clean_earlier()
                self._check_all(role)
            except StoppedError as error:
                self.stopped = str(error)
            finally:
                # A Ctrl-C up to the end of this call skips no clean-up.
                uninterrupted()
        finally:
            self._clean()

    def _set_up(self) -> str:
        """The role and the bucket; returns the role's ARN."""
        s3, iam, made = self.adapters.clients.s3, self.adapters.clients.iam, self._cleaner.made
        try:
            made.add(ROLE)
            role = make_role(iam, self.place.account, self.own)
            made.add(BUCKET)
            make_bucket(s3, self.own, records(self.entry))
        except ClientError as error:
            made.discard({"CreateRole": ROLE, "CreateBucket": BUCKET}.get(error.operation_name, ""))
            if error.response["Error"]["Code"] in DENIED:
                raise
            raise StoppedError(f"The job's role or bucket cannot be made: {error}") from error
        except BotoCoreError as error:
            raise StoppedError(f"The job's role or bucket cannot be made: {error}") from error
        self._is_set_up = True
        return role

    def _clean_earlier(self) -> None:
        self.tell("Deleting what an earlier start may have left …")
        left = [*self._cleaner.clean_bedrock(), *self._cleaner.clean_earlier()]
        if left:
            raise StoppedError(f"An earlier start has left what cannot be deleted: {'; '.join(left)}")

    def _clean(self) -> None:
        self.left = [f"whatever is named {self.own.name} or {self.own.bucket}: its deletion was cut short"]
        # A terminal that is closed takes no text.
        with suppress(OSError, SystemExit):
            self.tell("Deleting what was created …")
        # Before the bucket is there nothing is created in Bedrock.
        left = self._cleaner.clean_bedrock() if self._is_set_up else []
        if self._creates:
            left = self._cleaner.settle_interrupted()
        # The bucket is what the next start finds the rest by: it goes last.
        self.left = left or self._cleaner.clean_rest()

    # --- The steps ----------------------------------------------------------------------------------------------------

    def _check_all(self, role: str) -> None:
        job_arn = self._check_job(self._job_request(role))
        model_arn = self._check_completed(job_arn)
        self._check_model(model_arn)
        deployment_arn = self._check_deployment(model_arn)
        self._check_active(model_arn, deployment_arn)
        self._check_update(model_arn, deployment_arn)
        self._check_deletions(model_arn, deployment_arn)

    def _job_request(self, role: str) -> Json:
        tags = [{"key": key, "value": value} for key, value in self.own.tags().items()]
        return {
            "jobName": self.own.job_name,
            "customModelName": self.own.job_name,
            "clientRequestToken": f"{self.own.run_id}-customization",
            "roleArn": role,
            "baseModelIdentifier": self.entry.customization_id,
            "customizationType": "FINE_TUNING",
            "hyperParameters": {"epochCount": "1"},
            "trainingDataConfig": {"s3Uri": f"s3://{self.own.bucket}/train.jsonl"},
            "outputDataConfig": {"s3Uri": f"s3://{self.own.bucket}/output/"},
            "jobTags": tags,
            "customModelTags": tags,
        }

    def _check_job(self, request: Json) -> str:
        create, invalid = "CreateModelCustomizationJob", refused(INVALID)
        self.tell("Starting a job …")
        # Should AWS take them, the least is trained.
        for name, values in (("unknown", {"magic": "1", "epochCount": "1"}), ("out-of-range", {"epochCount": "0"})):
            wrong = {**request, "hyperParameters": values, "clientRequestToken": f"{self.own.run_id}-{name}"}
            self._check_create(f"hyperparameter-{name}", create, wrong, invalid)
        arn = self._created("job-starts", create, request, "jobArn")
        self._check_create("job-token-repeated", create, request, answered(one_of("jobArn", arn)))
        other = {**request, "clientRequestToken": f"{self.own.run_id}-other"}
        self._check_create("job-name-taken", create, other, refused(_CONFLICT))
        told = answered(
            one_of("jobName", self.own.job_name),
            one_of("jobArn", arn),
            one_of("status", "InProgress", "Completed"),
            one_of("trainingDataConfig.s3Uri", request["trainingDataConfig"]["s3Uri"]),
            Matches("baseModelArn", f"arn:aws:bedrock:*::foundation-model/{self.entry.customization_id}"),
            Has("creationTime"),
        )
        for how, identifier in (("name", self.own.job_name), ("arn", arn)):
            self._probe.check(f"job-told-by-{how}", "GetModelCustomizationJob", {"jobIdentifier": identifier}, told)
        listed = answered(Includes("modelCustomizationJobSummaries", (arn,), "jobArn"))
        named = {"nameContains": self.own.job_name}
        self._probe.check_soon("job-listed", "ListModelCustomizationJobs", named, listed)
        self._probe.check_tags("job", arn)
        return arn

    def _check_completed(self, arn: str) -> str:
        self.tell("Waiting for the job …")
        get = self._probe.request("GetModelCustomizationJob", {"jobIdentifier": arn})
        with self._probe.timed("job InProgress"):
            seen = self._probe.until(get, lambda told: told.get("status") != "InProgress", self.pace.job)
        told = answered(
            one_of("status", "Completed"),
            Matches("outputModelArn", _CUSTOM_MODEL_ARN),
            Has("endTime"),
            Has("trainingMetrics.trainingLoss", float),
            one_of("statusDetails.trainingDetails.status", "Completed"),
        )
        self._probe.judge("job-completes", seen, told)
        model_arn = (seen.answer or {}).get("outputModelArn")
        if not model_arn:
            raise StoppedError("The job has made no model: what needs one was not checked.")
        self._probe.check(
            "job-ended-cannot-be-stopped", "StopModelCustomizationJob", {"jobIdentifier": arn}, refused(_CONFLICT)
        )
        listing = AwsRequest("s3", "ListObjectsV2", {"Bucket": self.own.bucket, "Prefix": "output/"}, self.region)
        written = self._caller.send(listing)
        names = {"names": [one["Key"].rpartition("/")[2] for one in (written.answer or {}).get("Contents", [])]}
        files = Includes("names", ("step_wise_training_metrics.csv",))
        self._probe.judge("job-writes-metrics", AwsResponse(listing, names, written.refusal), answered(files))
        return str(model_arn)

    def _check_model(self, arn: str) -> None:
        told = answered(
            one_of("modelArn", arn),
            one_of("modelName", self.own.job_name),
            one_of("modelStatus", "Active"),
            Has("creationTime"),
            Matches("baseModelArn", f"arn:aws:bedrock:*::foundation-model/{self.entry.customization_id}"),
        )
        for how, identifier in (("name", self.own.job_name), ("arn", arn)):
            self._probe.check(f"model-told-by-{how}", "GetCustomModel", {"modelIdentifier": identifier}, told)
        listed = answered(Includes("modelSummaries", (arn,), "modelArn"))
        self._probe.check_soon(
            "model-listed", "ListCustomModels", {"isOwned": True, "nameContains": self.own.job_name}, listed
        )
        self._probe.check_tags("model", arn)
        self._probe.ask("model-is-not-asked-itself", arn, refused(INVALID))

    def _check_deployment(self, model_arn: str) -> str:
        self.tell("Deploying the model …")
        create = "CreateCustomModelDeployment"
        request: Json = {
            "modelDeploymentName": self.own.name,
            "modelArn": model_arn,
            "clientRequestToken": f"{self.own.run_id}-throughput",
            "tags": [{"key": key, "value": value} for key, value in self.own.tags().items()],
        }
        arn = self._created("deployment-starts", create, request, "customModelDeploymentArn")
        same = answered(one_of("customModelDeploymentArn", arn))
        self._check_create("deployment-token-repeated", create, request, same)
        other = {**request, "clientRequestToken": f"{self.own.run_id}-other"}
        self._check_create("deployment-name-taken", create, other, refused(INVALID))
        told = answered(
            one_of("customModelDeploymentArn", arn),
            one_of("modelDeploymentName", self.own.name),
            one_of("modelArn", model_arn),
            one_of("status", "Creating", "Active"),
            Has("createdAt"),
        )
        for how, identifier in (("name", self.own.name), ("arn", arn)):
            member = {"customModelDeploymentIdentifier": identifier}
            self._probe.check(f"deployment-told-by-{how}", "GetCustomModelDeployment", member, told)
        self._check_creating(model_arn, arn)
        return arn

    def _check_creating(self, model_arn: str, arn: str) -> None:
        """While it is Creating. Should AWS delete it then, what needs it is not checked."""
        member = {"customModelDeploymentIdentifier": arn}
        told = self._caller.send(self._probe.request("GetCustomModelDeployment", member)).answer or {}
        if told.get("status") != "Creating":
            return
        self._probe.ask("deployment-creating-answers-nothing", arn, refused("ModelNotReadyException"))
        mutating = refused(INVALID, naming="mutating state")
        self._probe.check("deployment-not-deleted-while-creating", "DeleteCustomModelDeployment", member, mutating)
        update = {**member, "modelArn": model_arn}
        self._probe.check("deployment-not-updated-while-creating", "UpdateCustomModelDeployment", update, mutating)

    def _check_active(self, model_arn: str, arn: str) -> None:
        get = self._probe.request("GetCustomModelDeployment", {"customModelDeploymentIdentifier": arn})
        with self._probe.timed("deployment Creating"):
            seen = self._probe.until(get, lambda told: told.get("status") != "Creating", self.pace.deployment)
        self._probe.judge("deployment-becomes-active", seen, answered(one_of("status", "Active"), Has("lastUpdatedAt")))
        if (seen.answer or {}).get("status") != "Active":
            raise StoppedError("The deployment does not become Active: what needs it was not checked.")
        listed = answered(Includes("modelDeploymentSummaries", (arn,), "customModelDeploymentArn"))
        of_model = {"modelArnEquals": model_arn}
        self._probe.check_soon("deployment-listed", "ListCustomModelDeployments", of_model, listed)
        self._probe.check_tags("deployment", arn)
        self._probe.ask("deployment-answers", arn, told_answer())
        count = {"modelId": arn, "input": {"converse": {"messages": MESSAGES}}}
        counting = AwsRequest("bedrock-runtime", "CountTokens", count, self.region)
        self._probe.judge("deployment-counts-no-tokens", self._caller.send(counting), refused(INVALID))
        deletion = {"modelIdentifier": model_arn}
        self._probe.check("model-in-use-is-not-deleted", "DeleteCustomModel", deletion, refused(_CONFLICT))

    def _check_update(self, model_arn: str, arn: str) -> None:
        """To the model that it has already: another one would cost another job."""
        self.tell("Updating the deployment …")
        member = {"customModelDeploymentIdentifier": arn}
        update = {**member, "modelArn": model_arn}
        same = answered(one_of("customModelDeploymentArn", arn))
        self._probe.check("deployment-update-starts", "UpdateCustomModelDeployment", update, same)
        get = self._probe.request("GetCustomModelDeployment", member)
        told = answered(
            one_of("status", "Active"),
            one_of("modelArn", model_arn),
            one_of("updateDetails.modelArn", model_arn),
            one_of("updateDetails.updateStatus", "Updating", "UpdateCompleted"),
        )
        seen = self._caller.send(get)
        self._probe.judge("deployment-update-is-told", seen, told)
        self._probe.ask("deployment-update-answers-meanwhile", arn, told_answer())
        if _is_updating(seen.answer or {}):
            mutating = refused(INVALID, naming="mutating state")
            self._probe.check("deployment-not-updated-while-updating", "UpdateCustomModelDeployment", update, mutating)
            self._probe.check("deployment-not-deleted-while-updating", "DeleteCustomModelDeployment", member, mutating)
            with self._probe.timed("deployment Updating"):
                seen = self._probe.until(get, lambda answer: not _is_updating(answer), self.pace.deployment)
        completed = answered(one_of("status", "Active"), one_of("updateDetails.updateStatus", "UpdateCompleted"))
        self._probe.judge("deployment-update-completes", seen, completed)

    def _check_deletions(self, model_arn: str, arn: str) -> None:
        self.tell("Deleting the deployment and the model …")
        member = {"customModelDeploymentIdentifier": arn}
        self._probe.check("deployment-is-deleted", "DeleteCustomModelDeployment", member, answered())
        get = self._probe.request("GetCustomModelDeployment", member)
        with self._probe.timed("deployment until it is gone"):
            seen = self._probe.until(get, lambda _: False, self.pace.deployment)
        self._probe.judge("deployment-is-gone", seen, refused(NOT_FOUND))
        self._probe.check("deployment-is-deleted-once", "DeleteCustomModelDeployment", member, refused(NOT_FOUND))
        self._probe.ask("deployment-gone-answers-nothing", arn, refused(NOT_FOUND))
        model = {"modelIdentifier": model_arn}
        self._probe.check("model-is-deleted", "DeleteCustomModel", model, answered())
        get = self._probe.request("GetCustomModel", model)
        with self._probe.timed("model until it is gone"):
            seen = self._probe.until(get, lambda _: False, self.pace.deployment)
        self._probe.judge("model-is-gone", seen, refused(NOT_FOUND))

    def _created(self, name: str, operation: str, parameters: Json, member: str) -> str:
        """Creates something, and says so meanwhile; the role may need a while until Bedrock knows it."""
        deadline = self.time.now() + self.pace.role
        while True:
            seen = self._sent_to_create(operation, parameters)
            message = seen.refusal.message.lower() if seen.refusal else ""
            if not any(word in message for word in ("role", "permission")) or self.time.now() >= deadline:
                break
            self.time.sleep(self.pace.poll)
        self._probe.judge(name, seen, answered(Has(member)))
        arn = (seen.answer or {}).get(member)
        if not arn:
            raise StoppedError(f"{operation} was refused: what needs it was not checked.")
        return str(arn)

    def _check_create(self, name: str, operation: str, parameters: Json, expects: Expectation) -> None:
        self._probe.judge(name, self._sent_to_create(operation, parameters), expects)

    def _sent_to_create(self, operation: str, parameters: Json) -> AwsResponse:
        """What came of a request that creates, or could."""
        before, self._creates = self._creates, True
        seen = self._caller.send(self._probe.request(operation, parameters))
        self._creates = before or (seen.refusal is not None and seen.refusal.code == NO_ANSWER)
        return seen


def _is_updating(told: Json) -> bool:
    return (told.get("updateDetails") or {}).get("updateStatus") == "Updating"


@dataclass(frozen=True)
class InRegion:
    """A maker as the adapters have one: of a single Region."""

    maker: ClientMaker
    region: str

    def client(self, service_name: str, *, config: object) -> object:
        """A client of the service in the Region."""
        made: object = self.maker.client(service_name, region_name=self.region, config=config)  # type: ignore[arg-type]
        return made
