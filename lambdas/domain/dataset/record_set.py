"""What is known of a set of records in a file, once it was checked."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from lambdas.domain.dataset.document import CheckedFile
from lambdas.domain.dataset.formats import SourceFormat
from lambdas.domain.dataset.reading.opening import Container
from lambdas.domain.dataset.record_facts import RecordFacts
from lambdas.domain.dataset.samples import RecordSample
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.tokens import Tier

# "content" is "all" without what the grouping of near duplicates needs; such a set cannot be split.
Rules = Literal["structure", "content", "all"]

# As much as Bedrock takes. Lambda allows 15 minutes: `python -m local.bench.large_file` says what one processor needs.
MAX_FILE_BYTES = 10 << 30


@dataclass
class RecordSet:
    """What is known of a file after its check; `checksum` is SHA-256, `version_id` that of the object that was read.

    `kind` is the container with what it was packed in, such as `CSV in gzip`. `max_bytes` are what a packed file may
    unpack to. Of a file that could not be read to its end (`is_whole` is false) the finding that says so is enough.
    """

    file: str
    container: Container = "JSONL"
    kind: str = "JSONL"
    max_bytes: int = MAX_FILE_BYTES
    is_whole: bool = True
    formats: Counter[SourceFormat] = field(default_factory=Counter)
    tiers: Counter[Tier] = field(default_factory=Counter)
    records_read: int = 0
    size_bytes: int = 0
    checksum: str | None = None
    version_id: str | None = None
    # Records that name their group, and the line of the first one that does not.
    grouped: int = 0
    first_ungrouped: int | None = None
    # Whether all records have the keys of messages alone, as far as they are of that format.
    is_bare: bool = True
    facts: RecordFacts = field(default_factory=RecordFacts)
    samples: list[RecordSample] = field(default_factory=list)

    @property
    def format_name(self) -> str:
        """The formats of the records, as a person reads it."""
        names = " and ".join(name for name, _ in self.formats.most_common()) or "no known format"
        if self.container in ("CSV", "Excel sheet"):
            names = names.replace("/", ", ")
        return names if self.kind == "JSONL" else f"{self.kind} with {names}"

    def described(self, set_name: SetName) -> CheckedFile:
        """The file's entry in `dataset/report.json`."""
        return CheckedFile(
            set=set_name,
            file=self.file,
            format=self.format_name,
            formats=dict(self.formats),
            records=self.records_read,
            size_bytes=self.size_bytes,
            sha256=self.checksum,
            version_id=self.version_id,
        )
