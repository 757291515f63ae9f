"""What serves the run's tuned model, throughput or deployment, from the request to the verified deletion."""

from pydantic import ConfigDict, Field

from lambdas.domain.core.errors import ThroughputFailed, ThroughputNotDeleted
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.outside_text import sentence, shortened_to_bytes
from lambdas.domain.core.state_budget import REASON_BYTES
from lambdas.domain.core.timestamps import seconds_between
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import (
    CREATING,
    FAILED,
    IN_SERVICE,
    NOT_BOUGHT,
    ON_DEMAND,
    PROVISIONED,
    ServedModel,
    bills,
    deletion_command,
    noun,
)
from lambdas.domain.serving.polling import (
    DELETION_ATTEMPTS,
    DELETION_ATTEMPTS_IF_REFUSED,
    DEPLOYMENT_WAIT_SECONDS,
    LONGEST_DEPLOYMENT_CREATION_SECONDS,
    LONGEST_THROUGHPUT_CREATION_SECONDS,
    next_deletion_wait,
    next_throughput_wait,
)

# Service Quotas' code for "model units no-commitment Provisioned Throughputs across custom models".
CUSTOM_MODEL_UNITS_QUOTA = "L-BE77399C"

_ADVICE: dict[ServingKind, dict[str, str]] = {
    PROVISIONED: {
        "ServiceQuotaExceededException": "A new account has 0 model units without commitment. Ask in Service Quotas, "
        f"Amazon Bedrock, for at least {{units}} of {CUSTOM_MODEL_UNITS_QUOTA} (no-commitment model units across "
        "custom models) and of the quota of no-commitment model units for this base model.",
        "AccessDeniedException": "Check that the PurchaseThroughputOrDeploy function may buy throughput for it.",
        "ResourceNotFoundException": "Check that the custom model still exists.",
        "ValidationException": "Check that this base model can be served by Provisioned Throughput and is not legacy.",
        "TooManyTagsException": "Give fewer tags in run.json.",
    },
    ON_DEMAND: {
        "ServiceQuotaExceededException": "Delete custom model deployments that nobody needs (aws bedrock "
        "list-custom-model-deployments), or ask for more of them in Service Quotas, Amazon Bedrock.",
        "AccessDeniedException": "Check that the PurchaseThroughputOrDeploy function may deploy this custom model.",
        "ResourceNotFoundException": "Check that the custom model still exists.",
        "ValidationException": "Check that models tuned from this base model can be deployed on demand in this Region; "
        'where they cannot, "serving": "provisioned_throughput" in run.json is the other way.',
        "TooManyTagsException": "Give fewer tags in run.json.",
    },
}
_LONGEST_CREATION_SECONDS: dict[ServingKind, int] = {
    PROVISIONED: LONGEST_THROUGHPUT_CREATION_SECONDS,
    ON_DEMAND: LONGEST_DEPLOYMENT_CREATION_SECONDS,
}
_USUAL_CREATION: dict[ServingKind, str] = {PROVISIONED: "20 to 30 minutes", ON_DEMAND: "some minutes"}


class PlannedServing(Fact):
    """What `$.plan` says of serving; whatever else the plan has does not matter here."""

    model_config = ConfigDict(extra="ignore")

    kind: ServingKind = Field(validation_alias="serving")
    model_units: int
    tags: dict[str, str]


class Serving(Fact):
    """`$.serving`. Times are timestamps; what is not known yet is null.

    `kind` is null where the run failed before its plan said it. `status` has the words of a throughput: a deployment's
    Active is InService, and what could not be bought yet is NotBought, for the reason in `message`. `in_service_at` is
    Bedrock's own time of the change to InService where Bedrock tells it, else when it was first seen. `lease_ends_at`
    is when the reconciler deletes it whatever the run does, `answer_until` when the run gives up by itself.
    `waited_seconds` is the sum of the waits so far. `deleted_at` is when Bedrock first accepted the deletion; `deleted`
    is true once Bedrock no longer finds it. Of the `delete_attempts`, `refusals` were refused in a way that time alone
    does not heal.
    """

    kind: ServingKind | None
    name: str
    arn: str | None
    status: str | None = None
    message: str | None = None
    requested_at: str | None = None
    in_service_at: str | None = None
    lease_ends_at: str | None = None
    answer_until: str | None = None
    wait_seconds: int
    waited_seconds: int = 0
    delete_requested_at: str | None = None
    deleted: bool = False
    deleted_at: str | None = None
    delete_attempts: int = 0
    refusals: int = 0

    @property
    def identifier(self) -> str:
        """What Bedrock finds and deletes it by: its ARN, or its name where the ARN is not known."""
        return self.arn or self.name


def assume_serving(name: str, kind: ServingKind | None) -> Serving:
    """What may serve the run's model although no request was recorded: only its name is known."""
    return Serving(kind=kind, name=name, arn=None, wait_seconds=_next_wait(kind, 0))


def postpone_purchase(name: str, kind: ServingKind, reason: str) -> Serving:
    """Nothing could be bought yet: the run waits as for a slot, and comes back."""
    return assume_serving(name, kind).model_copy(
        update={"status": NOT_BOUGHT, "message": shortened_to_bytes(sentence(reason), REASON_BYTES)}
    )


def record_request(
    name: str, kind: ServingKind, arn: str, requested_at: str, lease_ends_at: str, answer_until: str
) -> Serving:
    """A throughput or deployment that Bedrock has just accepted to create."""
    return Serving(
        kind=kind,
        name=name,
        arn=arn,
        status=CREATING,
        requested_at=requested_at,
        lease_ends_at=lease_ends_at,
        answer_until=answer_until,
        wait_seconds=_next_wait(kind, 0),
    )


def require_lease(answer_until: str | None, lease_ends_at: str | None, now: str, doing: str) -> None:
    """Raises ThroughputFailed from `answer_until` on; `doing` is what the run has no time left for."""
    if answer_until is not None and now >= answer_until:
        raise ThroughputFailed(
            f"The lease ends at {lease_ends_at}, and what is left of it is kept for the deletion: no time "
            f"for {doing}. If the run needs more, deploy with a larger longest_lease_hours."
        )


def explain_refusal(
    name: str, kind: ServingKind, model_units: int, operation: str, code: str, message: str
) -> ThroughputFailed:
    """The error for a throughput or deployment that Bedrock would not make or describe."""
    advice = _ADVICE[kind].get(code, "Look the error code up in Bedrock's API reference.").format(units=model_units)
    return ThroughputFailed(f"Bedrock refused {operation} for {noun(kind)} {name}: {code}: {message} {advice}")


def check(serving: Serving, found: ServedModel, now: str) -> Serving:
    """The facts with Bedrock's answer.

    A change later than the creation is the one to InService. Bedrock's documentation does not promise that it notes
    that change: where it does not, the time of this answer stands for it, at most one polling interval late.

    Raises ThroughputFailed where it failed, where its lease is used up, or where all waits together reach two hours, of
    a deployment one. The waits are summed, not the clock read, so that the bound is the same where an emulator shortens
    them.
    """
    require_lease(serving.answer_until, serving.lease_ends_at, now, "answers")
    what = f"{noun(found.kind).capitalize()} {serving.name}"
    if found.status == IN_SERVICE:
        in_service_at = found.changed_at if found.changed_at > found.created_at else now
        return serving.model_copy(update={"status": found.status, "in_service_at": in_service_at})
    if found.status == FAILED:
        raise ThroughputFailed(f"{what} failed. Bedrock's message: {found.failure_message or 'none'} ({serving.arn}).")
    waited_seconds = serving.waited_seconds + serving.wait_seconds
    if waited_seconds >= _LONGEST_CREATION_SECONDS[found.kind]:
        raise ThroughputFailed(
            f"{what} is still {found.status} after {waited_seconds / 3600:.1f} hours of waiting ({serving.arn}); "
            f"creating one takes {_USUAL_CREATION[found.kind]}. Ask AWS Support about the Region's capacity."
        )
    return _waiting(serving, found.kind, waited_seconds).model_copy(update={"status": found.status})


def keep_waiting(serving: Serving, kind: ServingKind, busy: str, now: str) -> Serving:
    """The facts where AWS had no time to answer, with the next wait.

    It may bill meanwhile: the bounds are those of `check`. Raises ThroughputFailed.
    """
    require_lease(serving.answer_until, serving.lease_ends_at, now, "answers")
    waited_seconds = serving.waited_seconds + serving.wait_seconds
    if waited_seconds >= _LONGEST_CREATION_SECONDS[kind]:
        raise ThroughputFailed(
            f"AWS stayed busy: it is not known whether the {noun(kind)} {serving.arn} is in service after "
            f"{waited_seconds / 3600:.1f} hours of waiting. {busy}"
        )
    return _waiting(serving, kind, waited_seconds)


def _waiting(serving: Serving, kind: ServingKind, waited_seconds: int) -> Serving:
    wait_seconds = _next_wait(kind, waited_seconds)
    return serving.model_copy(update={"wait_seconds": wait_seconds, "waited_seconds": waited_seconds})


def mark_deleted(serving: Serving, now: str) -> Serving:
    """The facts once Bedrock no longer finds it; one that was seen gets `deleted_at` whoever deleted it."""
    deleted_at = serving.deleted_at or (now if serving.arn else None)
    return serving.model_copy(update={"status": None, "deleted": True, "deleted_at": deleted_at})


def count_attempt(serving: Serving, refusal: str | None, *, refused_for_good: bool, now: str, cost: str) -> Serving:
    """The facts after an attempt to delete it that did not (yet) remove it, with the wait before the next attempt.

    `refusal` is Bedrock's error on the attempt, None where Bedrock accepted the deletion; `refused_for_good` is true
    for one that time alone does not heal, `cost` what it costs (`hourly_cost`). Raises ThroughputNotDeleted when the
    attempts are used up; of refusals for good there are fewer, which other attempts before them do not use up.
    """
    attempts = serving.delete_attempts + 1
    refusals = serving.refusals + refused_for_good
    if attempts >= DELETION_ATTEMPTS or refusals >= DELETION_ATTEMPTS_IF_REFUSED:
        raise ThroughputNotDeleted(_call_for_a_person(serving, attempts, refusal, now, cost))
    return serving.model_copy(
        update={
            "deleted": False,
            "wait_seconds": next_deletion_wait(attempts),
            "delete_attempts": attempts,
            "refusals": refusals,
        }
    )


def _call_for_a_person(serving: Serving, attempts: int, refusal: str | None, now: str, cost: str) -> str:
    """What a person must know to end the billing."""
    requested_at, kind = serving.requested_at, serving.kind
    age = f"{seconds_between(requested_at, now) / 3600:.1f} hours old" if requested_at else "of unknown age"
    reason = f"Bedrock's last answer: {refusal}" if refusal else "Bedrock accepted the deletion but still finds it"
    return (
        f"{noun(kind).capitalize()} {serving.identifier} ({age}) still exists after {attempts} attempts to delete it "
        f"and {bills(kind, cost)}. {reason}. The reconciler goes on trying. Delete it now: "
        f"{deletion_command(kind, serving.identifier)}"
    )


def served_seconds(in_service_at: str | None, deleted_at: str | None) -> float | None:
    """From in service to the acceptance of the deletion; None where it never got so far."""
    if in_service_at is None or deleted_at is None:
        return None
    return max(0.0, seconds_between(in_service_at, deleted_at))


def _next_wait(kind: ServingKind | None, waited_seconds: int) -> int:
    return DEPLOYMENT_WAIT_SECONDS if kind == ON_DEMAND else next_throughput_wait(waited_seconds)
