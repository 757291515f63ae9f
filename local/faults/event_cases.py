"""The cases of what S3, EventBridge and people do: events twice or late, two runs for one slot, approvals."""

from collections.abc import Iterator

from local.faults.case import (
    SUCCEEDED,
    Action,
    Case,
)
from local.faults.rules import (
    TOO_LARGE,
    for_ever,
)


def event_cases() -> Iterator[Case]:
    """Events, and answers to a request for approval."""
    yield from events()
    yield from approvals()


def events() -> Iterator[Case]:
    """What S3 and EventBridge may do, and what two users may do."""
    for action in (Action.DUPLICATE_EVENT, Action.REORDERED_EVENTS, Action.LATE_SIBLINGS):
        yield Case(f"events/{action.replace(' ', '-')}", action, (), action)
    yield Case(
        "events/new-execution-of-a-failed-run",
        Action.NEW_EXECUTION,
        (for_ever("CreateModelCustomizationJob"),),
        Action.NEW_EXECUTION,
        error="CustomizationFailed",
    )
    yield Case(
        "events/late-settings",
        "run.json arrives after the data set was read",
        (),
        Action.LATE_SETTINGS,
        "RunPreflight",
        "before",
        error="PreflightFailed",
        buys_nothing=True,
        ends_as=frozenset({"FAILED"}),
    )
    yield Case(
        "events/new-execution-of-a-run-that-succeeded",
        Action.NEW_EXECUTION_OF_SUCCESS,
        (),
        Action.NEW_EXECUTION_OF_SUCCESS,
        ends_as=SUCCEEDED,
    )
    yield Case("events/two-runs-at-once", "two runs, one slot", (), deployment="single", holder=True, ends_as=SUCCEEDED)
    yield Case(
        "events/two-runs-one-stopped",
        "two runs, one slot: the one that has it is stopped",
        (),
        Action.STOP_HOLDER,
        deployment="single",
        holder=True,
        either_way=True,
        ends_as=SUCCEEDED,
    )


def approvals() -> Iterator[Case]:
    """Every way that a request for approval can end."""
    for action, ends_as, error in (
        (Action.APPROVE, "SUCCEEDED", None),
        (Action.REJECT, "FAILED", "NotApproved"),
        (Action.STOP, "ABORTED", None),
        (Action.EXPIRE_APPROVAL, "FAILED", "NotApproved"),
        (Action.APPROVE_AT_LENGTH, "FAILED", TOO_LARGE),
        (Action.REJECT_AT_LENGTH, "FAILED", TOO_LARGE),
    ):
        yield Case(
            f"approval/{'silence' if action is Action.EXPIRE_APPROVAL else action.replace(' ', '-')}",
            f"{'nobody answers' if action is Action.EXPIRE_APPROVAL else action} in RequestApproval",
            (),
            action,
            "RequestApproval",
            deployment="approval",
            error=error,
            buys_nothing=action is not Action.APPROVE,
            ends_as=frozenset({ends_as}),
        )
