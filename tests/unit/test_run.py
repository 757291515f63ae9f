"""A run's identity: the same event is the same run, and every name it makes is one that Bedrock takes."""

import re

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.run import Source, bedrock_name, bedrock_tags, client_request_token, run_id

BEDROCK = botocore.session.get_session().get_service_model("bedrock")
NAMES = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=80)


def accepted_by_bedrock(shape_name: str, text: str) -> bool:
    shape = BEDROCK.shape_for(shape_name).metadata
    return shape["min"] <= len(text) <= shape["max"] and re.fullmatch(shape["pattern"], text) is not None


@given(NAMES, st.booleans(), st.text(min_size=1, max_size=40))
def test_names_tokens_and_tags_of_any_data_set_are_accepted_by_bedrock(name: str, folder: bool, version: str) -> None:
    """The service refuses a wrong name only after the data was prepared; botocore does not check it at all."""
    key = f"input/{name}/train.jsonl" if folder else f"input/{name}.jsonl"
    run = run_id(Source("bucket", key, version))
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{12}", run)
    assert len(run) <= 33
    bedrock = bedrock_name("d" * 29, run)
    for shape in ("JobName", "CustomModelName", "ProvisionedModelName"):
        assert accepted_by_bedrock(shape, bedrock)
    tokens = {client_request_token(run, purpose) for purpose in ("customization", "throughput")}
    assert len(tokens) == 2
    assert all(accepted_by_bedrock("IdempotencyToken", token) for token in tokens)
    for tag, value in bedrock_tags("fine-tuning", run, f"arn:aws:states:::execution:{name}").items():
        assert accepted_by_bedrock("TagKey", tag)
        assert accepted_by_bedrock("TagValue", value)


def test_same_object_version_is_the_same_run_and_any_other_is_not() -> None:
    """Duplicate deliveries must meet in one run, and a corrected upload must not meet the old one."""
    source = Source("bucket", "input/sales.jsonl", "v1")
    assert run_id(source) == run_id(Source("bucket", "input/sales.jsonl", "v1", "another sequencer"))
    others = [
        Source("bucket2", "input/sales.jsonl", "v1"),
        Source("bucket", "input/sales/train.jsonl", "v1"),
        Source("bucket", "input/sales.jsonl", "v2"),
        Source("bucket", "input/sales.jsonl", None, "s1"),
        Source("bucket", "input/sales.jsonl", None, "s2"),
    ]
    assert len({run_id(source), *map(run_id, others)}) == 6


@pytest.mark.parametrize(
    "key",
    [
        "input/", "input/a", "input/.jsonl", "input/.csv.gz", "input/run.json", "input/a/run.json",
        "input/a/train.txt", "input/a.gz", "input/a.xlsx.gz", "input/a.xls",
        "input//train.jsonl", "input/a/validation.jsonl", "input/a/b/train.jsonl",
        "a.jsonl", "xinput/a.jsonl", "input/a.jsonl/", "runs/a/dataset/train.jsonl", "input/a.JSONL", "",
    ],
)  # fmt: skip
def test_other_keys_start_nothing(key: str) -> None:
    """Siblings of train.jsonl, and all that a run writes, must never start a run."""
    with pytest.raises(InvalidEvent, match=r"input/<name>\.jsonl and input/<name>/train\.jsonl"):
        run_id(Source("bucket", key, "v1"))


def test_run_is_named_after_its_data_set() -> None:
    """A person finds their run in the console by its name."""
    assert run_id(Source("b", "input/Financial tables (Q3) of last year.jsonl", "v")).startswith("financial-tables-q3-")
    assert run_id(Source("b", "input/Straße/train.jsonl", "v")).startswith("stra-e-")
    assert run_id(Source("b", "input/日本.jsonl", "v")).startswith("data-")


@pytest.mark.parametrize("deployment", ["", "-a", "a--b", "a_" * 20, "ü", "d" * 60])
def test_name_that_bedrock_refuses_is_refused_here(deployment: str) -> None:
    """A wrong deployment name must fail before anything is started."""
    with pytest.raises(ValueError, match="cannot name"):
        bedrock_name(deployment, "sales-0123456789ab")
