"""Why a run failed, in words that a person can act on: what failed, what was cleaned up, what to do next."""

from lambdas.domain.core import errors
from lambdas.domain.core.caught import Failure
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.notification import notification
from lambdas.domain.core.outside_text import own_sentence, shortened_to_bytes
from lambdas.domain.core.state_budget import CAUSE_BYTES
from lambdas.domain.evaluation.shards import ShardTrouble
from lambdas.domain.report import approval
from lambdas.domain.report.aftermath import describe_jobs, describe_serving
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.caught_words import read_message
from lambdas.domain.report.failure_words import EXCEEDED_TOLERANCE, MEANINGS, NEXT_STEPS, OF_QUESTIONS, PHASES
from lambdas.domain.report.run_state import Phase, RunState
from lambdas.domain.serving.kinds import noun
from lambdas.domain.training.given_model import go_on_with

# The messages of these errors say everything.
_NAMED = {
    error.__name__
    for error in (
        errors.InvalidEvent,
        errors.RunLimitReached,
        errors.OwnerFailed,
        errors.DatasetRejected,
        errors.PreflightFailed,
        errors.CurationFailed,
        errors.TooManyRemoved,
        errors.YieldTooLow,
        errors.NoDocuments,
        errors.LeakFound,
        errors.CustomizationFailed,
        errors.CustomizationStalled,
        errors.NotApproved,
        errors.ThroughputFailed,
        errors.EvaluationFailed,
        errors.ThroughputNotDeleted,
    )
}
# The errors of ours that end a run before there can be a model.
_BEFORE_TRAINING = _NAMED - {
    errors.NotApproved.__name__,
    errors.ThroughputFailed.__name__,
    errors.EvaluationFailed.__name__,
    errors.ThroughputNotDeleted.__name__,
}
# These list what they found, a line each; in all other errors a line break can be somebody else's.
_OWN_LINES = {errors.DatasetRejected.__name__, errors.PreflightFailed.__name__}


class Explanation(Fact):
    """`$.explanation`: the name and cause that the execution ends with, and the notification of the same words."""

    error: str
    cause: str
    subject: str
    message: str


def explain(state: RunState, trouble: ShardTrouble | None = None, asked: ApprovalOutcome | None = None) -> Explanation:
    """The explanation of a run's failure.

    A map run tells its parent only that too many shards failed: `trouble` is the last error of any shard. `asked` says
    from when until when the run waited for an approval. A failed deletion comes first, whatever failed before it.
    """
    phase = state.phase
    failure = _name_silence(state, asked)
    name, sentence = _explain(failure, phase, trouble)
    if state.deletion_failure:
        had_failed = state.cause_of_end not in (None, state.deletion_failure)
        original = f"The run had failed before: {name}: {sentence}" if had_failed else ""
        name, sentence = _explain(state.deletion_failure, "deletion", None)
        if name != errors.ThroughputNotDeleted.__name__:
            name = errors.ThroughputNotDeleted.__name__
            sentence = f"The {noun(state.serving_kind)} could not be deleted: {sentence}"
        cause = _join(sentence, describe_serving(state), original)
    else:
        cause = _join(sentence, describe_serving(state), *describe_jobs(state))
    # How to go on is never what a long cause is cut at.
    next_run = _next_run(state, failure.error, said=cause)
    cause = _join(shortened_to_bytes(cause, CAUSE_BYTES - len(next_run.encode()) - 2), next_run)
    run_id = state.run.id if state.run else "no run"
    where = f"\n\nRun: {run_id}\nExecution: {state.run.execution_arn}" if state.run else ""
    told = notification(f"{run_id} failed: {name}", f"{name}: {cause}{where}")
    return Explanation(error=name, cause=cause, subject=told.subject, message=told.message)


def _next_run(state: RunState, error: str, said: str) -> str:
    """How the next run begins: from a trained model where there is one, so that nobody pays for its training twice.

    What has failed before any training says so itself, in `said`.
    """
    if model_arns := state.trained_models:
        return shortened_to_bytes(go_on_with(model_arns, state.run.id if state.run else None), CAUSE_BYTES // 2)
    return "" if error in _BEFORE_TRAINING or "upload" in said.lower() else "Then upload the data set again."


def _name_silence(state: RunState, asked: ApprovalOutcome | None) -> Failure:
    """A request for approval that ran out, which Step Functions calls States.Timeout; any other error as it is."""
    caught, about = state.cause_of_end or Failure(), state.waits_for_approval_of
    if caught.error != "States.Timeout" or about is None:
        return caught
    since, until = (asked.requested_at, asked.answer_until) if asked else (None, None)
    return Failure(error=errors.NotApproved.__name__, cause=approval.silence(since, until, about))


def _explain(caught: Failure, phase: Phase, trouble: ShardTrouble | None) -> tuple[str, str]:
    """The error's final name and a sentence on it."""
    text = read_message(caught.cause, lines=caught.error in _OWN_LINES)
    if trouble and caught.error == EXCEEDED_TOLERANCE:
        text = (
            f"{MEANINGS[EXCEEDED_TOLERANCE]}; the last error was in shard {trouble.number} "
            f"of arm {trouble.arm}: {trouble.error}: {trouble.message}"
        )
        return errors.EvaluationFailed.__name__, own_sentence(f"The test set could not be answered: {text}")
    if caught.error in _NAMED:
        return caught.error, text or f"{caught.error} gave no message."
    words = PHASES["evaluation" if caught.error in OF_QUESTIONS and phase != "curation" else phase]
    meaning = MEANINGS.get(caught.error)
    detail = f"{caught.error}{f' ({meaning})' if meaning else ''}{f': {text}' if text else ''}"
    return words.error.__name__, _join(f"{words.what_failed}: {detail}", NEXT_STEPS.get(caught.error, words.next_step))


def _join(*parts: str) -> str:
    """The parts that say something, each with its full stop."""
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in map(str.strip, parts) if part)
