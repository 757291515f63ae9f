"""What a run is to do, made of its checked data set, its run.json and the environment's limits."""

from lambdas.domain.core.run import KEEP_JOB_TAG, Run, bedrock_tags
from lambdas.domain.dataset.figures import count_tokens, count_training_tokens, recommended_hyperparameters
from lambdas.domain.dataset.planned_set import PlannedSet, TrainingSet
from lambdas.domain.dataset.preparation import PreparedDataset
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.preflight.verdict_reach import TEST_GROUPS
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices, compared_models
from lambdas.domain.training.candidates import Candidate, vary_hyperparameters
from lambdas.domain.training.serve import BEST
from lambdas.steps.data_gate import CheckedDataset


def make_plan(
    run: Run,
    checked: CheckedDataset,
    prepared: PreparedDataset,
    limits: RunLimits,
    *,
    environment: str,
    needs_approval: bool,
) -> Plan:
    """`$.plan` of a run in the environment of this name."""
    choices = checked.choices
    settings, model = choices
    sets = _sets(run, checked, prepared)
    varied = vary_hyperparameters(
        model,
        settings.hyperparameters,
        settings.sweep,
        sets.train.records,
        validated=sets.validation is not None,
    )
    # The only candidate is the chosen one.
    serve = settings.serve if len(varied.hyperparameters) > 1 and settings.custom_model is None else BEST
    return Plan(
        output_bucket=run.output_bucket,
        base_model=model.customization_id,
        recommended=[] if settings.custom_model else recommended_hyperparameters(prepared, choices.wanted),
        candidates=[
            Candidate(number=number, hyperparameters=each, training_set=sets.train)
            for number, each in enumerate([] if settings.custom_model else varied.hyperparameters, 1)
        ],
        custom_model=settings.custom_model,
        candidates_note=varied.note,
        keep_models=varied.keep_models,
        serve=serve,
        serving=chosen_serving(choices),
        model_units=settings.model_units,
        max_cost_usd=cost_cap(choices, limits),
        max_concurrency=limits.max_concurrency,
        needs_approval=needs_approval,
        keep_job=settings.keep_job,
        dataset=sets,
        evaluation=settings.evaluation,
        task_kind=checked.task_kind,
        arms=plan_arms(compared_models(choices), len(prepared.examples)),
        # A model that exists has no job.
        settings_findings=[
            each for each in checked.job_findings if settings.custom_model is None or each.check == TEST_GROUPS
        ],
        tokens=count_tokens(checked.given, prepared),
        shards=ShardLists(
            baselines=f"{run.prefix}shards/baselines.jsonl",
            tuned=f"{run.prefix}shards/tuned.jsonl",
            judges=f"{run.prefix}shards/judges.jsonl",
            candidates=None if serve == BEST else f"{run.prefix}shards/candidates.jsonl",
        ),
        # The tags that clean-up relies on win over a user's.
        tags=settings.tags
        | bedrock_tags(environment, run.id, run.execution_arn)
        | {KEEP_JOB_TAG: "true" if settings.keep_job else "false"},
    )


def chosen_serving(choices: Choices) -> ServingKind:
    """How the tuned model is served: "auto" is the cheapest way that the base model allows."""
    chosen = choices.settings.serving
    return choices.model.serving[0] if chosen == "auto" else chosen


def cost_cap(choices: Choices, limits: RunLimits) -> float | None:
    """The lower of the run's cap and the environment's; None if neither is set."""
    caps = (choices.settings.max_cost_usd, limits.max_run_cost_usd)
    return min((cap for cap in caps if cap is not None), default=None)


def set_key(run: Run, name: SetName) -> str:
    """Where a set is stored in the output bucket."""
    return f"{run.prefix}dataset/{name}.jsonl"


def _sets(run: Run, checked: CheckedDataset, prepared: PreparedDataset) -> PlannedSets:
    def uri(name: SetName) -> str:
        return f"s3://{run.output_bucket}/{set_key(run, name)}"

    records = prepared.counts()
    return PlannedSets(
        train=TrainingSet(
            uri=uri("train"), records=records["train"], tokens=count_training_tokens(checked.given, prepared)
        ),
        validation=PlannedSet(uri=uri("validation"), records=records["validation"]) if records["validation"] else None,
        test=PlannedTestSet(uri=uri("test"), records=records["test"], leaked=prepared.leaked_test_records),
    )
