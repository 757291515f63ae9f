"""`dataset/report.json`: what the data gate found, and what it knows of the data. docs/data-gate.md has each key."""

from typing import Literal

from pydantic import Field

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact, JsonObject
from lambdas.domain.core.finding import Severity
from lambdas.domain.dataset.formats import SourceFormat
from lambdas.domain.dataset.samples import RecordSample
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.tokens import Tier
from lambdas.domain.models.hyperparameters import Recommendation

_Figure = int | float | None
# Known only of a data set that was split.
_SPLIT_KEYS = {"groups", "leaked_test_records", "training"}


class RecordCounts(Fact):
    """How many records were read, how many each set has, and how many are in none."""

    read: int
    train: int
    validation: int
    test: int
    dropped: int


class DatasetFinding(Fact):
    """A breach of a rule; `path` is the file's name and, after `#`, a JSON Pointer into the line's record.

    `record` is the number of a CSV file's row. A finding about a whole file has no line, and counts its places.
    """

    rule: str
    severity: Severity
    line: int | None
    path: str
    message: str
    remedy: str = ""
    record: int | None = None
    count: int = 1

    @property
    def place(self) -> str:
        """Path, line and record, as a person reads them."""
        line = f", line {self.line}" if self.line else ""
        return f"{self.path}{line}{f' (record {self.record})' if self.record else ''}"


class RuleText(Fact):
    """A rule that was broken: what is wrong then, what the rule asks for, and what to do."""

    severity: Severity
    heading: str = ""
    asks: str
    advice: str


class LineChanges(Fact):
    """What was done to lines of a file; `lines` are ranges of line numbers, both ends included."""

    path: str
    what: str
    count: int
    lines: list[list[int]]


class CheckedFile(Fact):
    """A file as it was read."""

    set: SetName
    file: str
    format: str
    formats: dict[SourceFormat, int]
    records: int
    size_bytes: int
    sha256: str | None
    version_id: str | None


class TokenDistribution(Fact):
    """Estimated tokens of a text; each figure is null where there is no record."""

    mean: _Figure
    median: _Figure
    sd: _Figure
    min: _Figure
    max: _Figure
    p95: _Figure


class RecordTokens(Fact):
    """Tokens of prompts and answers, and how many records each tier of the limit has."""

    prompt: TokenDistribution
    answer: TokenDistribution
    tiers: dict[Tier, int]


class RandomSplit(Fact):
    """How many records that a plain random split would test on would have their context in training."""

    test_records: int
    expected_leaked: float


class GroupFigures(Fact):
    """Groups of records that share a context."""

    count: int
    largest: int
    random_split: RandomSplit


class PartFigures(Fact):
    """A part of the training set that a candidate of a learning curve reads."""

    records: int
    estimated_tokens: int


class TrainingFigures(Fact):
    """What training reads; tokens are estimates at 4 bytes of UTF-8 a token. `parts` stand from large to small."""

    records: dict[SetName, int]
    estimated_tokens: int
    epochs: int | None
    estimated_tokens_in_all_epochs: int
    hyperparameters: list[Recommendation]
    # Earlier versions stored none.
    parts: list[PartFigures] = Field(default=[])


class CurationFigures(Fact):
    """What models are asked about the data set before the training: `judges` about all records, a teacher for pairs."""

    judges: int
    records: int
    documents: int
    pairs: int

    def tell(self) -> str:
        """What is asked, in a sentence."""
        judged = f"{counted(self.judges, 'judge')} looks" if self.judges == 1 else f"{self.judges} judges look"
        asked = [f"{judged} at {counted(self.records, 'record')}"] if self.judges else []
        if self.pairs:
            written = f"{counted(self.pairs, 'pair')} about {counted(self.documents, 'document')}"
            asked.append(f"a teacher is asked for {written}, which a checker checks")
        return f"Before the training {', and '.join(asked)}: the estimate of the run counts it."


class DatasetDocument(Fact):
    """The whole document; `issues` are the first findings of each rule, `issue_counts` counts the places of all."""

    status: Literal["accepted", "rejected"]
    records: RecordCounts
    issues: list[DatasetFinding]
    issue_counts: dict[str, int]
    rules: dict[str, RuleText]
    dropped: list[LineChanges]
    changed: list[LineChanges]
    base_model: str
    files: list[CheckedFile]
    tokens: RecordTokens
    labels: dict[str, int]
    groups: GroupFigures | None = None
    leaked_test_records: int | None = None
    training: TrainingFigures | None = None
    # Earlier versions wrote none.
    samples: list[RecordSample] = Field(default=[])
    # Null where models are asked nothing about it; earlier versions wrote none.
    curation: CurationFigures | None = None

    @property
    def errors(self) -> int:
        """How many findings refuse the data set; one about a whole file is one."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many findings do not."""
        return self._count("warning")

    def _count(self, severity: Severity) -> int:
        places = sum(n for rule, n in self.issue_counts.items() if self.rules[rule].severity == severity)
        return places - sum(found.count - 1 for found in self.issues if found.severity == severity)

    @property
    def accepted(self) -> bool:
        """Whether a run goes on."""
        return self.status == "accepted"

    def dump(self) -> JsonObject:
        """The document as it is stored: without the keys of a split where there is none."""
        return self.model_dump(mode="json", exclude=None if self.training else _SPLIT_KEYS)
