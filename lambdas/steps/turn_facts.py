"""What a turn of the reconciler reads, and notes: claims, executions and tags, of which some cannot be read now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from pydantic import ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.service_errors import NotFound, Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Claim, claim_key
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.serving import lease
from lambdas.domain.serving.lease import Execution, Owner, Resource
from lambdas.domain.serving.reconciliation import Scope, Turn
from lambdas.domain.serving.standing import is_standing_name

# So long after their creation things without tags, and jobs of ended executions, may not show in what Bedrock lists.
LONGEST_LAG_SECONDS = 900


class TurnFacts:
    """Claims and executions are read once in a turn."""

    def __init__(self, scope: Scope, adapters: Adapters) -> None:
        self.scope = scope
        self.adapters = adapters
        self.turn = Turn()
        self.claim = cache(self._read_claim)
        self.execution = cache(self._read_execution)

    @contextmanager
    def noted(self, about: str) -> Iterator[None]:
        """Notes a problem and goes on."""
        try:
            yield
        except (ServiceBusy, Refused, ValidationError) as error:
            self.note(about, error)

    def note(self, about: str, error: ServiceBusy | Refused | ValidationError) -> Unknown:
        """Notes that something could not be found out or done."""
        busy = isinstance(error, ServiceBusy)
        self.turn.busy |= busy
        self.turn.problems.append(f"{about}: {error}" if busy else f"{about}: {error}.")
        return Unknown(str(error), busy)

    @contextmanager
    def without_bucket(self) -> Iterator[None]:
        """Where the data stack was deleted first, what its bucket held is gone, and keeps no pipeline from going."""
        try:
            yield
        except NotFound:
            if not self.scope.ending:
                raise

    def wait_for_tags(self, resource: Resource) -> None:
        """Lets the reconciliation take another turn where the tags may show by then."""
        self.turn.busy |= isinstance(resource.tags, Unknown) and resource.tags.busy

    def with_tags(self, listed: Listed, find: Callable[[], object | None]) -> Resource | None:
        """What was listed with its tags; None where Bedrock does not `find` it any more."""
        tags: dict[str, str] | Unknown
        try:
            tags = self.adapters.bedrock.tags_of(listed.arn)
        except NotFound:
            if find() is None:
                return None
            tags = {}
        except (ServiceBusy, Refused) as error:
            tags = Unknown(str(error), isinstance(error, ServiceBusy))
            # What has a foreign name, too, is nobody's concern here.
            unread = Resource(listed.arn, listed.name, listed.created_at, tags)
            environment = self.scope.terms.environment
            if lease.run_of(unread, environment) is not None or is_standing_name(environment, unread.name):
                self.note(f"the tags of {listed.arn}", error)
        if tags == {} and now() < later(listed.created_at, LONGEST_LAG_SECONDS):
            tags = Unknown("they do not show yet", busy=True)
        return Resource(listed.arn, listed.name, listed.created_at, tags)

    def owner(self, resource: Resource) -> Owner:
        """Of the run that the resource says it belongs to; its claim is believed before its tags.

        The role may not ask about executions of other environments, which tags of theirs name.
        """
        run_id = lease.run_of(resource, self.scope.terms.environment)
        if run_id is None:
            return Owner(None, None)
        claim = self.claim(run_id) if run_id else None
        tagged = None if isinstance(resource.tags, Unknown) else resource.tags.get("execution-arn")
        arn = claim.execution_arn if isinstance(claim, Claim) else tagged
        return Owner(claim, self.execution(arn) if arn else None)

    def _read_claim(self, run_id: str) -> Claim | Unknown | None:
        try:
            text = None
            with self.without_bucket():
                text = self.adapters.objects.read(self.scope.bucket, claim_key(run_id))
            return Claim.model_validate_json(text) if text is not None else None
        except (ServiceBusy, Refused, ValidationError) as error:
            return self.note(f"the claim of run {run_id}", error)

    def _read_execution(self, arn: str) -> Execution | Unknown | None:
        try:
            return self.adapters.executions.find(arn)
        except (ServiceBusy, Refused) as error:
            return self.note(f"execution {arn}", error)
