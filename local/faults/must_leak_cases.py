"""The controls: cases that must leak, and must be seen to, since a harness that sees no leak proves nothing."""

from collections.abc import Iterator

from local.faults.batch_cases import UNENDING
from local.faults.case import (
    Case,
)
from local.faults.dataset import BATCHED, LONG, ON_DEMAND, SWEEP
from local.faults.rules import (
    STOPS_JOB,
    for_ever,
)


def must_leak_cases() -> Iterator[Case]:
    """What must leak, since nobody is allowed to remove it and the reconciler is switched off."""
    yield Case(
        "control/throughput",
        "the deletion is denied, and nothing reconciles",
        (for_ever("DeleteProvisionedModelThroughput"),),
        deployment="unguarded",
        must_leak="throughput",
        error="ThroughputNotDeleted",
    )
    yield Case(
        "control/deployment",
        "the deletion is denied, and nothing reconciles",
        (for_ever("DeleteCustomModelDeployment"),),
        deployment="unguarded",
        dataset=ON_DEMAND,
        must_leak="deployment",
        error="ThroughputNotDeleted",
    )
    yield Case(
        "control/job",
        "StopModelCustomizationJob is denied, and nothing reconciles",
        (for_ever("StopModelCustomizationJob"), *STOPS_JOB),
        deployment="unguarded",
        dataset=LONG,
        must_leak="job",
        error="CustomizationFailed",
    )
    yield Case(
        "control/batch-job",
        "its run may not look at it, and nothing reconciles",
        (UNENDING, for_ever("GetModelInvocationJob")),
        deployment="unguarded",
        dataset=BATCHED,
        must_leak="batch job",
    )
    yield Case(
        "control/model",
        "the deletion of the other models is denied, and nothing reconciles",
        (for_ever("DeleteCustomModel"),),
        deployment="unguarded",
        dataset=SWEEP,
        must_leak="model",
    )
