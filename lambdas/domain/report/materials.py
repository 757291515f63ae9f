"""What the page shows beside report.json."""

from collections.abc import Mapping
from typing import NamedTuple

from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.evaluation.comparisons import Answers
from lambdas.domain.report.curation_samples import NO_SAMPLES, CurationSamples
from lambdas.domain.training.losses import JobLosses


class Materials(NamedTuple):
    """Each arm's lines in the test set's order, each job's losses by its number, and dataset/report.json.

    `dataset` is None where there is none, or one that another version has written. `curation` has records
    and pairs that models have checked and written. `environment` is None where it is not known.
    """

    answers: Answers
    losses: Mapping[int, JobLosses]
    dataset: DatasetDocument | None
    curation: CurationSamples = NO_SAMPLES
    environment: str | None = None
