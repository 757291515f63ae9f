"""The figures of `dataset/report.json` beside its issues: files, tokens, groups and what training will read."""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lambdas.domain import hyperparameters
from lambdas.domain.dataset import SET_NAMES, SetName
from lambdas.domain.groups import expected_leakage
from lambdas.domain.metrics import count_statistics, percentile
from lambdas.domain.prepared_dataset import Given, PreparedDataset
from lambdas.domain.run_settings import Choices
from lambdas.domain.tokens import estimate

_LABELS_SHOWN = 100


def file_facts(given: Given, choices: Choices) -> dict[str, Any]:
    """What is known of any data set, accepted or not."""
    tiers = sum((each.tiers for each in given.values()), Counter[str]())
    prompts = array("I", [n for each in given.values() for n in each.facts.prompt_characters])
    answers = array("I", [n for each in given.values() for n in each.facts.answer_characters])
    return {
        "base_model": choices.model.customization_id,
        "files": [each.as_json(name) for name, each in given.items()],
        "tokens": {"prompt": _distribution(prompts), "answer": _distribution(answers), "tiers": dict(tiers)},
        "labels": dict(Counter(given["train"].facts.answers.labels()).most_common(_LABELS_SHOWN))
        if "train" in given
        else {},
    }


def split_facts(given: Given, prepared: PreparedDataset, choices: Choices) -> dict[str, Any]:
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
        "training": _training(given, prepared, choices),
    }


def _training(given: Given, prepared: PreparedDataset, choices: Choices) -> dict[str, Any]:
    """What training reads; the figures are estimates at 4 characters a token."""
    epochs = hyperparameters.for_job(
        choices.model,
        choices.settings.hyperparameters,
        train_records=prepared.records("train"),
        has_validation=bool(prepared.records("validation")),
    ).get("epochCount")
    tokens = _estimated_tokens(given, prepared, "train")
    return {
        "records": prepared.counts(),
        "estimated_tokens": tokens,
        "epochs": int(epochs) if epochs else None,
        "estimated_tokens_in_all_epochs": tokens * int(epochs or 1),
    }


def _estimated_tokens(given: Given, prepared: PreparedDataset, name: SetName) -> int:
    place, total = SET_NAMES.index(name), 0
    for source, sides in prepared.sides.items():
        facts = given[source].facts
        lengths = zip(sides, facts.prompt_characters, facts.answer_characters, strict=True)
        total += sum(estimate(prompt) + estimate(answer) for side, prompt, answer in lengths if side == place)
    return total


def _distribution(characters: Sequence[int]) -> dict[str, float | None]:
    """Estimated tokens: mean, median, sd, min, max and the 95th percentile."""
    tokens = [estimate(n) for n in characters]
    return {**count_statistics(tokens), "p95": percentile(tokens, 95)}
