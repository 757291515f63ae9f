"""The parts of a prepared training set: of its records alone, with whole contexts, and with their own tokens."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.figures import count_training_tokens
from lambdas.domain.dataset.preparation import Given, PreparedDataset, Wanted, prepare
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.dataset.training_parts import count_part_tokens, with_parts
from lambdas.domain.models.catalogue import base_model

MODEL = base_model("amazon.nova-lite-v1:0")
LABELS = ("billing", "refund", "delivery")


def prepared(
    sets: dict[SetName, list[dict[str, str]]], asked: list[int], seed: int = 0
) -> tuple[PreparedDataset, Given]:
    report, given_sets = DatasetReport(), Given()
    for name, records in sets.items():
        data = "".join(json.dumps(record) + "\n" for record in records).encode()
        given_sets[name] = check_set(io.BytesIO(data), f"{name}.jsonl", MODEL, report)
    wanted = Wanted(MODEL, SplitSettings(seed=seed), few_shot=0, hyperparameters={})
    found = prepare(given_sets, wanted, report)
    assert found is not None, report.findings
    return with_parts(found, given_sets, wanted, asked), given_sets


def records(count: int, per_group: int = 2) -> list[dict[str, str]]:
    """Records that name their group, with answers of several lengths."""
    return [
        {"prompt": f"Item {n} of list {n * 7}", "completion": LABELS[n % 3], "group": str(n // per_group)}
        for n in range(count)
    ]


@given(
    st.integers(80, 300), st.integers(1, 5), st.lists(st.integers(8, 200), min_size=1, max_size=5), st.integers(0, 3)
)
def test_parts_have_training_records_with_whole_groups_and_nested_tokens(
    count: int, per_group: int, asked: list[int], seed: int
) -> None:
    """A held-out record in a part would be a leak, half a group a smaller leak."""
    found, sets = prepared({"train": records(count, per_group)}, asked, seed)
    facts, tokens = sets["train"].facts, count_part_tokens(found, sets)
    trained = [index for _, index in found.places("train")]
    for place, size in enumerate(found.parts.sizes):
        part = [index for index in range(count) if place in found.parts.having(index)]
        assert len(part) == size
        assert set(part) <= set(trained)
        groups = {found.groups["train"][index] for index in part}
        assert part == [index for index in trained if found.groups["train"][index] in groups]
        assert tokens[place] == sum(facts.prompt_tokens[index] + facts.answer_tokens[index] for index in part)
    assert [*tokens, count_training_tokens(sets, found)] == sorted([*tokens, count_training_tokens(sets, found)])


def test_sets_of_the_user_leave_the_whole_file_to_the_parts() -> None:
    """Where validation and test came as files, nothing is held out of the training file."""
    found, _ = prepared(
        {"train": records(100), "validation": records(20), "test": [*records(140)][120:]},
        [25, 50],
    )
    assert found.counts()["train"] == 100
    assert found.parts.sizes == (24, 50)


@pytest.mark.parametrize("labels", [2, 3])
def test_parts_of_a_classification_have_each_label_in_its_share(labels: int) -> None:
    """As the split itself does."""
    answers = [{**record, "completion": LABELS[n % labels]} for n, record in enumerate(records(400, 1))]
    found, sets = prepared({"train": answers}, [30, 60, 120])
    hashes = sets["train"].facts.answer_hashes
    for place, size in enumerate(found.parts.sizes):
        part = [hashes[index] for index in range(400) if place in found.parts.having(index)]
        assert all(abs(part.count(label) - size / labels) <= 2 for label in set(hashes))
