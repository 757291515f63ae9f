"""The data gate's promise on its input, as a function of bytes that fails where it is broken."""

import io

import orjson

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import catalogue


def check(data: bytes) -> None:
    """Any bytes give a report that can be written, and what is accepted can be converted, whatever the base model."""
    model = catalogue()[len(data) % len(catalogue())]
    report, conversion = DatasetReport(), Conversion("System.", "table")
    read = check_set(io.BytesIO(data), "train.jsonl", model, report, conversion)
    wanted = Wanted(model, SplitSettings(), few_shot=0, hyperparameters={})
    orjson.dumps(dataset_document(report, {"train": read}, wanted).dump())
    if not report.errors and sum(1 for _ in convert(io.BytesIO(data), read, model, conversion)) != read.records_read:
        raise AssertionError("The records that are converted are not those that were checked.")
