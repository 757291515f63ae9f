"""The sets that a run trains, validates and tests on, out of those that its user gave."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lambdas.domain.arms import Arms
from lambdas.domain.context import group_keys
from lambdas.domain.dataset import RecordSet, SetName, check_count
from lambdas.domain.dataset_report import DatasetReport
from lambdas.domain.few_shot import choose_examples
from lambdas.domain.run_settings import FILE_NAME, Choices
from lambdas.domain.split import Request, Shortage, Split, split

RECORDS_PER_SHARD = 20

Given = dict[SetName, RecordSet]


@dataclass(frozen=True)
class PreparedDataset:
    """Lines in the base model's format; `validation` is empty where there is no such set.

    `test_groups` has a number for each test record, the same for records of one context; `examples` are the training
    records that stand before the questions of few-shot arms.
    """

    train: list[bytes]
    validation: list[bytes]
    test: list[bytes]
    test_groups: list[int] = field(default_factory=list)
    examples: list[bytes] = field(default_factory=list)


class Shard(NamedTuple):
    """A run of test records that one arm answers in one go; `first` is the index of its first record."""

    arm: str
    model_id: str | None
    few_shot: int
    number: int
    first: int
    records: int


def prepare(given: Given, choices: Choices, report: DatasetReport) -> PreparedDataset | None:
    """Checks the sets against each other and splits off those that are missing; None where there are errors.

    `given` has at least "train". Sets that the user gave are used as they are.
    """
    train, model = given["train"], choices.model
    shares = choices.settings.split
    request = Request(
        validation=0 if "validation" in given else shares.validation,
        test=0 if "test" in given else shares.test,
        seed=shares.seed,
    )
    for name in given:
        # Where sets are split off the training file, the split says what is missing.
        if name != "train" or not (request.validation or request.test):
            check_count(given[name], name, model, report)
    if report.errors:
        return None
    parts = split(group_keys(train.contexts), request, model.limits)
    if isinstance(parts, Shortage):
        report.add("split", train.file, parts.message)
        return None
    if parts.note:
        report.add("no-validation", train.file, parts.note)
    keys = group_keys([context for each in given.values() for context in each.contexts])
    test_keys = _test_keys(given, parts, keys)
    prepared = PreparedDataset(
        train=[train.lines[index] for index in parts.train],
        validation=given["validation"].lines if "validation" in given else [train.lines[i] for i in parts.validation],
        test=given["test"].lines if "test" in given else [train.lines[i] for i in parts.test],
        test_groups=_numbered(test_keys),
        examples=_examples(train, parts, keys, test_keys, choices),
    )
    _check_totals(prepared, train.file, choices, report)
    _check_overlap(given, report)
    return None if report.errors else prepared


def _test_keys(given: Given, parts: Split, keys: list[bytes]) -> list[bytes]:
    """The group key of each test record; `keys` are those of all given records, set by set."""
    if "test" not in given:
        return [keys[index] for index in parts.test]
    before = list(given)[: list(given).index("test")]
    start = sum(len(given[name].contexts) for name in before)
    return keys[start : start + len(given["test"].contexts)]


def _numbered(keys: list[bytes]) -> list[int]:
    """Each key as a number, counted in the order of their first places."""
    numbers: dict[bytes, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _examples(
    train: RecordSet, parts: Split, keys: list[bytes], test_keys: list[bytes], choices: Choices
) -> list[bytes]:
    """The training records for few-shot arms; fewer than asked for where there are not as many contexts."""
    settings, lines = choices.settings, [train.lines[index] for index in parts.train]
    chosen = choose_examples(
        [keys[index] for index in parts.train],
        [len(line) for line in lines],
        test_keys,
        settings.evaluation.few_shot,
        settings.split.seed,
    )
    return [lines[index] for index in chosen]


def shards(arms: Arms, test_records: int) -> list[dict[str, Any]]:
    """The items of a distributed map: each arm's test records in shards of about 20."""
    return [
        Shard(name, arm.model_id, arm.few_shot, number, first, min(RECORDS_PER_SHARD, test_records - first))._asdict()
        for name, arm in arms.items()
        for number, first in enumerate(range(0, test_records, RECORDS_PER_SHARD))
    ]


def _check_totals(prepared: PreparedDataset, file: str, choices: Choices, report: DatasetReport) -> None:
    limits, name = choices.model.limits, choices.model.name
    train, validation = len(prepared.train), len(prepared.validation)
    if train > limits.train.max_records:
        message = f"The training set would have {train} records; {name} takes at most {limits.train.max_records}."
        report.add(
            "too-many-records", file, f"{message} Remove records or hold out a larger share (split in run.json)."
        )
    elif train + validation > limits.max_training_and_validation_records:
        message = (
            f"Training and validation would have {train} + {validation} = {train + validation} records; "
            f"{name} takes at most {limits.max_training_and_validation_records} together."
        )
        report.add("too-many-records-in-total", file, message)
    if not validation:
        for hyperparameter in choices.settings.hyperparameters:
            if choices.model.hyperparameters[hyperparameter].needs_validation:
                message = "Without a validation set there is no early stopping: the setting is not sent."
                report.add("unused-hyperparameter", FILE_NAME, message, pointer=f"/hyperparameters/{hyperparameter}")


def _check_overlap(given: Given, report: DatasetReport) -> None:
    """Warns of what a user's own sets share with training; sets that were split off share nothing."""
    keys = group_keys([context for each in given.values() for context in each.contexts])
    start = len(given["train"].contexts)
    train_keys, train_prompts = set(keys[:start]), set(given["train"].prompts)
    for name, other in given.items():
        if name == "train":
            continue
        own_keys = keys[start : start + len(other.contexts)]
        start += len(other.contexts)
        for line, prompt in zip(other.line_numbers, other.prompts, strict=True):
            if prompt in train_prompts:
                report.add("prompt-overlap", other.file, "The same prompt is in the training set.", line=line)
        shared = sum(key in train_keys for key in own_keys)
        if shared:
            message = (
                f"{shared} of {len(own_keys)} records share their context with the training set: scores may flatter."
            )
            report.add("context-overlap", other.file, message)
