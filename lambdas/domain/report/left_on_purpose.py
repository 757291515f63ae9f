"""What a run leaves on purpose, with what it costs and how to delete it."""

from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_report import (
    Leftover,
)
from lambdas.domain.training.customization import IN_PROGRESS

STORAGE_NOTE = (
    "The run keeps the custom model on purpose. AWS bills its storage every month. "
    "Delete it with `aws bedrock delete-custom-model --model-identifier <its ARN>` when you no longer need it."
)


GIVEN_NOTE = (
    "run.json names this custom model: the run did not train it, and leaves it as it was. "
    "AWS bills its storage every month."
)


JOB_NOTE = (
    "The customization job goes on training because run.json says keep_job. AWS bills its training, "
    "and every month the storage of the custom model that it makes. "
    "Stop it with `aws bedrock stop-model-customization-job --job-identifier <its name>`."
)


def left_models(facts: RunFacts) -> list[Leftover]:
    """The custom models that the run leaves."""
    given = facts.plan is not None and facts.plan.custom_model is not None
    note = GIVEN_NOTE if given else STORAGE_NOTE
    return [Leftover(kind="custom model", arn=arn, note=note) for arn in facts.models_left]


def kept_jobs(facts: RunFacts) -> list[Leftover]:
    """Jobs that still train because the run's settings keep them."""
    if facts.plan is None or not facts.plan.keep_job:
        return []
    trained = [one.name for one in facts.candidates if one.status == IN_PROGRESS]
    return [Leftover(kind="customization job", arn=name, note=JOB_NOTE) for name in trained]
