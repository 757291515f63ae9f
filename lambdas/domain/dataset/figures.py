"""The figures of `dataset/report.json`: files, tokens, groups and what training will read."""

from collections import Counter
from collections.abc import Sequence

from lambdas.domain.core.statistics import count_statistics, percentile
from lambdas.domain.dataset.document import (
    DatasetDocument,
    GroupFigures,
    PartFigures,
    RandomSplit,
    RecordCounts,
    RecordTokens,
    TokenDistribution,
    TrainingFigures,
)
from lambdas.domain.dataset.preparation import Given, PreparedDataset, Wanted
from lambdas.domain.dataset.report import DatasetReport, listed
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.dataset.split.leakage import expected_leakage
from lambdas.domain.dataset.tokens import Tier, TokenCounts
from lambdas.domain.dataset.training_parts import count_part_tokens
from lambdas.domain.models import hyperparameters
from lambdas.domain.models.hyperparameters import Recommendation

_LABELS_SHOWN = 100


def dataset_document(
    report: DatasetReport, given: Given, wanted: Wanted, prepared: PreparedDataset | None = None
) -> DatasetDocument:
    """`dataset/report.json`; the numbers of records are those that the run trains and tests on.

    Groups, leakage and training are known only where the data set is `prepared`.
    """
    counts = prepared.counts() if prepared else dict.fromkeys(SET_NAMES, 0)
    return DatasetDocument(
        status="rejected" if report.errors else "accepted",
        records=RecordCounts(
            read=report.records_read,
            dropped=0 if report.errors else report.records_read - sum(counts.values()),
            **counts,
        ),
        issues=report.findings,
        issue_counts=dict(report.counts),
        rules=report.rule_texts(),
        dropped=listed(report.dropped),
        changed=listed(report.changed),
        base_model=wanted.model.customization_id,
        files=[each.described(name) for name, each in given.items()],
        tokens=_token_figures(given),
        labels=_labels(given),
        groups=_group_figures(prepared) if prepared else None,
        leaked_test_records=prepared.leaked_test_records if prepared else None,
        training=_training(given, prepared, wanted) if prepared else None,
        samples=[each for read in given.values() for each in read.samples],
    )


def count_tokens(given: Given, prepared: PreparedDataset) -> TokenCounts:
    """The tokens of what the test set asks."""
    prompts, references = _tokens(given, prepared, "test")
    facts = given["train"].facts
    return TokenCounts(
        test_prompts=sum(prompts),
        test_references=sum(references),
        examples=sum(facts.prompt_tokens[place] + facts.answer_tokens[place] for place in prepared.examples),
    )


def count_training_tokens(given: Given, prepared: PreparedDataset) -> int:
    """The tokens that one epoch trains on."""
    return sum(map(sum, _tokens(given, prepared, "train")))


def recommended_hyperparameters(prepared: PreparedDataset, wanted: Wanted) -> list[Recommendation]:
    """The job's hyperparameters with the reason for each, by the sets that it will read."""
    return hyperparameters.recommend(
        wanted.model,
        wanted.hyperparameters,
        train_records=prepared.records("train"),
        has_validation=bool(prepared.records("validation")),
    )


def _training(given: Given, prepared: PreparedDataset, wanted: Wanted) -> TrainingFigures:
    recommended = recommended_hyperparameters(prepared, wanted)
    epochs = hyperparameters.sent(recommended).get("epochCount")
    tokens = count_training_tokens(given, prepared)
    return TrainingFigures(
        records=prepared.counts(),
        estimated_tokens=tokens,
        epochs=int(epochs) if epochs else None,
        estimated_tokens_in_all_epochs=tokens * int(epochs or 1),
        hyperparameters=recommended,
        parts=[
            PartFigures(records=records, estimated_tokens=tokens_of_part)
            for records, tokens_of_part in zip(prepared.parts.sizes, count_part_tokens(prepared, given), strict=True)
        ][::-1],
    )


def _group_figures(prepared: PreparedDataset) -> GroupFigures:
    groups = prepared.groups["train"]
    held_out = prepared.sides["train"].count(SET_NAMES.index("test"))
    leaked = round(expected_leakage(groups, held_out), 1)
    return GroupFigures(
        count=len(set(groups)),
        largest=max(Counter(groups).values()),
        random_split=RandomSplit(test_records=held_out, expected_leaked=leaked),
    )


def _token_figures(given: Given) -> RecordTokens:
    facts = [each.facts for each in given.values()]
    return RecordTokens(
        prompt=_distribution([n for each in facts for n in each.prompt_tokens]),
        answer=_distribution([n for each in facts for n in each.answer_tokens]),
        tiers=sum((each.tiers for each in given.values()), Counter[Tier]()),
    )


def _labels(given: Given) -> dict[str, int]:
    return dict(Counter(given["train"].facts.answers.labels()).most_common(_LABELS_SHOWN)) if "train" in given else {}


def _tokens(given: Given, prepared: PreparedDataset, name: SetName) -> tuple[list[int], list[int]]:
    """The tokens of a set's prompts, and of its answers."""
    facts = [(given[source].facts, index) for source, index in prepared.places(name)]
    return (
        [each.prompt_tokens[index] for each, index in facts],
        [each.answer_tokens[index] for each, index in facts],
    )


def _distribution(tokens: Sequence[int]) -> TokenDistribution:
    return TokenDistribution(**count_statistics(tokens), p95=percentile(tokens, 95))
