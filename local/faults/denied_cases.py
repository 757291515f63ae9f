"""The cases of permissions that go in the middle of what bills, and of calls beside those that make and delete."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import ABORTED, ENDED, FAILED, SUCCEEDED, Action, Case, Target, each_operation
from local.faults.dataset import LONG, LONG_SWEEP, ON_DEMAND, PLAIN, SWEEP, DataSet
from local.faults.rules import DEPLOYMENT_STUCK, JOB_STUCK, STOPS_JOB

BRIEFLY = ("throttled for a minute", "access denied")
OF_READS = (*BRIEFLY, "dropped before the effect", "function killed before the effect")
# The preflight's calls name no run: these hit one deployment, which has one case at a time.
PREFLIGHT: Mapping[str, Any] = {"caller": "listing.run_preflight", "deployment": "listing"}
AFTER_STOP: Mapping[str, Any] = {"action": Action.STOP, "ends_as": ABORTED, "fails": BRIEFLY}
READS = (
    Target("DiscardModels-ListTags", "ListTagsForResource", "discard_models", dataset=SWEEP, fails=OF_READS),
    Target("DiscardModels-GetCustomModel", "GetCustomModel", "discard_models", dataset=SWEEP, fails=OF_READS),
    Target(
        "preflight-GetFoundationModelAvailability",
        "GetFoundationModelAvailability",
        fails=(*OF_READS, "internal error"),
        **PREFLIGHT,
    ),
    Target("preflight-ListServiceQuotas", "ListServiceQuotas", fails=BRIEFLY, **PREFLIGHT),
    Target("preflight-List", "ListProvisionedModelThroughputs", fails=BRIEFLY, **PREFLIGHT),
    Target(
        "StopExecution+GetJob",
        "GetModelCustomizationJob",
        "reconcile_throughput",
        leads_there=(JOB_STUCK,),
        state="WaitForJobs",
        dataset=LONG,
        **AFTER_STOP,
    ),
    Target(
        "StopExecution+GetDeployment",
        "GetCustomModelDeployment",
        "reconcile_throughput",
        leads_there=(DEPLOYMENT_STUCK,),
        state="WaitForServing",
        dataset=ON_DEMAND,
        **AFTER_STOP,
    ),
)


@dataclass(frozen=True)
class _Middle:
    """An operation that is denied from its call number `first` on, to one caller or to all."""

    operation: str
    caller: str | None = None
    first: int = 2
    dataset: DataSet = PLAIN
    leads_there: tuple[Fault, ...] = ()
    lifts: bool = False
    error: str | None = None
    missing_arm: str | None = None
    ends_as: frozenset[str] = ENDED

    @property
    def name(self) -> str:
        by = f"-by-{self.caller.removeprefix('.')}" if self.caller else ""
        return f"denied-in-the-middle/{self.operation}{by}"


def _again_denied(operation: str, dataset: DataSet) -> _Middle:
    """A deletion that is asked for a second time, since the first call is throttled."""
    throttled = Fault(operation=operation, kind=FaultKind.THROTTLE, caller="delete_throughput", last=1)
    return _Middle(
        operation,
        "delete_throughput",
        dataset=dataset,
        leads_there=(throttled,),
        error="ThroughputNotDeleted",
        ends_as=FAILED,
    )


IN_THE_MIDDLE = (
    _Middle("CreateModelCustomizationJob", dataset=SWEEP, ends_as=SUCCEEDED),
    _Middle("Converse", "answer_baseline_shard", first=4, missing_arm="base", ends_as=SUCCEEDED),
    _Middle("GetProvisionedModelThroughput", "check_serving"),
    # It is in service when it is asked about for the first time, unless it is stuck.
    _Middle(
        "GetCustomModelDeployment",
        "check_serving",
        dataset=ON_DEMAND,
        leads_there=(DEPLOYMENT_STUCK,),
        error="ThroughputFailed",
        ends_as=FAILED,
    ),
    _Middle("Converse", ".answer_shard", first=4),
    _again_denied("DeleteProvisionedModelThroughput", PLAIN),
    _again_denied("DeleteCustomModelDeployment", ON_DEMAND),
    # What was deleted cannot be seen to be gone.
    _Middle("GetProvisionedModelThroughput", "delete_throughput"),
    _Middle("StopModelCustomizationJob", dataset=LONG_SWEEP, leads_there=STOPS_JOB, lifts=True),
    _Middle("DeleteCustomModel", dataset=SWEEP, lifts=True, ends_as=SUCCEEDED),
    _Middle("ListTagsForResource", "discard_models", dataset=SWEEP, ends_as=SUCCEEDED),
)


def denied_cases() -> Iterator[Case]:
    """Each read that a clean-up or a preflight makes, and each step that bills, denied after it has begun."""
    yield from each_operation(READS)
    for middle in IN_THE_MIDDLE:
        denied = Fault(
            operation=middle.operation, kind=FaultKind.ACCESS_DENIED, first=middle.first, caller=middle.caller
        )
        yield Case(
            middle.name,
            f"{middle.operation} access denied from call {middle.first} on",
            (denied, *middle.leads_there),
            dataset=middle.dataset,
            injects=True,
            error=middle.error,
            lifts=middle.lifts,
            missing_arm=middle.missing_arm,
            ends_as=middle.ends_as,
        )
