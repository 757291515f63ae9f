"""Each format: its example is recognised as its own and breaks no rule, on either path of the gate."""

import io
from typing import get_args

import orjson
import pytest

from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats.format import Format
from lambdas.domain.dataset.formats.record import SourceFormat
from lambdas.domain.dataset.record_set import check_set
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
EACH_FORMAT = pytest.mark.parametrize("each", formats.FORMATS, ids=lambda each: each.name)


@EACH_FORMAT
def test_example_in_the_docs_is_accepted_as_its_format(each: Format) -> None:
    """A reader copies it: a faulty one would cost more than none."""
    report = DatasetReport()
    read = check_set(io.BytesIO(each.example.encode()), "train.jsonl", HAIKU, report)
    assert (list(read.formats), report.findings) == ([each.name], [])


@EACH_FORMAT
def test_example_is_cleared_by_the_fast_path(each: Format) -> None:
    """The usual record of a format must not need the rules that explain."""
    value = orjson.loads(each.example)
    assert each.shape.keys(value) == sum(each.example.count(f'"{name}"') for name in each.shape.names)


def test_every_name_of_a_format_has_its_reader() -> None:
    """dataset/report.json names formats by these names."""
    assert set(formats.BY_NAME) == set(get_args(SourceFormat))
