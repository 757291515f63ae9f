"""The figures of `dataset/report.json` beside its issues: files, tokens, groups and what training will read."""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lambdas.domain.core.statistics import count_statistics, percentile
from lambdas.domain.dataset.preparation import Given, PreparedDataset, Wanted
from lambdas.domain.dataset.record_set import SET_NAMES, SetName
from lambdas.domain.dataset.split.groups import expected_leakage
from lambdas.domain.dataset.tokens import estimate
from lambdas.domain.models import hyperparameters
from lambdas.domain.models.hyperparameters import Recommendation

_LABELS_SHOWN = 100


def file_facts(given: Given, wanted: Wanted) -> dict[str, Any]:
    """What is known of any data set, accepted or not."""
    tiers = sum((each.tiers for each in given.values()), Counter[str]())
    prompts = array("I", [n for each in given.values() for n in each.facts.prompt_characters])
    answers = array("I", [n for each in given.values() for n in each.facts.answer_characters])
    return {
        "base_model": wanted.model.customization_id,
        "files": [each.as_json(name) for name, each in given.items()],
        "tokens": {"prompt": _distribution(prompts), "answer": _distribution(answers), "tiers": dict(tiers)},
        "labels": dict(Counter(given["train"].facts.answers.labels()).most_common(_LABELS_SHOWN))
        if "train" in given
        else {},
    }


def split_facts(given: Given, prepared: PreparedDataset, wanted: Wanted) -> dict[str, Any]:
    """What is known of an accepted data set: its groups, the leakage that the split prevents, the training."""
    groups = prepared.groups["train"]
    held_out = prepared.sides["train"].count(SET_NAMES.index("test"))
    return {
        "groups": {
            "count": len(set(groups)),
            "largest": max(Counter(groups).values()),
            # How many records that a plain random split would test on would have their context in training.
            "random_split": {"test_records": held_out, "expected_leaked": round(expected_leakage(groups, held_out), 1)},
        },
        "leaked_test_records": prepared.leaked_test_records,
        "training": _training(given, prepared, wanted),
    }


def plan_tokens(given: Given, prepared: PreparedDataset) -> dict[str, int]:
    """The plan's `tokens`, from which the run's cost is estimated: of each set, and of the few-shot examples."""
    prompts, references = _characters(given, prepared, "test")
    facts = given["train"].facts
    return {
        "train": _estimated_tokens(given, prepared, "train"),
        "validation": _estimated_tokens(given, prepared, "validation"),
        "test_prompts": sum(map(estimate, prompts)),
        "test_references": sum(map(estimate, references)),
        "examples": sum(
            estimate(facts.prompt_characters[place]) + estimate(facts.answer_characters[place])
            for place in prepared.examples
        ),
    }


def recommended_hyperparameters(prepared: PreparedDataset, wanted: Wanted) -> list[Recommendation]:
    """The job's hyperparameters with the reason for each, by the sets that it will read."""
    return hyperparameters.recommend(
        wanted.model,
        wanted.hyperparameters,
        train_records=prepared.records("train"),
        has_validation=bool(prepared.records("validation")),
    )


def _training(given: Given, prepared: PreparedDataset, wanted: Wanted) -> dict[str, Any]:
    """What training reads; the figures are estimates at 4 characters a token."""
    recommended = recommended_hyperparameters(prepared, wanted)
    epochs = hyperparameters.sent(recommended).get("epochCount")
    tokens = _estimated_tokens(given, prepared, "train")
    return {
        "records": prepared.counts(),
        "estimated_tokens": tokens,
        "epochs": int(epochs) if epochs else None,
        "estimated_tokens_in_all_epochs": tokens * int(epochs or 1),
        "hyperparameters": [each._asdict() for each in recommended],
    }


def _estimated_tokens(given: Given, prepared: PreparedDataset, name: SetName) -> int:
    return sum(estimate(characters) for part in _characters(given, prepared, name) for characters in part)


def _characters(given: Given, prepared: PreparedDataset, name: SetName) -> tuple[list[int], list[int]]:
    """The lengths of a set's prompts, and of its answers."""
    facts = [(given[source].facts, index) for source, index in prepared.places(name)]
    return (
        [each.prompt_characters[index] for each, index in facts],
        [each.answer_characters[index] for each, index in facts],
    )


def _distribution(characters: Sequence[int]) -> dict[str, float | None]:
    """Estimated tokens: mean, median, sd, min, max and the 95th percentile."""
    tokens = [estimate(n) for n in characters]
    return {**count_statistics(tokens), "p95": percentile(tokens, 95)}
