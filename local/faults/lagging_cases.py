"""The cases of lists and tags that lag behind writes: what is new is not listed, and what is gone still is."""

from collections.abc import Iterator
from dataclasses import replace

from local.faults.case import SUCCEEDED, Case
from local.faults.dataset import ON_DEMAND, PLAIN, SWEEP
from local.faults.deployment_cases import deployment_cases
from local.faults.event_cases import event_cases
from local.faults.sweep_cases import sweep_cases
from local.faults.throughput_cases import throughput_cases

# On AWS's clock: longer than a deletion takes and than a reconciliation waits, shorter than the interval between two.
LAG_SECONDS = 300
# What is made or deleted while somebody else must find it, or must not.
CASES = frozenset(
    {
        "timeout/WaitForServing",
        "StopExecution/StartJobs",
        "StopExecution/WaitForJobs",
        "StopExecution/PurchaseThroughputOrDeploy",
        "StopExecution/WaitForServing",
        "StopExecution/DeleteThroughputOrDeployment",
        "StopExecution/WaitForDeletion",
        "StopExecution/deployment-PurchaseThroughputOrDeploy",
        "StopExecution/deployment-WaitForServing",
        "StopExecution/sweep-StartJobs",
        "StopExecution/sweep-WaitForServing",
        "StopExecution/sweep-DiscardModels",
        "StopExecution+Delete/function-killed-after-the-effect",
        "StopExecution+ListTags/access-denied",
        "destroy/StartJobs",
        "destroy/WaitForJobs",
        "destroy/PurchaseThroughputOrDeploy",
        "destroy/WaitForServing",
        "destroy/deployment-PurchaseThroughputOrDeploy",
        "destroy/sweep-StartJobs",
        "lease/throughput",
        "lease/deployment",
        "CreateModelCustomizationJob/function-killed-after-the-effect",
        "CreateProvisionedModelThroughput/dropped-after-the-effect",
        "CreateProvisionedModelThroughput/function-killed-after-the-effect",
        "CreateCustomModelDeployment/function-killed-after-the-effect",
        "EvaluationFailed+Delete/access-denied",
        "sweep-DeleteCustomModel/access-denied",
        "sweep/no-throughput",
        "events/two-runs-at-once",
    }
)


def lagging_cases() -> Iterator[Case]:
    """Cases of other subjects in which lists and tags lag besides, and runs in which nothing else fails."""
    others = (*throughput_cases(), *deployment_cases(), *sweep_cases(), *event_cases())
    for case in others:
        if case.name in CASES:
            yield _lagging(case)
    for name, dataset in (("run", PLAIN), ("deployment", ON_DEMAND), ("sweep", SWEEP)):
        yield _lagging(Case(name, f"nothing fails in a {name}", dataset=dataset, ends_as=SUCCEEDED))


def _lagging(case: Case) -> Case:
    return replace(
        case,
        name=f"lagging/{case.name}",
        fault=f"{case.fault}; lists and tags are {LAG_SECONDS} s old",
        lag_seconds=LAG_SECONDS,
        either_way=False,
    )
