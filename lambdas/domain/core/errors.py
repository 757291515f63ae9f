"""The named errors a run can end with; the state machine catches them by their class names.

Each message is written for the person who reads it in the console or in the notification: what happened, what to do.
"""
# ruff: noqa: N818 - the names are what a run ends with, read by people: "DatasetRejected" says it all


class InvalidEvent(Exception):
    """The execution's input is not an S3 "Object Created" event for a data set key."""


class RunLimitReached(Exception):
    """The day has had as many runs as the environment allows: nothing has been read, started or bought."""


class AlreadyClaimed(Exception):
    """Another execution has the run of the object: this one ends well, and does nothing."""


class OwnerFailed(Exception):
    """The object's run belongs to an execution that failed: nothing has been read, started or bought again."""


class ClaimFailed(Exception):
    """The run could not be claimed: nothing has been read, started or bought."""


class DatasetRejected(Exception):
    """The data set or its `run.json` breaks a rule; `dataset/report.json` lists each issue with its line."""


class PreparationFailed(Exception):
    """The data set could not be checked, which says nothing about the data: nothing has been started or bought."""


class PreflightFailed(Exception):
    """Something that the run needs is missing or not allowed; each finding is named. Nothing was started or bought."""


class CurationFailed(Exception):
    """The training set could not be curated, or what is left of it cannot be trained on: nothing was trained."""


class TooManyRemoved(Exception):
    """The judges call so many training records incorrect that a person must look first: nothing was trained."""


class YieldTooLow(Exception):
    """Too few of the records that the teacher was asked for are left: nothing was trained."""


class NoDocuments(Exception):
    """There is no document that the teacher could write about: nothing was trained."""


class LeakFound(Exception):
    """New records resemble validation or test records although those that did were removed: nothing was trained."""


class CustomizationFailed(Exception):
    """The customization job could not be started, failed, or was stopped."""


class CustomizationStalled(Exception):
    """A customization job has not started to train for hours, and was stopped: nothing was trained."""


class NotApproved(Exception):
    """A person rejected the purchase, or nobody answered in time: the model is tuned, nothing was bought for it."""


class ThroughputFailed(Exception):
    """The throughput or deployment could not be made, failed, or did not get in service in time."""


class EvaluationFailed(Exception):
    """Too many test records have no answer, so that no verdict could be trusted."""


class ReportFailed(Exception):
    """The answers are stored, but the report could not be written."""


class ThroughputNotDeleted(Exception):
    """The throughput or deployment still exists after all attempts to delete it: a person must delete it."""


class RunAborted(Exception):
    """The execution was stopped from outside; what it had made was cleaned up behind it."""


class RunTimedOut(Exception):
    """The execution reached its own time limit; what it had made was cleaned up behind it."""


class UnexplainedFailure(Exception):
    """The execution failed where none of its states could say why; what it had made was cleaned up behind it."""


class NotReconciled(Exception):
    """What exists could not be compared with what may exist, or what may not exist could not be removed."""


class InvalidState(Exception):
    """A fact in the execution's state is not of its type: the message names the fact and the key."""


class ServiceBusy(Exception):
    """AWS throttled the call, failed inside, or could not be reached: the same call may succeed later."""


class ShardUnfinished(Exception):
    """A function's time ran out before all questions of its shard were answered: the next one goes on where it was."""
