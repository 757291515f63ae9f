"""From the sets that a user gave to those that a run uses."""

import io
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset import preparation
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.preparation import PreparedDataset, prepare
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.shards import plan_shards
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices, parse


def choices(**settings: object) -> Choices:
    parsed = parse(orjson.dumps(settings), "anthropic.claude-3-haiku-20240307-v1:0:200k", RunLimits(max_model_units=1))
    assert isinstance(parsed, Choices), parsed
    return parsed


def prepared(
    prompts: dict[SetName, list[str]], chosen: Choices | None = None
) -> tuple[PreparedDataset | None, DatasetReport]:
    chosen, report, sets = chosen or choices(), DatasetReport(), dict[SetName, RecordSet]()
    for name, texts in prompts.items():
        data = "".join(json.dumps({"prompt": text, "completion": "x"}) + "\n" for text in texts).encode()
        sets[name] = check_set(io.BytesIO(data), f"{name}.jsonl", chosen.model, report)
    return prepare(sets, chosen.wanted, report), report


def prompts(prefix: str, count: int) -> list[str]:
    return [f"{prefix} {number}" for number in range(count)]


def sizes(result: PreparedDataset | None) -> tuple[int, int, int]:
    assert result is not None
    return result.records("train"), result.records("validation"), result.records("test")


def test_sets_of_the_user_are_used_as_they_are() -> None:
    """Who brings three sets has decided on the split: no record moves."""
    result, report = prepared(
        {"train": prompts("a", 40), "validation": prompts("b", 35), "test": prompts("c", 11)},
    )
    assert sizes(result) == (40, 35, 11)
    assert report.counts == {}


def test_missing_sets_are_split_off_the_training_file() -> None:
    """A user's own test set stays what it is while validation comes out of training, and the other way round."""
    assert sizes(prepared({"train": prompts("a", 200), "test": prompts("c", 11)})[0]) == (168, 32, 11)
    assert sizes(prepared({"train": prompts("a", 200), "validation": prompts("b", 50)})[0]) == (170, 50, 30)


@pytest.mark.parametrize("files", [{"train": prompts("a", 60)}, {"train": prompts("b", 40), "test": prompts("a", 10)}])
@pytest.mark.parametrize(
    ("evaluation", "arms", "tokens"),
    [
        ({}, 2, 512),
        ({"models": ["one", "two"], "max_tokens": 4096}, 4, 4096),
        ({"models": ["one"], "few_shot": 1, "max_tokens": 1}, 6, 1),
    ],
)
def test_a_test_set_that_no_report_could_score_in_time_is_refused_before_anything_is_started(
    files: dict[SetName, list[str]],
    evaluation: dict[str, Any],
    arms: int,
    tokens: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That would fail after all was paid: prompts are read, and words compared, once for each arm."""
    result, _ = prepared(files)
    assert result is not None
    # A prompt is "a 7" or "a 17", its answer one character.
    asked = sum(len(files[name][index]) for name, index in result.places("test"))
    seconds = arms * (asked * 60e-9 + 10 * (1 + 4 * tokens) * 250e-9)
    monkeypatch.setattr(preparation, "MAX_SCORING_SECONDS", seconds * 1.001)
    assert prepared(files, choices(evaluation=evaluation))[0] is not None
    monkeypatch.setattr(preparation, "MAX_SCORING_SECONDS", seconds * 0.999)
    refused, report = prepared(files, choices(evaluation=evaluation))
    assert refused is None
    [finding] = [one for one in report.findings if one.rule == "file-size"]
    assert f"Scoring {arms} answers of up to {tokens} tokens to each of 10 test records" in finding.message


@pytest.mark.parametrize(
    ("records", "characters", "arms", "tokens", "fits"),
    [
        (20_000, 32_000, 3, 512, True),
        (20_000, 32_000, 3, 4_096, True),
        (25_000, 1_500, 14, 512, True),
        (25_000, 1_500, 14, 4_096, False),
        (25_000, 40_000, 14, 512, False),
    ],
)
def test_large_test_sets_that_are_measured_to_fit_are_taken(
    records: int, characters: int, arms: int, tokens: int, fits: bool
) -> None:
    """The promise of 20,000 records of 32 KB and 3 arms stands; what takes longer than a function has does not."""
    prompt, answer = preparation.SECONDS_PER_PROMPT_CHARACTER, preparation.SECONDS_PER_ANSWER_CHARACTER
    seconds = arms * records * (characters * prompt + (50 + 4 * tokens) * answer)
    assert (seconds <= preparation.MAX_SCORING_SECONDS) is fits


def test_no_validation_set_is_a_warning_unless_it_was_asked_for() -> None:
    """Early stopping silently off would surprise."""
    result, report = prepared({"train": prompts("a", 60)})
    assert sizes(result) == (50, 0, 10)
    assert report.counts == {"no-validation": 1}
    _, report = prepared({"train": prompts("a", 60)}, choices(split={"validation": 0}))
    assert report.counts == {}


def test_setting_without_effect_is_a_warning() -> None:
    """Early stopping cannot be had without a validation set; who asked for it must read so."""
    chosen = choices(split={"validation": 0}, hyperparameters={"earlyStoppingPatience": 3, "epochCount": 3})
    _, report = prepared({"train": prompts("a", 60)}, chosen)
    assert [(found.rule, found.path) for found in report.findings] == [
        ("unused-hyperparameter", "run.json#/hyperparameters/earlyStoppingPatience")
    ]


@pytest.mark.parametrize(
    ("given_sets", "rule", "words"),
    [
        ({"train": 41}, "split", "at least 42"),
        ({"train": 31, "validation": 32, "test": 10}, "too-few-records", "train set has 31"),
        ({"train": 100, "validation": 31, "test": 10}, "too-few-records", "validation set has 31"),
        ({"train": 100, "test": 9}, "too-few-records", "test set has 9"),
        ({"train": 9_970, "validation": 32, "test": 10}, "too-many-records-in-total", "9970 + 32 = 10002"),
        ({"train": 12_500}, "too-many-records-in-total", "9625 + 1000 = 10625"),
        ({"train": 14_000}, "too-many-records", "would have 10,900 records; Claude 3 Haiku takes at most 10,000"),
    ],
)
def test_limits_on_the_sets_refuse_with_numbers(given_sets: dict[SetName, int], rule: str, words: str) -> None:
    """The job would fail hours later with fewer words."""
    result, report = prepared({name: prompts(name, count) for name, count in given_sets.items()})
    assert result is None or report.errors
    errors = [found for found in report.findings if found.severity == "error"]
    assert [found.rule for found in errors] == [rule]
    assert words in errors[0].message


def test_prompts_and_contexts_shared_with_training_are_warnings() -> None:
    """A test on what was trained on flatters: the user must know, with the lines."""
    table = "<table>Revenue 7</table>"
    _, report = prepared(
        {
            "train": [*prompts("a", 60), f"{table} Sum?"],
            "validation": prompts("b", 32),
            "test": [*prompts("c", 10), "a  3", f"{table} Trend?"],
        }
    )
    assert [(found.rule, found.line, found.path) for found in report.findings] == [
        ("prompt-overlap", 11, "test.jsonl"),
        ("context-overlap", None, "test.jsonl"),
    ]
    assert report.findings[1].message.startswith("1 of 12 records")
    assert report.errors == 0


def test_prompts_and_contexts_shared_by_validation_and_test_are_warnings() -> None:
    """Early stopping chooses the model by the validation set: what is in it, too, is no test."""
    table = "<table>Revenue 7</table>"
    result, report = prepared(
        {
            "train": prompts("a", 60),
            "validation": [*prompts("b", 32), f"{table} Sum?"],
            "test": [*prompts("c", 10), "b 3", f"{table} Trend?"],
        }
    )
    assert [(found.rule, found.line, found.path) for found in report.findings] == [
        ("prompt-overlap", 11, "test.jsonl"),
        ("context-overlap", None, "test.jsonl"),
    ]
    assert "line 4 of validation.jsonl" in report.findings[0].message
    assert "1 of 12 records" in report.findings[1].message
    assert "validation set" in report.findings[1].message
    assert result is not None
    assert result.leaked_test_records == 0


@pytest.mark.parametrize("name", ["validation", "test"])
def test_set_that_is_split_off_shares_no_context_with_a_set_of_the_user(name: SetName) -> None:
    """The records of the user's set that stand in the training file stay in training, and are warned of."""
    own = [f"<table>Revenue {number}</table> Sum?" for number in range(40)]
    result, report = prepared(
        {"train": [f"<table>Revenue {number}</table> Trend?" for number in range(200)], name: own}
    )
    assert result is not None
    other: SetName = "test" if name == "validation" else "validation"
    assert result.records(other) >= 30
    assert not set(result.groups_of(other)) & set(result.groups_of(name))
    assert set(result.groups_of("train")) >= set(result.groups_of(name))
    assert result.leaked_test_records == (40 if name == "test" else 0)
    assert report.counts == {"context-overlap": 1}


@given(st.integers(10, 500), st.integers(1, 3))
def test_shards_cover_each_test_record_of_each_arm_once(records: int, arms: int) -> None:
    """A record that is in no shard has no answer, one that is in two is paid twice."""
    items = plan_shards({f"arm{n}": Arm(model_id=f"model{n}", few_shot=n) for n in range(arms)}, records)
    for arm in range(arms):
        own = [item for item in items if item.arm == f"arm{arm}"]
        assert [item.number for item in own] == list(range(len(own)))
        covered = [index for item in own for index in range(item.first, item.first + item.records)]
        assert covered == list(range(records))
        assert all(item.records <= 20 and (item.model_id, item.few_shot) == (f"model{arm}", arm) for item in own)


def test_examples_come_from_training_and_never_from_the_context_of_a_test_record() -> None:
    """An example that tells of a test record's table would be leakage into the few-shot arms."""
    texts = [f"<table>table {number // 3}</table> question {number}" for number in range(120)]
    result, _ = prepared({"train": texts}, choices(evaluation={"few_shot": 4}))
    assert result is not None
    assert len(result.examples) == 4
    assert all(result.sides["train"][place] == 0 for place in result.examples)
    tables = {place // 3 for place in result.examples}
    assert len(tables) == 4
    assert not tables & {place // 3 for place, side in enumerate(result.sides["train"]) if side == 2}


def test_records_of_one_context_have_one_test_group() -> None:
    """Intervals resample groups: a context split in two would make them too narrow."""
    texts = [f"<table>table {number // 3}</table> question {number}" for number in range(120)]
    result, _ = prepared({"train": prompts("a", 40), "test": texts})
    assert result is not None
    assert result.test_groups == [number // 3 for number in range(120)]
    split_off, _ = prepared({"train": texts})
    assert split_off is not None
    assert len(split_off.test_groups) == split_off.records("test")
    assert len(set(split_off.test_groups)) == split_off.records("test") // 3
