"""A fixed part of `make faults`: nothing that fails leaves a throughput, and every failure says what happened."""

from collections import Counter
from collections.abc import Iterator

import pytest

from local.deployment import deploy
from local.faults.bench import Result
from local.faults.cases import all_cases
from local.faults.command import faulty_aws, prepared, run_all
from local.faults.observer import Observer
from local.permissions.denials import denials
from local.terminal import Console

pytestmark = pytest.mark.xdist_group("embedded-aws")

# Case → how the execution ends, and the name of its error.
EXPECTED = {
    "CreateModelCustomizationJob/access-denied": ("FAILED", "CustomizationFailed"),
    "CreateModelCustomizationJob/dropped-after-the-effect": ("SUCCEEDED", None),
    "Converse-base/access-denied": ("SUCCEEDED", None),
    "Converse-base/quota-of-the-day-used-up": ("SUCCEEDED", None),
    "CreateProvisionedModelThroughput/access-denied": ("FAILED", "ThroughputFailed"),
    "busy/quota-of-CreateProvisionedModelThroughput": ("SUCCEEDED", None),
    "CreateProvisionedModelThroughput/dropped-after-the-effect": ("SUCCEEDED", None),
    "CreateProvisionedModelThroughput/function-killed-after-the-effect": ("SUCCEEDED", None),
    "Converse-tuned/access-denied": ("FAILED", "EvaluationFailed"),
    "DeleteProvisionedModelThroughput/function-killed-before-the-effect": ("SUCCEEDED", None),
    "StopModelCustomizationJob/throttled-once": ("FAILED", "CustomizationFailed"),
    "EvaluationFailed+Delete/access-denied": ("FAILED", "ThroughputNotDeleted"),
    "CreateCustomModelDeployment/function-killed-after-the-effect": ("SUCCEEDED", None),
    "EvaluationFailed+DeleteDeployment/access-denied": ("FAILED", "ThroughputNotDeleted"),
    "StopExecution/deployment-WaitForServing": ("ABORTED", "StoppedByFault"),
    "lease/deployment": ("FAILED", "ThroughputFailed"),
    "sweep-CreateModelCustomizationJob/dropped-after-the-effect": ("SUCCEEDED", None),
    "sweep-DeleteCustomModel/access-denied": ("SUCCEEDED", None),
    "StopExecution/sweep-StartJobs": ("ABORTED", "StoppedByFault"),
    "approval/approve": ("SUCCEEDED", None),
    "approval/reject": ("FAILED", "NotApproved"),
    "approval/silence": ("FAILED", "NotApproved"),
    "approval/approve-at-length": ("FAILED", "States.DataLimitExceeded"),
    "approval/reject-at-length": ("FAILED", "States.DataLimitExceeded"),
    "history/WaitForServing": ("FAILED", "States.Runtime"),
    "events/new-execution-of-a-failed-run": ("FAILED", "CustomizationFailed"),
    "control/throughput": ("FAILED", "ThroughputNotDeleted"),
    "StopExecution/WaitForJobs": ("ABORTED", "StoppedByFault"),
    "StopExecution/PurchaseThroughputOrDeploy": ("ABORTED", "StoppedByFault"),
    "StopExecution/AnswerTestSet": ("ABORTED", "StoppedByFault"),
    "StopExecution+Delete/function-killed-before-the-effect": ("ABORTED", "StoppedByFault"),
    "StopExecution+ListTags/access-denied": ("ABORTED", "StoppedByFault"),
    "busy/one-function-at-a-time-CheckJobs": ("SUCCEEDED", None),
    "busy/one-function-at-a-time-StopExecution": ("ABORTED", "StoppedByFault"),
    "events/duplicate-event": ("SUCCEEDED", None),
    "events/late-settings": ("FAILED", "PreflightFailed"),
    "destroy/AnswerTestSet": ("ABORTED", "StackDeleted"),
    "DeleteProvisionedModelThroughput/dropped-after-the-effect": ("SUCCEEDED", None),
    "DeleteProvisionedModelThroughput/dropped-after-the-effect+validation": ("SUCCEEDED", None),
    "lagging/StopExecution/PurchaseThroughputOrDeploy": ("ABORTED", "StoppedByFault"),
    "lagging/destroy/StartJobs": ("ABORTED", "StackDeleted"),
    "sweep/second-job-fails": ("SUCCEEDED", None),
    "served/second-is-denied-side-by-side": ("FAILED", "ThroughputFailed"),
    "StopExecution/served-CheckServing-side-by-side": ("ABORTED", "StoppedByFault"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Result]]:
    cases = [case for case in all_cases() if case.name in EXPECTED]
    with faulty_aws(tmp_path_factory.mktemp("faults")) as aws:
        deploy(aws)
        with Observer(aws) as observer:
            bench = prepared(aws, observer, {case.deployment for case in cases})
            ended = run_all(bench, cases, parallel=12, console=Console())
            assert denials(aws.decisions) == [], "a permission is missing, which no failure may have told"
            yield {result.case: result for result in ended}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_leaves_nothing_and_says_what_happened(name: str, results: dict[str, Result]) -> None:
    """A forgotten throughput costs tens of dollars an hour, an unnamed error leaves a person with a stack trace."""
    result = results[name]
    assert result.problems == []
    assert (result.live_after > 0) == result.control, "a control, and nothing else, is seen to leak"
    assert (result.status, result.error) == EXPECTED[name]


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    """A case that is built twice would be counted twice."""
    names = [case.name for case in all_cases()]
    assert len(set(names)) == len(names) >= 300


def test_cases_are_run_under_both_codes_of_refusals() -> None:
    """Half of the truth would be tested otherwise; which half must not change with the next new case."""
    cases = {case.name: case for case in all_cases()}
    codes = Counter(case.refusals for case in cases.values())
    assert min(codes["specific"], codes["validation"]) > len(cases) / 3
    for name, case in cases.items():
        if name.endswith("+validation"):
            first = cases[name.removesuffix("+validation")]
            assert (first.refusals, case.refusals) == ("specific", "validation")
