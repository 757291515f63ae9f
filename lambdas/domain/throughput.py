"""The throughput's facts in the run (`$.throughput`): bought without commitment, it bills until it is deleted."""

from typing import TypedDict

from lambdas.domain.errors import ThroughputFailed, ThroughputNotDeleted
from lambdas.domain.polling import (
    DELETION_ATTEMPTS,
    DELETION_ATTEMPTS_IF_REFUSED,
    LONGEST_THROUGHPUT_CREATION_SECONDS,
    THROUGHPUT_WAIT_SECONDS,
    next_deletion_wait,
    next_throughput_wait,
)
from lambdas.domain.timestamps import seconds_between

CREATING = "Creating"
IN_SERVICE = "InService"
FAILED = "Failed"

# Service Quotas' code for "model units no-commitment Provisioned Throughputs across custom models".
CUSTOM_MODEL_UNITS_QUOTA = "L-BE77399C"

_ADVICE = {
    "ServiceQuotaExceededException": "A new account has 0 model units without commitment. Ask in Service Quotas, "
    f"Amazon Bedrock, for at least {{units}} of {CUSTOM_MODEL_UNITS_QUOTA} (no-commitment model units across custom "
    "models) and of the quota of no-commitment model units for this base model.",
    "AccessDeniedException": "Check that the PurchaseThroughput function may buy throughput for this custom model.",
    "ResourceNotFoundException": "Check that the custom model still exists.",
    "ValidationException": "Check that this base model can be served by Provisioned Throughput and is not legacy.",
    "TooManyTagsException": "Give fewer tags in run.json.",
}


class Throughput(TypedDict):
    """`$.throughput`. Times are timestamps; what is not known yet is null.

    `in_service_at` is Bedrock's own time of the change to InService where it tells it, else when it was first seen.
    `lease_ends_at` is when the reconciler deletes it whatever the run does, `answer_until` when the run gives up by
    itself. `waited_seconds` is the sum of the waits asked for so far. `deleted_at` is when Bedrock first accepted the
    deletion; `deleted` is true once it can no longer be found. Of the `delete_attempts`, `refusals` were refused in a
    way that time alone does not heal.
    """

    name: str
    arn: str | None
    status: str | None
    requested_at: str | None
    in_service_at: str | None
    lease_ends_at: str | None
    answer_until: str | None
    wait_seconds: int
    waited_seconds: int
    delete_requested_at: str | None
    deleted: bool
    deleted_at: str | None
    delete_attempts: int
    refusals: int


def unrecorded(name: str) -> Throughput:
    """A throughput of which the run knows nothing but the name it would have."""
    return {
        "name": name,
        "arn": None,
        "status": None,
        "requested_at": None,
        "in_service_at": None,
        "lease_ends_at": None,
        "answer_until": None,
        "wait_seconds": THROUGHPUT_WAIT_SECONDS,
        "waited_seconds": 0,
        "delete_requested_at": None,
        "deleted": False,
        "deleted_at": None,
        "delete_attempts": 0,
        "refusals": 0,
    }


def purchased(name: str, arn: str, requested_at: str, lease_ends_at: str, answer_until: str) -> Throughput:
    """A throughput that Bedrock has just accepted to create."""
    return {
        **unrecorded(name),
        "arn": arn,
        "status": CREATING,
        "requested_at": requested_at,
        "lease_ends_at": lease_ends_at,
        "answer_until": answer_until,
    }


def require_lease(answer_until: str | None, lease_ends_at: str | None, now: str, doing: str) -> None:
    """Raises ThroughputFailed from `answer_until` on; `doing` is what the run has no time left for."""
    if answer_until is not None and now >= answer_until:
        raise ThroughputFailed(
            f"The throughput's lease ends at {lease_ends_at}, and what is left of it is kept for the deletion: no time "
            f"for {doing}. If the run needs more, deploy with a larger longest_lease_hours, then upload the data set "
            "again."
        )


def refused(name: str, model_units: int, operation: str, code: str, message: str) -> ThroughputFailed:
    """The error for a throughput that Bedrock would not sell or describe."""
    advice = _ADVICE.get(code, "Look the error code up in Bedrock's API reference.").format(units=model_units)
    return ThroughputFailed(f"Bedrock refused {operation} for throughput {name}: {code}: {message} {advice}")


def checked(
    throughput: Throughput, status: str, created_at: str, changed_at: str, failure_message: str | None, now: str
) -> Throughput:
    """The throughput with Bedrock's answer; `changed_at` is Bedrock's time of the last change.

    A change later than the creation is the one to InService. Bedrock's documentation does not promise that it notes
    that change: where it does not, the time of this answer stands for it, at most one polling interval late.

    Raises ThroughputFailed where it failed, where its lease is used up, or where all waits together reach two hours.
    The waits are summed, not the clock read, so that the bound is the same where an emulator shortens them.
    """
    throughput = {**throughput, "status": status}
    require_lease(throughput["answer_until"], throughput["lease_ends_at"], now, "answers")
    if status == IN_SERVICE:
        return {**throughput, "in_service_at": changed_at if changed_at > created_at else now}
    if status == FAILED:
        raise ThroughputFailed(
            f"Throughput {throughput['name']} failed. Bedrock's message: {failure_message or 'none'} "
            f"({throughput['arn']}). Upload the data set again to start a new run."
        )
    waited_seconds = throughput["waited_seconds"] + throughput["wait_seconds"]
    if waited_seconds >= LONGEST_THROUGHPUT_CREATION_SECONDS:
        raise ThroughputFailed(
            f"Throughput {throughput['name']} is still {status} after {waited_seconds / 3600:.1f} hours of waiting "
            f"({throughput['arn']}); creating one takes 20 to 30 minutes. Ask AWS Support about the Region's capacity, "
            "then upload the data set again."
        )
    return {**throughput, "wait_seconds": next_throughput_wait(waited_seconds), "waited_seconds": waited_seconds}


def gone(throughput: Throughput, now: str) -> Throughput:
    """The throughput after Bedrock no longer finds it; one that was seen gets `deleted_at` whoever deleted it."""
    deleted_at = throughput["deleted_at"] or (now if throughput["arn"] else None)
    return {**throughput, "status": None, "deleted": True, "deleted_at": deleted_at}


def still_there(throughput: Throughput, refusal: str | None, refused_for_good: bool, now: str, cost: str) -> Throughput:
    """The throughput after an attempt to delete it that did not (yet) remove it, with the wait before the next attempt.

    `refusal` is Bedrock's error on the attempt, null where it accepted the deletion; `refused_for_good` is true for one
    that time alone does not heal, `cost` what it costs (`hourly_cost`). Raises ThroughputNotDeleted when the attempts
    are used up; of refusals for good there are fewer, which other attempts before them do not use up.
    """
    attempts = throughput["delete_attempts"] + 1
    refusals = throughput["refusals"] + refused_for_good
    if attempts >= DELETION_ATTEMPTS or refusals >= DELETION_ATTEMPTS_IF_REFUSED:
        raise ThroughputNotDeleted(_not_deleted(throughput, attempts, refusal, now, cost))
    return {
        **throughput,
        "deleted": False,
        "wait_seconds": next_deletion_wait(attempts),
        "delete_attempts": attempts,
        "refusals": refusals,
    }


def _not_deleted(throughput: Throughput, attempts: int, refusal: str | None, now: str, cost: str) -> str:
    """What a person must know to end the billing."""
    requested_at = throughput["requested_at"]
    age = f"{seconds_between(requested_at, now) / 3600:.1f} hours old" if requested_at else "of unknown age"
    identifier = throughput["arn"] or throughput["name"]
    reason = f"Bedrock's last answer: {refusal}" if refusal else "Bedrock accepted the deletion but still finds it"
    return (
        f"Throughput {identifier} ({age}) still exists after {attempts} attempts to delete it and BILLS BY THE HOUR "
        f"until it is deleted: {cost}. {reason}. The reconciler goes on trying. Delete it now: "
        f"{deletion_command(identifier)}"
    )


def hourly_cost(model_units: int | None, price: float | None) -> str:
    """`1 model unit at 42.00 USD = 42.00 USD an hour`; says so where units or price are not known."""
    units = f"{model_units or 'an unknown number of'} model unit{'' if model_units == 1 else 's'}"
    if price is None:
        return f"{units} at a price an hour that the deployment does not know (setting model_unit_price_per_hour)"
    if model_units is None:
        return f"{units} at {price:.2f} USD an hour each"
    return f"{units} at {price:.2f} USD = {model_units * price:.2f} USD an hour"


def deletion_command(identifier: str) -> str:
    """The AWS CLI's command for a name or ARN."""
    return f"aws bedrock delete-provisioned-model-throughput --provisioned-model-id {identifier}"


def billed_seconds(in_service_at: str | None, deleted_at: str | None) -> float | None:
    """From in service to the acceptance of the deletion; null where it never got so far."""
    if in_service_at is None or deleted_at is None:
        return None
    return max(0.0, seconds_between(in_service_at, deleted_at))
