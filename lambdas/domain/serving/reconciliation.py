"""What a reconciliation found and did, and the words in which a person is told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.outside_text import own_sentence
from lambdas.domain.core.timestamps import seconds_between
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import bills, deletion_command, hourly_cost, noun
from lambdas.domain.serving.lease import Terms
from lambdas.domain.training.given_model import go_on_with


@dataclass(frozen=True)
class Scope:
    """Where the reconciler looks, and whom it tells; `ending`: the stack is being deleted, so that nothing may go on.

    A None of `model_unit_price_per_hour` leaves the price to each run's preflight, one of `topic_arn` tells nobody.
    `most_candidates` is how many jobs a run can have.
    """

    terms: Terms
    bucket: str
    state_machine_arn: str
    topic_arn: str | None = None
    model_unit_price_per_hour: float | None = None
    ending: bool = False
    most_candidates: int = 1


@dataclass(frozen=True)
class FoundServing:
    """What serves a run's model, why it may or may not exist, and Bedrock's answer to its last deletion.

    `run_id` is None where no run is known to have made it; `refusal` is None where Bedrock accepted
    the deletion; `final` where time alone does not heal the refusal. A `standing` one serves applications.
    """

    kind: ServingKind
    arn: str
    created_at: str
    lease_ends_at: str
    model_units: int | None
    reason: str
    run_id: str | None = None
    refusal: str | None = None
    final: bool = False
    standing: bool = False


@dataclass
class Turn:
    """One comparison of what exists with what may exist.

    What serves models is `kept`, `deleted` (verified), `pending` (accepted or not possible yet, and still found) or
    `failed`. Of the slots held, `slots_settling` are those of executions that were cut off, where a purchase may be
    under way.
    `unlisted` are the kinds that could not be listed, so that more may exist than was found.
    `problems` are what could not be found out or done; `busy` says that time may heal one of them.
    """

    kept: list[FoundServing] = field(default_factory=list)
    deleted: list[FoundServing] = field(default_factory=list)
    pending: list[FoundServing] = field(default_factory=list)
    failed: list[FoundServing] = field(default_factory=list)
    attempts: int = 0
    jobs_stopped: list[str] = field(default_factory=list)
    models_deleted: list[str] = field(default_factory=list)
    executions_stopped: list[str] = field(default_factory=list)
    slots_freed: list[str] = field(default_factory=list)
    slots_held: list[str] = field(default_factory=list)
    slots_settling: list[str] = field(default_factory=list)
    unlisted: list[ServingKind] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    busy: bool = False

    @property
    def live(self) -> list[FoundServing]:
        """All that exist, and bill or can be made to."""
        return [*self.kept, *self.pending, *self.failed]

    @property
    def left(self) -> list[FoundServing]:
        """Those of them that may not exist."""
        return [*self.pending, *self.failed]

    def after(self, earlier: "Turn") -> "Turn":
        """The state that this turn found, and what earlier ones of the same reconciliation have done as well."""
        return Turn(
            kept=self.kept,
            deleted=[*earlier.deleted, *self.deleted],
            pending=self.pending,
            failed=self.failed,
            attempts=earlier.attempts + self.attempts,
            jobs_stopped=[*earlier.jobs_stopped, *self.jobs_stopped],
            models_deleted=[*earlier.models_deleted, *self.models_deleted],
            executions_stopped=[*earlier.executions_stopped, *self.executions_stopped],
            slots_freed=[*earlier.slots_freed, *self.slots_freed],
            slots_held=self.slots_held,
            slots_settling=self.slots_settling,
            unlisted=self.unlisted,
            problems=self.problems,
            busy=self.busy,
        )


class Summary(Fact):
    """What Lambda's log and a person who calls the function by hand see."""

    live: list[str]
    deleted: list[str]
    left: list[str]
    jobs_stopped: list[str]
    models_deleted: list[str]
    executions_stopped: list[str]
    slots_freed: list[str]
    slots_held: list[str]
    problems: list[str]


def summarise(turn: Turn) -> Summary:
    """The turn by ARNs and keys."""
    return Summary(
        live=[found.arn for found in turn.live],
        deleted=[found.arn for found in turn.deleted],
        left=[found.arn for found in turn.left],
        jobs_stopped=turn.jobs_stopped,
        models_deleted=turn.models_deleted,
        executions_stopped=turn.executions_stopped,
        slots_freed=turn.slots_freed,
        slots_held=turn.slots_held,
        problems=turn.problems,
    )


def oldest_seconds(live: list[FoundServing], now: str) -> float:
    """The age of the oldest; 0 where there is none."""
    return max((seconds_between(found.created_at, now) for found in live), default=0.0)


def overrun_seconds(live: list[FoundServing], now: str) -> float:
    """How far the oldest is beyond its lease; 0 where none is."""
    return max((max(0.0, seconds_between(found.lease_ends_at, now)) for found in live), default=0.0)


def describe_deleted(turn: Turn) -> list[str]:
    """What was cleaned up, a sentence each."""
    return [
        *(
            f"The {noun(found.kind)} {found.arn} was deleted, and Bedrock no longer finds it."
            for found in turn.deleted
            if not found.standing
        ),
        *(f"The {_job_noun(arn)} {arn} was stopped." for arn in turn.jobs_stopped),
        *(f"The custom model {arn} of a run that is over was deleted." for arn in turn.models_deleted),
    ]


def _job_noun(arn: str) -> str:
    return "batch job" if ":model-invocation-job/" in arn else "customization job"


def describe_left(turn: Turn, now: str, prices: Mapping[str, float | None]) -> list[str]:
    """What still exists although it may not, a paragraph each: what, how old, how dear, why, what to do.

    `prices` are of a model unit an hour, by the throughput's ARN.
    """
    return [
        f"The {noun(found.kind)} {found.arn} STILL EXISTS, is {_describe_age(found, now)} old and "
        f"{bills(found.kind, hourly_cost(found.model_units, prices.get(found.arn)))}. "
        f"It may not exist, since {found.reason}. "
        f"{_describe_answer(found)} The reconciler goes on trying. "
        f"Delete it now: {deletion_command(found.kind, found.arn)}"
        for found in turn.left
    ]


def run_message(
    run_id: str, execution_arn: str, error: str, what: str, sentences: list[str], model_arns: Sequence[str]
) -> Notification:
    """For a run that ended without its own clean-up; the text is also its report's cause.

    `model_arns` are the trained models from which another run can go on.
    """
    cleaned = " ".join(map(own_sentence, sentences)) or "Nothing of it was found that bills."
    next_run = go_on_with(model_arns, run_id) if model_arns else "Upload the data set again to start a new run."
    text = f"{error}: {what} {cleaned} {next_run}"
    return notification(f"{run_id}: {error}", f"{text}\n\nRun: {run_id}\nExecution: {execution_arn}")


def alert_message(environment: str, turn: Turn, sentences: list[str]) -> Notification:
    """Where something was found that should not have existed."""
    kinds = sorted({noun(found.kind).upper() for found in turn.failed})
    title = f"{' AND '.join(kinds)} NOT DELETED" if kinds else "leftovers found"
    unexpected = [found for found in turn.deleted if not found.standing]
    details = [f"{found.arn} should not have existed: {found.reason}." for found in unexpected]
    paragraphs = map(own_sentence, [*sentences, *details, *turn.problems])
    return notification(f"{environment}: {title}", "\n\n".join(paragraphs))


def describe_problems(turn: Turn) -> str:
    """The message of NotReconciled."""
    failed = [f"{found.arn} was not deleted: {found.refusal}." for found in turn.failed]
    return " ".join([*failed, *turn.problems, "The next turn tries again."])


def _describe_age(found: FoundServing, now: str) -> str:
    return f"{seconds_between(found.created_at, now) / 3600:.1f} hours"


def _describe_answer(found: FoundServing) -> str:
    if found.refusal:
        return f"Bedrock's answer to its deletion: {found.refusal}."
    return "Bedrock accepted its deletion but still finds it."
