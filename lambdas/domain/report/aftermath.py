"""What a failed run leaves, a sentence each: what became of its throughput or deployment, its jobs and its models."""

from collections.abc import Sequence

from lambdas.domain.core.run import bedrock_name
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.report.caught_words import read_message
from lambdas.domain.report.run_state import RunState
from lambdas.domain.serving.kinds import ON_DEMAND, deletion_command, noun
from lambdas.domain.training.candidate_jobs import DELETED, KEPT, LEFT, STOPPED, STOPPING
from lambdas.domain.training.customization import IN_PROGRESS


def describe_serving(state: RunState) -> str:
    """What became of the throughputs or deployments."""
    kind = state.serving_kind
    if state.deletion_failure:
        billing = "It bills the tokens of each question" if kind == ON_DEMAND else "It bills by the hour"
        if left := [lease.serving.identifier for lease in state.undeleted if lease.serving is not None]:
            return f"{billing} until you delete it: {_deletions(kind, left)}"
        if names := _serving_names(state):
            of_names = "this name" if len(names) == 1 else "each of these names"
            may_exist = f"A {noun(kind)} of {of_names} may exist: {', '.join(names)}"
            return f"{may_exist}. {billing} until you delete it: {_deletions(kind, names)}"
        return f"A {noun(kind)} of the run's name may exist: look in the Bedrock console."
    if state.servings is not None:
        deleted = [one.arn for one in state.servings.deleted if one.arn is not None]
        said = "{} {was} deleted, and Bedrock no longer finds {it}: nothing bills."
        return _about(noun(kind), deleted, said) or f"No {noun(kind)} exists."
    return "Nothing had been bought." if state.has_jobs else "Nothing had been started or bought."


def _deletions(kind: ServingKind | None, identifiers: Sequence[str]) -> str:
    return "; ".join(deletion_command(kind, identifier) for identifier in identifiers)


def _serving_names(state: RunState) -> list[str]:
    """What a throughput or deployment of each served candidate is called, whether or not it was recorded."""
    if state.plan is None or state.run is None:
        return []
    served = [one.number for one in state.model.served] if state.model else []
    numbers = [lease.number for lease in state.undeleted] or served
    return [bedrock_name(state.plan.tags["deployment"], state.run.id, number) for number in numbers]


def describe_jobs(state: RunState) -> list[str]:
    """What became of the candidates' jobs and models."""
    if state.stop_failure:
        reason = read_message(state.stop_failure.cause)
        if state.phase == "curation":
            return [_describe_batch_jobs(state.batch_jobs, reason)]
        commands = "; ".join(
            f"aws bedrock stop-model-customization-job --job-identifier {name}" for name in _job_names(state)
        )
        return [f"A customization job could not be stopped ({reason}). Stop what still trains: {commands}"]

    def jobs(*statuses: str) -> list[str]:
        return [one.name for one in state.candidates if one.status in statuses]

    def models(outcome: str) -> list[str]:
        return [one.model_arn for one in state.candidates if one.model == outcome and one.model_arn]

    keep_job = state.plan is not None and state.plan.keep_job
    trains_on = "{} train{s} on, as run.json says (keep_job)" if keep_job else "{} {is} being stopped"
    return [
        _about("customization job", jobs(IN_PROGRESS), trains_on),
        _about("customization job", jobs(STOPPING, STOPPED), "{} {was} stopped"),
        _about("custom model", models(DELETED), "{} {was} deleted, since another one was chosen"),
        _about("custom model", models(LEFT), "{} {is} not deleted yet; the reconciler deletes what is left"),
        _about("custom model", models(KEPT), "{} {is} kept"),
    ]


def _describe_batch_jobs(arns: Sequence[str], reason: str) -> str:
    """What a person can do about batch jobs that the run could not stop; the start of one may be unrecorded."""
    said = f"Its batch jobs could not be stopped ({reason}). The reconciler stops what still runs"
    commands = "; ".join(f"aws bedrock stop-model-invocation-job --job-identifier {arn}" for arn in arns)
    return f"{said}; you can stop it at once: {commands}" if commands else said


def _job_names(state: RunState) -> list[str]:
    """The names of the candidates' jobs, recorded or not."""
    if state.candidates:
        return [one.name for one in state.candidates]
    if state.plan is None or state.run is None:
        return []
    return [bedrock_name(state.plan.tags["deployment"], state.run.id, one.number) for one in state.plan.candidates]


def _about(what: str, names: Sequence[str], said: str) -> str:
    """`said` of the named ones in singular or plural; nothing if there are none."""
    many = len(names) > 1
    words = {"s": "s", "is": "is", "was": "was", "it": "it"}
    if many:
        words = {"s": "", "is": "are", "was": "were", "it": "them"}
    return said.format(f"The {what}{'s' if many else ''} {', '.join(names)}", **words) if names else ""
