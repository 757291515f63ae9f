"""The sets that a run trains, validates and tests on, out of those that its user gave."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.examples import choose_examples
from lambdas.domain.dataset.record_facts import MAX_RECORDS, RecordFacts
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_limits import check_count
from lambdas.domain.dataset.set_names import SET_NAMES, SETTINGS_FILE, SetName
from lambdas.domain.dataset.split.holdout import Request, Shortage, Split, SplitSettings, split
from lambdas.domain.dataset.split.parts import NO_PARTS, Parts
from lambdas.domain.models.catalogue import BaseModelEntry

_SPOKEN = {"train": "training", "validation": "validation", "test": "test"}
# A report has 15 minutes. It reads each arm's prompts four times from S3, and compares words of answers and references:
# so many seconds a character, measured by `make bench`, and with a network of 80 MB/s.
MAX_SCORING_SECONDS = 600.0
SECONDS_PER_PROMPT_CHARACTER, SECONDS_PER_ANSWER_CHARACTER, CHARACTERS_PER_TOKEN = 60e-9, 250e-9, 4
# A context with a larger share of the records makes the split coarse.
_LARGE_GROUP_SHARE = 0.25

Given = dict[SetName, RecordSet]


class Wanted(NamedTuple):
    """What a run wants of its data set: the base model, the split, examples for few-shot arms, and hyperparameters.

    `models` is how many models answer the test set, each once more with few-shot examples, in at most `answer_tokens`.
    """

    model: BaseModelEntry
    split: SplitSettings
    few_shot: int
    hyperparameters: Mapping[str, object]
    models: int = 2
    answer_tokens: int = 512


@dataclass(frozen=True)
class PreparedDataset:
    """Where each record of each given file goes: the set's place in SET_NAMES, one byte a record.

    `groups` has the number of each record's group, the same in all files for records of one context. `examples` are the
    places, in the training file, of the records that stand before the questions of few-shot arms. `parts` are those of
    the training set.
    """

    sides: Mapping[SetName, bytes]
    groups: Mapping[SetName, Sequence[int]]
    examples: Sequence[int] = ()
    parts: Parts = NO_PARTS

    def records(self, name: SetName) -> int:
        """How many records a set has."""
        place = SET_NAMES.index(name)
        return sum(sides.count(place) for sides in self.sides.values())

    def counts(self) -> dict[SetName, int]:
        """How many records each set has."""
        return {name: self.records(name) for name in SET_NAMES}

    @property
    def test_groups(self) -> list[int]:
        """A number for each test record, counted from 0 in their order, the same for records of one context."""
        numbers = dict[int, int]()
        return [numbers.setdefault(group, len(numbers)) for group in self.groups_of("test")]

    @property
    def leaked_test_records(self) -> int:
        """How many test records have their context, and so perhaps their prompt, in training."""
        trained = set(self.groups_of("train"))
        return sum(group in trained for group in self.groups_of("test"))

    def groups_of(self, name: SetName) -> list[int]:
        """The group of each record of a set, in their order."""
        return [self.groups[given][index] for given, index in self.places(name)]

    def places(self, name: SetName) -> Iterator[tuple[SetName, int]]:
        """The given set and the index in it of each record of a set, in their order."""
        place = SET_NAMES.index(name)
        return ((given, i) for given, sides in self.sides.items() for i, side in enumerate(sides) if side == place)


def prepare(given: Given, wanted: Wanted, report: DatasetReport) -> PreparedDataset | None:
    """Checks the sets against each other and splits off those that are missing; None where there are errors.

    `given` has at least "train". Sets that the user gave are used as they are.
    """
    train, model, request = given["train"], wanted.model, _request(given, wanted)
    check_counts(given, wanted, report)
    _check_group_keys(given, report)
    if report.errors:
        return None
    groups = group_sets(given)
    keys = group_keys(given, groups)
    # What a held-out set of the user's has must not be held out for the other one.
    held_out = {key for name in keys if name != "train" for key in keys[name]}
    parts = split(keys["train"], request, model.limits, label_numbers(train), held_out)
    if isinstance(parts, Shortage):
        report.add("split", train.file, parts.message)
        return None
    if parts.note:
        report.add("no-validation", train.file, parts.note)
    prepared = PreparedDataset(_sides(given, parts), groups, _examples(given, parts, keys, wanted))
    _check_totals(prepared, train.file, wanted, report)
    _check_test_size(prepared, given, wanted, report)
    if request.validation or request.test:
        _check_largest_group(groups["train"], train.file, report)
    _check_overlap(given, prepared, report)
    return None if report.errors else prepared


def check_counts(given: Given, wanted: Wanted, report: DatasetReport) -> None:
    """Compares the number of records in each set with its limits, as far as the split does not decide on it."""
    request = _request(given, wanted)
    if "validation" in given and wanted.model.limits.validation is None:
        message = f"{wanted.model.name} is trained without a validation set."
        report.add("unused-validation", given["validation"].file, message)
    for name, read in given.items():
        # Where sets are split off the training file, the split says what is missing.
        if name != "train" or not (request.validation or request.test):
            check_count(read, name, wanted.model, report)
        elif read.records_read > MAX_RECORDS:
            message = f"There are {counted(read.records_read, 'record')}; at most {MAX_RECORDS:,} can be split."
            report.add("too-many-records", read.file, message)


def group_sets(given: Given) -> dict[SetName, list[int]]:
    """The group of each record, numbered over all given sets together: as the records name it, else as detected."""
    facts = [each.facts for each in given.values()]
    numbers = iter(_named_groups(facts) or _detected_groups(facts))
    return {name: [next(numbers) for _ in each.facts.lines] for name, each in given.items()}


def _named_groups(facts: Sequence[RecordFacts]) -> list[int] | None:
    """The groups that the records name; None where one names none."""
    first: dict[bytes, int] = {}
    numbers = list[int]()
    for name in (name for each in facts for name in each.groups):
        if name is None:
            return None
        numbers.append(first.setdefault(name, len(numbers)))
    return numbers


def _detected_groups(facts: Sequence[RecordFacts]) -> list[int]:
    from lambdas.domain.dataset.split.groups import group  # noqa: PLC0415 - who only plans needs no numpy

    return group(
        [signed for each in facts for signed in each.signatures], [found for each in facts for found in each.contexts]
    )


def _request(given: Given, wanted: Wanted) -> Request:
    shares = wanted.split
    return Request(
        validation=0 if "validation" in given else shares.validation,
        test=0 if "test" in given else shares.test,
        seed=shares.seed,
    )


def _check_group_keys(given: Given, report: DatasetReport) -> None:
    """Refuses a file whose records name no group where those of another one do: they could not be compared."""
    named = next((each.file for each in given.values() if each.grouped), None)
    for each in given.values():
        if named and not each.grouped and each.records_read:
            report.add("partial-group", each.file, f"No record names its group; those of {named} do.")


def group_keys(given: Given, groups: Mapping[SetName, Sequence[int]]) -> dict[SetName, list[bytes]]:
    """A key for each record's group that does not depend on the order in the files: its smallest prompt digest."""
    smallest: dict[int, bytes] = {}
    for name, read in given.items():
        for number, key in zip(groups[name], read.facts.keys, strict=True):
            smallest[number] = min(key, smallest.get(number, key))
    return {name: [smallest[number] for number in numbers] for name, numbers in groups.items()}


def _examples(given: Given, parts: Split, keys: Mapping[SetName, list[bytes]], wanted: Wanted) -> list[int]:
    """Fewer than asked for where there are not as many contexts."""
    facts = given["train"].facts
    chosen = choose_examples(
        [keys["train"][index] for index in parts.train],
        [facts.prompt_characters[index] + facts.answer_characters[index] for index in parts.train],
        keys["test"] if "test" in given else [keys["train"][index] for index in parts.test],
        wanted.few_shot,
        wanted.split.seed,
    )
    return [parts.train[place] for place in chosen]


def label_numbers(read: RecordSet) -> Sequence[int]:
    """A number for each record's label; none where the answers are no labels."""
    return read.facts.answer_hashes if read.facts.answers.labels() else ()


def _sides(given: Given, parts: Split) -> dict[SetName, bytes]:
    sides = {name: bytes([SET_NAMES.index(name)]) * len(each.facts.lines) for name, each in given.items()}
    train = bytearray(sides["train"])
    for place, indexes in ((1, parts.validation), (2, parts.test)):
        for index in indexes:
            train[index] = place
    return {**sides, "train": bytes(train)}


def _check_totals(prepared: PreparedDataset, file: str, wanted: Wanted, report: DatasetReport) -> None:
    limits, name = wanted.model.limits, wanted.model.name
    train, validation = prepared.records("train"), prepared.records("validation")
    if train > limits.train.max_records:
        most = limits.train.max_records
        message = f"The training set would have {counted(train, 'record')}; {name} takes at most {most:,}."
        report.add(
            "too-many-records", file, f"{message} Remove records or hold out a larger share (split in run.json)."
        )
    elif train + validation > limits.max_training_and_validation_records:
        message = (
            f"Training and validation would have {train} + {validation} = {train + validation} records; "
            f"{name} takes at most {limits.max_training_and_validation_records} together."
        )
        report.add("too-many-records-in-total", file, message)
    disputed = wanted.model.disputed_minimum
    if disputed and train < disputed.records:
        report.add("few-records", file, f"The training set has {counted(train, 'record')}. {disputed.reason}.")
    if not validation:
        for hyperparameter in wanted.hyperparameters:
            spec = wanted.model.hyperparameters.get(hyperparameter)
            if spec is not None and spec.needs_validation:
                message = "Without a validation set there is no early stopping: the setting is not sent."
                report.add(
                    "unused-hyperparameter", SETTINGS_FILE, message, pointer=f"/hyperparameters/{hyperparameter}"
                )


def _check_test_size(prepared: PreparedDataset, given: Given, wanted: Wanted, report: DatasetReport) -> None:
    """Refuses a test set that no report could score in its time, before its answers are paid for."""
    prompts = answers = 0
    for name, index in prepared.places("test"):
        facts = given[name].facts
        prompts += facts.prompt_characters[index]
        answers += facts.answer_characters[index] + CHARACTERS_PER_TOKEN * wanted.answer_tokens
    arms = wanted.models * (2 if wanted.few_shot else 1)
    seconds = arms * (prompts * SECONDS_PER_PROMPT_CHARACTER + answers * SECONDS_PER_ANSWER_CHARACTER)
    if seconds > MAX_SCORING_SECONDS:
        message = (
            f"Scoring {arms} answers of up to {wanted.answer_tokens} tokens to each of {prepared.records('test')} test "
            f"records with {prompts} characters takes about {counted(round(seconds / 60), 'minute')}; a report has "
            f"{MAX_SCORING_SECONDS / 60:.0f}. Give fewer test records, or less of models, few_shot or max_tokens "
            f"(evaluation in {SETTINGS_FILE})."
        )
        report.add("file-size", (given.get("test") or given["train"]).file, message)


def _check_largest_group(groups: Sequence[int], file: str, report: DatasetReport) -> None:
    ((number, size),) = Counter(groups).most_common(1)
    if size > _LARGE_GROUP_SHARE * len(groups):
        first = groups.index(number) + 1
        message = f"{size} of {len(groups)} records share the context of record {first}, so they stay on one side."
        report.add("large-group", file, message)


def _check_overlap(given: Given, prepared: PreparedDataset, report: DatasetReport) -> None:
    """Warns of what the sets share, each pair of them; those that were split off share nothing."""
    pairs: list[tuple[SetName, SetName]] = [("validation", "train"), ("test", "train"), ("test", "validation")]
    for name, other in pairs:
        # By hash; prompts before words, so that an equal one is the one named.
        known: dict[int, tuple[SetName, int]] = {}
        for place in prepared.places(other):
            facts = given[place[0]].facts
            known[facts.words[place[1]]] = known[facts.prompts[place[1]]] = place
        groups, shared, records = set(prepared.groups_of(other)), 0, 0
        for source, index in prepared.places(name):
            records += 1
            facts = given[source].facts
            there = known.get(facts.prompts[index], known.get(facts.words[index]))
            if there is not None:
                line, file = given[there[0]].facts.lines[there[1]], given[there[0]].file
                message = f"The same prompt, or its words in another order, is in line {line} of {file}."
                report.add("prompt-overlap", given[source].file, message, line=facts.lines[index])
            else:
                shared += prepared.groups[source][index] in groups
        if shared:
            message = (
                f"{shared} of {counted(records, 'record')} {'shares its' if shared == 1 else 'share their'} "
                f"context, though not {'its' if shared == 1 else 'their'} prompt, with the "
                f"{_SPOKEN[other]} set: scores may be too high."
            )
            report.add("context-overlap", given[name].file, message)
