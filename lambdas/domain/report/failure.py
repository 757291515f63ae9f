"""Why a run failed, in words that a person can act on: what failed, what was cleaned up, what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, Field

from lambdas.domain.core import errors
from lambdas.domain.core.notification import notification
from lambdas.domain.core.outside_text import own_sentence, shortened_to_bytes
from lambdas.domain.core.run import bedrock_name
from lambdas.domain.core.state_budget import CAUSE_BYTES
from lambdas.domain.evaluation.shards import ShardTrouble
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.report import approval
from lambdas.domain.serving.kinds import ON_DEMAND, deletion_command, noun
from lambdas.domain.training.candidate_jobs import DELETED, KEPT, LEFT, STOPPED, STOPPING
from lambdas.domain.training.customization import IN_PROGRESS

# These say it all in their own words.
_NAMED = {
    error.__name__
    for error in (
        errors.InvalidEvent,
        errors.RunLimitReached,
        errors.DatasetRejected,
        errors.PreflightFailed,
        errors.CustomizationFailed,
        errors.NotApproved,
        errors.ThroughputFailed,
        errors.EvaluationFailed,
        errors.ThroughputNotDeleted,
    )
}

# These list what they found, a line each; in all other errors a line break can be somebody else's.
_OWN_LINES = {errors.DatasetRejected.__name__, errors.PreflightFailed.__name__}
_LONGEST_WORDS = 4_000

# What any other error becomes, by the phase that it ended: the name, what failed, and what to do.
_PHASES: dict[str, tuple[type[Exception], str, str]] = {
    "claim": (
        errors.ClaimFailed,
        "The run could not be claimed",
        "Check the ClaimRun function's log and its permissions on the output bucket, then upload the data set again.",
    ),
    "dataset": (
        errors.PreparationFailed,
        "The data set could not be checked, which says nothing about the data",
        "Check the ValidateDataset function's log, then upload the data set again.",
    ),
    "preflight": (
        errors.PreflightFailed,
        "What the run needs could not be checked",
        "Check the RunPreflight function's log, then upload the data set again.",
    ),
    "customization": (
        errors.CustomizationFailed,
        "The model could not be customized",
        "Check the log of the step that failed, then upload the data set again.",
    ),
    "approval": (
        errors.NotApproved,
        "Nobody could be asked for the approval of the purchase",
        "Check the RequestApproval function's log and the topic, then upload the data set again.",
    ),
    "throughput": (
        errors.ThroughputFailed,
        "The tuned model could not be put in service",
        "Check the logs of AcquireSlot, PurchaseThroughputOrDeploy and CheckServing, then upload the data set again.",
    ),
    "evaluation": (
        errors.EvaluationFailed,
        "The test set could not be answered",
        "Check the map run's failed executions and the AnswerShard function's log, then upload the data set again.",
    ),
    "report": (
        errors.ReportFailed,
        "The report could not be written; the answers are stored under evaluation/",
        "Check the EvaluateAndReport function's log.",
    ),
    "deletion": (
        errors.ThroughputNotDeleted,
        "What serves the tuned model could not be deleted or its deletion could not be verified",
        "",
    ),
}

_EXCEEDED_TOLERANCE = "States.ExceedToleratedFailureThreshold"
# Errors of a map of questions, whatever else was under way.
_OF_QUESTIONS = {_EXCEEDED_TOLERANCE, "States.ItemReaderFailed"}
_MEANINGS = {
    "States.Timeout": "the step did not end within its time limit",
    "Lambda.Unknown": "the function was ended without an answer, as when its time or memory runs out",
    "Sandbox.Timedout": "the function was ended because its time ran out",
    "Runtime.ExitError": "the function's process ended without an answer, as when its memory runs out",
    "Runtime.OutOfMemory": "the function's memory ran out",
    "Lambda.TooManyRequestsException": "the account's concurrent Lambda executions were used up through all retries",
    "States.Runtime": "the state machine could not process the step's input or output",
    "States.DataLimitExceeded": "a step's output exceeds the 256 KB that Step Functions allows",
    "States.ItemReaderFailed": "the list of shards could not be read from the output bucket",
    "States.Permissions": "the state machine lacks a permission",
    "States.TaskFailed": "the step failed",
    _EXCEEDED_TOLERANCE: "more than 5 % of the shards of the test set failed",
    "ServiceBusy": "AWS stayed busy or unreachable through all retries",
    "Refused": "AWS refused a call",
}
_LATER = "Look at the AWS Health Dashboard for this Region, then upload the data set again later."
_OUT_OF_TIME = "Look at the function's log and its duration and memory metrics, then upload the data set again."
# What to do about an error wherever it happens; any other has its phase's advice.
_NEXT_STEPS = {
    "ServiceBusy": _LATER,
    "Lambda.ServiceException": _LATER,
    "Lambda.AWSLambdaException": _LATER,
    "Lambda.SdkClientException": _LATER,
    "Lambda.TooManyRequestsException": "Ask for a higher quota of concurrent executions (Service Quotas, AWS Lambda, "
    "L-B99A9384) or set a lower max_concurrency, then upload the data set again.",
    "Lambda.Unknown": _OUT_OF_TIME,
    "Sandbox.Timedout": _OUT_OF_TIME,
    "Runtime.ExitError": _OUT_OF_TIME,
    "Runtime.OutOfMemory": _OUT_OF_TIME,
    "States.Timeout": _OUT_OF_TIME,
}


class Caught(BaseModel):
    """What a Catch stores."""

    error: str = Field(default="Unknown", alias="Error")
    cause: str = Field(default="", alias="Cause")


@dataclass(frozen=True)
class Explanation:
    """The name and cause that the execution ends with, and the notification of the same words."""

    error: str
    cause: str
    subject: str
    message: str


def explain(
    state: Mapping[str, Any], shard_trouble: ShardTrouble | None = None, asked: Mapping[str, Any] | None = None
) -> Explanation:
    """The explanation of a run's whole state.

    `shard_trouble` is the last error of any shard: a map run tells its parent only that too many shards failed. `asked`
    is what the stored request for approval says of when it was made and until when it waits. A failed deletion comes
    first, whatever failed before it.
    """
    phase = phase_of(state)
    failure = _named_silence(Caught.model_validate(state.get("failure") or {}), phase, asked or {})
    name, sentence = _explain(failure, phase, shard_trouble)
    deletion = state.get("deletion_failure")
    if deletion:
        original = f"The run had failed before: {name}: {sentence}" if state.get("failure") else ""
        name, sentence = _explain(Caught.model_validate(deletion), "deletion", None)
        if name != errors.ThroughputNotDeleted.__name__:
            name, sentence = (
                errors.ThroughputNotDeleted.__name__,
                f"The {noun(_kind(state))} could not be deleted: {sentence}",
            )
        cause = _sentences(sentence, _serving_outcome(state), original)
    else:
        cause = _sentences(sentence, _serving_outcome(state), *_jobs_outcome(state))
    cause = shortened_to_bytes(cause, CAUSE_BYTES)
    run = state.get("run") or {}
    run_id = run.get("id", "no run")
    where = f"\n\nRun: {run_id}\nExecution: {run['execution_arn']}" if run else ""
    told = notification(f"{run_id} failed: {name}", f"{name}: {cause}{where}")
    return Explanation(name, cause, *told)


def phase_of(state: Mapping[str, Any]) -> str:
    """How far the run got before `$.failure`, as its facts tell: each state puts its own where the next one reads it.

    What serves the model is looked for by the deletion in any case: only the time at which it was in service says that
    it ever answered.
    """
    plan, serving = state.get("plan") or {}, state.get("serving") or {}
    approved = not plan.get("needs_approval") or approval.is_approved(state.get("approval"))
    reached = (
        ("claim", "run" in state),
        ("dataset", "plan" in state),
        ("preflight", "preflight" in state),
        ("customization", "model" in state),
        ("approval", approved),
        ("throughput", bool(serving.get("in_service_at"))),
        ("evaluation", "responses" in state),
    )
    return next((phase for phase, is_behind in reached if not is_behind), "report")


def _named_silence(caught: Caught, phase: str, asked: Mapping[str, Any]) -> Caught:
    """A request for approval that ran out, which Step Functions calls States.Timeout; any other error as it is."""
    if (caught.error, phase) != ("States.Timeout", "approval"):
        return caught
    cause = approval.silence(asked.get("requested_at"), asked.get("answer_until"))
    return Caught(Error=errors.NotApproved.__name__, Cause=cause)


def _explain(caught: Caught, phase: str, shard_trouble: ShardTrouble | None) -> tuple[str, str]:
    """The error's final name and a sentence on it."""
    text = _message(caught.cause, lines=caught.error in _OWN_LINES)
    if shard_trouble and caught.error == _EXCEEDED_TOLERANCE:
        text = (
            f"{_MEANINGS[_EXCEEDED_TOLERANCE]}; the last error was in shard {shard_trouble.number} "
            f"of arm {shard_trouble.arm}: {shard_trouble.error}: {shard_trouble.message}"
        )
        return errors.EvaluationFailed.__name__, own_sentence(f"The test set could not be answered: {text}")
    if caught.error in _NAMED:
        return caught.error, text or f"{caught.error} gave no message."
    named, what_failed, next_step = _PHASES["evaluation" if caught.error in _OF_QUESTIONS else phase]
    meaning = _MEANINGS.get(caught.error)
    detail = f"{caught.error}{f' ({meaning})' if meaning else ''}{f': {text}' if text else ''}"
    return named.__name__, _sentences(f"{what_failed}: {detail}", _NEXT_STEPS.get(caught.error, next_step))


def _message(cause: str, *, lines: bool = False) -> str:
    """The words in a cause without a stack trace, in one line unless an error of the project has `lines`."""
    text = _words(cause)
    return "\n".join(map(own_sentence, text.split("\n"))) if lines else own_sentence(text, _LONGEST_WORDS)


def _words(cause: str) -> str:
    """Lambda gives a JSON object with `errorMessage`, others plain text."""
    try:
        parsed = orjson.loads(cause)
    except orjson.JSONDecodeError:
        return _untraced(cause)
    if isinstance(parsed, dict) and isinstance(parsed.get("errorMessage"), str):
        return _untraced(str(parsed["errorMessage"]))
    if isinstance(parsed, dict):
        parsed.pop("stackTrace", None)
        return orjson.dumps(parsed).decode()
    return _untraced(cause)


def _untraced(text: str) -> str:
    """Of a text with a Python stack trace what stands before it and its last line, the error."""
    before, trace, after = text.partition("Traceback (most recent call last)")
    if not trace:
        return text.strip()
    return " ".join(part for part in (before.strip(), after.strip().rpartition("\n")[2].strip()) if part)


def _kind(state: Mapping[str, Any]) -> ServingKind | None:
    """How the tuned model is, or was to be, served; None if the run failed before its plan said so."""
    facts, plan = state.get("serving") or {}, state.get("plan") or {}
    kind: ServingKind | None = facts.get("kind") or plan.get("serving")
    return kind


def _serving_outcome(state: Mapping[str, Any]) -> str:
    """What became of the throughput or deployment."""
    facts, kind = state.get("serving") or {}, _kind(state)
    if state.get("deletion_failure"):
        identifier = facts.get("arn") or facts.get("name")
        if not identifier:
            return f"A {noun(kind)} of the run's name may exist: look in the Bedrock console."
        billing = "It bills the tokens of each question" if kind == ON_DEMAND else "It bills by the hour"
        return f"{billing} until it is gone: {deletion_command(kind, identifier)}"
    if facts.get("deleted") and facts.get("arn"):
        return f"The {noun(kind)} {facts['arn']} was deleted, and Bedrock no longer finds it: nothing bills."
    if facts.get("deleted"):
        return f"No {noun(kind)} exists."
    return "Nothing had been started or bought."


def _jobs_outcome(state: Mapping[str, Any]) -> list[str]:
    """What became of the candidates' jobs and models, a sentence each."""
    if state.get("stop_failure"):
        reason = _message(Caught.model_validate(state["stop_failure"]).cause)
        commands = "; ".join(
            f"aws bedrock stop-model-customization-job --job-identifier {name}" for name in _job_names(state)
        )
        return [f"A customization job could not be stopped ({reason}). Stop what still trains: {commands}"]
    candidates = (state.get("jobs") or {}).get("candidates") or []
    keep_job = (state.get("plan") or {}).get("keep_job")

    def jobs(*statuses: str) -> list[str]:
        return [one["name"] for one in candidates if one["status"] in statuses]

    def models(outcome: str) -> list[str]:
        return [one["model_arn"] for one in candidates if one["model"] == outcome and one["model_arn"]]

    trains_on = "{} train{s} on, as run.json says (keep_job)" if keep_job else "{} {is} being stopped"
    return [
        _about("customization job", jobs(IN_PROGRESS), trains_on),
        _about("customization job", jobs(STOPPING, STOPPED), "{} {was} stopped"),
        _about("custom model", models(DELETED), "{} {was} deleted, since another one was chosen or none"),
        _about("custom model", models(LEFT), "{} {is} not deleted yet, which the reconciler does"),
        _about("custom model", models(KEPT), "{} {is} kept"),
    ]


def _job_names(state: Mapping[str, Any]) -> list[str]:
    """The names of the candidates' jobs, recorded or not."""
    plan = state.get("plan") or {}
    recorded = (state.get("jobs") or {}).get("candidates")
    if recorded:
        return [one["name"] for one in recorded]
    numbers = [one["number"] for one in plan.get("candidates") or ()]
    return [bedrock_name(plan["tags"]["deployment"], state["run"]["id"], number) for number in numbers]


def _about(what: str, names: Sequence[str], said: str) -> str:
    """`said` of the named ones in singular or plural; nothing if there are none."""
    many = len(names) > 1
    words = {"s": "", "is": "are", "was": "were"} if many else {"s": "s", "is": "is", "was": "was"}
    return said.format(f"The {what}{'s' if many else ''} {', '.join(names)}", **words) if names else ""


def _sentences(*parts: str) -> str:
    """The parts that say something, each with its full stop."""
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in map(str.strip, parts) if part)
