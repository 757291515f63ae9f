"""Rules that several cases lead a run somewhere by."""

from local.bedrock.faults import Fault, FaultKind

# What an execution ends with whose state has become too large: no Catch sees it.
TOO_LARGE = "States.DataLimitExceeded"
HISTORY_FULL = "States.Runtime"
BASE_MODEL_DENIED = Fault(operation="Converse", kind=FaultKind.ACCESS_DENIED, caller="answer_baseline_shard")
TUNED_MODEL_DENIED = Fault(operation="Converse", kind=FaultKind.ACCESS_DENIED, caller=".answer_shard")
JOB_STUCK = Fault(operation="GetModelCustomizationJob", kind=FaultKind.STUCK, caller="check_jobs")
# The run ends while its job trains: only to CheckJobs it seems to have failed.
STOPS_JOB = (Fault(operation="GetModelCustomizationJob", kind=FaultKind.FAILED, caller="check_jobs"),)
THROUGHPUT_STUCK = Fault(operation="GetProvisionedModelThroughput", kind=FaultKind.STUCK, caller="check_serving")
DEPLOYMENT_STUCK = Fault(operation="GetCustomModelDeployment", kind=FaultKind.STUCK, caller="check_serving")
# Its jobs are in progress and never begin to train.
STALLED = Fault(operation="CreateModelCustomizationJob", kind=FaultKind.STALLED)
# It fails with an internal error after minutes of training.
BROKEN = Fault(operation="CreateModelCustomizationJob", kind=FaultKind.BROKEN)
# Its jobs train until they are stopped.
ENDLESS = Fault(operation="CreateModelCustomizationJob", kind=FaultKind.ENDLESS)
# What others use they give back after half an hour.
QUOTA_IN_USE = Fault(operation="CreateProvisionedModelThroughput", kind=FaultKind.QUOTA, duration_seconds=1800)


def for_ever(operation: str) -> Fault:
    """A rule that denies every call of the operation."""
    return Fault(operation=operation, kind=FaultKind.ACCESS_DENIED)
