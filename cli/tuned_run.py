"""The tuned model that a person means: of a run, or of the champion; with the format that it must be asked in."""

from dataclasses import dataclass

from cli.environment import Environment
from cli.known_runs import execution_of
from cli.stored_report import NoReportError, parse_report
from lambdas.adapters.aws import object_store
from lambdas.domain.core.run import is_run_id, prefix, report_key
from lambdas.domain.evaluation.champion import Champion, UnreadableChampionError
from lambdas.domain.evaluation.endpoint import PromptFormat
from lambdas.domain.models.catalogue import BaseModelEntry, UnknownBaseModelError, base_model
from lambdas.domain.report.run_report import RunReport

CHAMPION = "champion"


class NoTunedModelError(Exception):
    """There is no tuned model that could be meant; the message says why."""


@dataclass(frozen=True)
class TunedRun:
    """A run that has succeeded, with its model and the format that it is asked in."""

    run_id: str
    model_arn: str
    base_model: str
    format: PromptFormat
    report_uri: str


def find_tuned_run(environment: Environment, word: str) -> TunedRun:
    """The run of that id, or the champion's. Raises NoTunedModelError, UnknownRunError, Refused and ServiceBusy."""
    if word == CHAMPION:
        champion = _champion(environment)
        if champion is None:
            raise NoTunedModelError(
                f"The environment {environment.name} has no champion: no run of it has been promoted. Name a run; "
                f"`{environment.command('runs')}` lists them."
            )
        bucket, run_id = champion.bucket, champion.run_id
    else:
        bucket, run_id = environment.output_bucket, word
    report = _report(environment, bucket, run_id) if is_run_id(run_id) else None
    if report is None:
        execution_of(environment, run_id)
        raise NoTunedModelError(
            f"The run {run_id} has no report yet: `{environment.command(f'status {run_id}')}` tells how far it is."
        )
    if report.status != "succeeded" or report.custom_model_arn is None or report.base_model is None:
        error = f" ({report.error.name})" if report.error else ""
        raise NoTunedModelError(
            f"The run {run_id} has failed{error}, so that nothing is known of how good its model is. "
            f"`{environment.command(f'retry {run_id}')}` goes on from what it has trained."
        )
    return TunedRun(
        run_id=run_id,
        model_arn=report.custom_model_arn,
        base_model=report.base_model,
        format=report.format or PromptFormat(),
        report_uri=object_store.uri(bucket, report_key(prefix(run_id))),
    )


def entry_of(tuned: TunedRun) -> BaseModelEntry:
    """Its base model in the catalogue. Raises NoTunedModelError."""
    try:
        return base_model(tuned.base_model)
    except UnknownBaseModelError:
        raise NoTunedModelError(
            f"This version of the project does not know {tuned.base_model}, the base model of run {tuned.run_id}: give "
            "the command in a checkout of the version that the environment was deployed with."
        ) from None


def run_of(environment: Environment, word: str) -> str:
    """The id of the run that is meant, whatever became of it. Raises NoTunedModelError and UnknownRunError."""
    if word != CHAMPION:
        if not is_run_id(word):
            execution_of(environment, word)
        return word
    champion = _champion(environment)
    if champion is None:
        raise NoTunedModelError(f"The environment {environment.name} has no champion.")
    return champion.run_id


def base_model_of(environment: Environment, run_id: str) -> str | None:
    """The base model of a run that may be long gone; None where its report does not tell."""
    try:
        report = _report(environment, environment.output_bucket, run_id)
    except NoTunedModelError:
        return None
    return report.base_model if report else None


def _champion(environment: Environment) -> Champion | None:
    try:
        found = environment.adapters.champion.read_champion(environment.name)
    except UnreadableChampionError as error:
        raise NoTunedModelError(str(error)) from None
    return found[0] if found else None


def _report(environment: Environment, bucket: str, run_id: str) -> RunReport | None:
    key = report_key(prefix(run_id))
    text = environment.adapters.objects.read(bucket, key)
    try:
        return None if text is None else parse_report(text, object_store.uri(bucket, key), RunReport)
    except NoReportError as error:
        raise NoTunedModelError(str(error)) from None
