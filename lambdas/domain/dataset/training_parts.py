"""The parts of a prepared training set, and what they have."""

from collections.abc import Iterable
from dataclasses import replace

from lambdas.domain.dataset.preparation import Given, PreparedDataset, Wanted, group_keys, label_numbers
from lambdas.domain.dataset.set_names import SET_NAMES
from lambdas.domain.dataset.split.parts import take_parts


def with_parts(prepared: PreparedDataset, given: Given, wanted: Wanted, asked: Iterable[int]) -> PreparedDataset:
    """The data set with parts of about as many training records as `asked`."""
    train = SET_NAMES.index("train")
    parts = take_parts(
        group_keys(given, prepared.groups)["train"],
        [index for index, side in enumerate(prepared.sides["train"]) if side == train],
        asked,
        seed=wanted.split.seed,
        least=wanted.model.limits.train.min_records,
        labels=label_numbers(given["train"]),
    )
    return replace(prepared, parts=parts)


def count_part_tokens(prepared: PreparedDataset, given: Given) -> list[int]:
    """The tokens that one epoch on each part trains on, in the order of the parts' sizes."""
    facts, parts = given["train"].facts, prepared.parts
    tokens = [0] * len(parts.sizes)
    for index, smallest in enumerate(parts.smallest):
        if smallest < len(tokens):
            tokens[smallest] += facts.prompt_tokens[index] + facts.answer_tokens[index]
    # Each part has those of the smaller ones.
    return [sum(tokens[: place + 1]) for place in range(len(tokens))]
