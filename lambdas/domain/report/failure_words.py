"""The words for the errors that have none of their own: what failed, what it means, what to do next."""

from typing import NamedTuple

from lambdas.domain.core import errors
from lambdas.domain.report.run_state import Phase


class PhaseWords(NamedTuple):
    """The name of the error that the run ends with, what failed, and what to do."""

    error: type[Exception]
    what_failed: str
    next_step: str


# What an error without words of its own becomes, by the phase that it ended.
PHASES: dict[Phase, PhaseWords] = {
    "claim": PhaseWords(
        errors.ClaimFailed,
        "The run could not be claimed",
        "Check the ClaimRun function's log and its permissions on the output bucket.",
    ),
    "dataset": PhaseWords(
        errors.PreparationFailed,
        "The data set could not be checked; this says nothing about the data",
        "Check the ValidateDataset function's log.",
    ),
    "preflight": PhaseWords(
        errors.PreflightFailed,
        "What the run needs could not be checked",
        "Check the RunPreflight function's log.",
    ),
    "curation": PhaseWords(
        errors.CurationFailed,
        "The training set could not be curated",
        "Check the logs of the CurateTrainingSet and AskCuratorShard functions.",
    ),
    "customization": PhaseWords(
        errors.CustomizationFailed,
        "The model could not be customized",
        "Check the log of the step that failed.",
    ),
    "approval": PhaseWords(
        errors.NotApproved,
        "Nobody could be asked for the approval of the purchase",
        "Check the RequestApproval function's log and the topic.",
    ),
    "throughput": PhaseWords(
        errors.ThroughputFailed,
        "The tuned model could not be put in service",
        "Check the logs of AcquireSlot, PurchaseThroughputOrDeploy and CheckServing.",
    ),
    "evaluation": PhaseWords(
        errors.EvaluationFailed,
        "The test set could not be answered",
        "Check the map run's failed executions and the AnswerShard function's log.",
    ),
    "report": PhaseWords(
        errors.ReportFailed,
        "The report could not be written; the answers are stored under evaluation/",
        "Check the EvaluateAndReport function's log.",
    ),
    "deletion": PhaseWords(
        errors.ThroughputNotDeleted,
        "What serves the tuned model could not be deleted or its deletion could not be verified",
        "",
    ),
}

EXCEEDED_TOLERANCE = "States.ExceedToleratedFailureThreshold"
# Errors of a map of questions, whatever else the run was doing.
OF_QUESTIONS = {EXCEEDED_TOLERANCE, "States.ItemReaderFailed"}
MEANINGS = {
    "States.Timeout": "the step did not end within its time limit",
    "Lambda.Unknown": "Lambda ended the function before it answered, as it does when time or memory runs out",
    "Sandbox.Timedout": "Lambda ended the function because its time ran out",
    "Runtime.ExitError": "the function's process ended before it answered, as it does when its memory runs out",
    "Runtime.OutOfMemory": "the function's memory ran out",
    "Lambda.TooManyRequestsException": "the account's concurrent Lambda executions were used up through all retries",
    "States.Runtime": "the state machine could not process the step's input or output, or its history was full",
    "States.DataLimitExceeded": "a step's output exceeds the 256 KB that Step Functions allows",
    "States.ItemReaderFailed": "the list of shards could not be read from the output bucket",
    "States.Permissions": "the state machine lacks a permission",
    "States.TaskFailed": "the step failed",
    EXCEEDED_TOLERANCE: "more than 5 % of the shards of the test set failed",
    "ServiceBusy": "AWS stayed busy or unreachable through all retries",
    "Refused": "AWS refused a call",
    "InvalidState": "a fact in the run's state is not what the step expects",
}
_LATER = "Look at the AWS Health Dashboard for this Region."
_OUT_OF_TIME = "Look at the function's log and its duration and memory metrics."
# What to do about an error in any phase; for all others the phase's advice counts.
NEXT_STEPS = {
    "ServiceBusy": _LATER,
    "Lambda.ServiceException": _LATER,
    "Lambda.AWSLambdaException": _LATER,
    "Lambda.SdkClientException": _LATER,
    "Lambda.TooManyRequestsException": "Ask for a higher quota of concurrent executions (Service Quotas, AWS Lambda, "
    "L-B99A9384) or set a lower max_concurrency.",
    "Lambda.Unknown": _OUT_OF_TIME,
    "Sandbox.Timedout": _OUT_OF_TIME,
    "Runtime.ExitError": _OUT_OF_TIME,
    "Runtime.OutOfMemory": _OUT_OF_TIME,
    "States.Timeout": _OUT_OF_TIME,
    "InvalidState": "Start runs by uploading a data set, not by hand. If you did, this is a defect of the project.",
}
