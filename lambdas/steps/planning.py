"""What a run is to do, made of its checked data set, its run.json and the environment's limits."""

from lambdas.domain.core.run import KEEP_JOB_TAG, Run, bedrock_tags
from lambdas.domain.dataset.figures import count_tokens, count_training_tokens, recommended_hyperparameters
from lambdas.domain.dataset.planned_set import PlannedSet, TrainingSet
from lambdas.domain.dataset.preparation import PreparedDataset
from lambdas.domain.dataset.prompt_template import prompt_template
from lambdas.domain.dataset.set_names import part_name
from lambdas.domain.dataset.split.parts import Parts
from lambdas.domain.dataset.training_parts import count_part_tokens
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.batches import plan_batches
from lambdas.domain.models.catalogue import BaseModelEntry, ServingKind
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.preflight.verdict_reach import TEST_GROUPS
from lambdas.domain.settings.curated import chosen_serve, plan_curation, trained_data
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices, RunSettings, compared_models
from lambdas.domain.training.candidates import PlannedVariants, number_candidates, plan_variants
from lambdas.domain.training.learning_curve import explain_sizes
from lambdas.domain.training.serve import BEST, explain_choice
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
    training_sets = _training_sets(run, sets.train, checked, prepared)
    validated = sets.validation is not None
    sizes = [each.records for each in training_sets]
    planned = plan_variants(
        model, settings.hyperparameters, settings.sweep, sizes, trained_data(settings), validated=validated
    )
    serve = chosen_serve(settings)
    candidates = [] if settings.custom_model else number_candidates(planned, training_sets)
    arms = plan_arms(compared_models(choices), len(prepared.examples))
    return Plan(
        output_bucket=run.output_bucket,
        base_model=model.customization_id,
        recommended=[] if settings.custom_model else recommended_hyperparameters(prepared, choices.wanted),
        candidates=candidates,
        custom_model=settings.custom_model,
        candidates_note=_note(settings, planned, sets.train.records, prepared.parts, model, validated=validated),
        keep_models=planned.keep_models,
        curation=plan_curation(settings, checked.planned_asks),
        learning_curve=len(training_sets) > 1,
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
        prompt_template=prompt_template(settings.mapping, settings.system, model.record_format),
        arms=arms,
        batches=plan_batches(settings.batch, settings.evaluation, arms, sets.test.records),
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


def set_key(run: Run, name: str) -> str:
    """Where a set, or a part of one, is stored in the output bucket."""
    return f"{run.prefix}dataset/{name}.jsonl"


def _note(
    settings: RunSettings,
    planned: PlannedVariants,
    records: int,
    parts: Parts,
    model: BaseModelEntry,
    *,
    validated: bool,
) -> str:
    """What was varied, which sizes were left out, and what is chosen where nothing tells candidates apart."""
    said = [planned.note]
    if settings.learning_curve is not None:
        said.append(explain_sizes(settings.learning_curve, records, parts, model))
    if len(planned.variants) > 1 and not validated:
        compared = trained_data(settings)
        first = compared[0] if len(compared) > 1 else None
        said.append(f"Without a validation set {explain_choice(first)}")
    return " ".join(filter(None, said))


def _sets(run: Run, checked: CheckedDataset, prepared: PreparedDataset) -> PlannedSets:
    records = prepared.counts()
    return PlannedSets(
        train=TrainingSet(
            uri=_uri(run, "train"), records=records["train"], tokens=count_training_tokens(checked.given, prepared)
        ),
        validation=PlannedSet(uri=_uri(run, "validation"), records=records["validation"])
        if records["validation"]
        else None,
        test=PlannedTestSet(uri=_uri(run, "test"), records=records["test"], leaked=prepared.leaked_test_records),
    )


def _training_sets(
    run: Run, whole: TrainingSet, checked: CheckedDataset, prepared: PreparedDataset
) -> list[TrainingSet]:
    """What candidates train on: the whole training set, then its parts from large to small."""
    tokens = count_part_tokens(prepared, checked.given)
    parts = [
        TrainingSet(uri=_uri(run, part_name(size)), records=size, tokens=tokens_of_part)
        for size, tokens_of_part in zip(prepared.parts.sizes, tokens, strict=True)
    ]
    return [whole, *reversed(parts)]


def _uri(run: Run, name: str) -> str:
    return f"s3://{run.output_bucket}/{set_key(run, name)}"
