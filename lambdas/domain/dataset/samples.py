"""The first records of each file as they came and as they will be trained on, for people who look before they pay."""

from itertools import cycle

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.outside_text import shortened
from lambdas.domain.dataset.formats import Record
from lambdas.domain.models.catalogue import RecordFormat

# Of each file.
SAMPLES = 3
# Of a line and of each of its texts; of a conversation the first turns and the last two are shown.
_LINE_LENGTH, _TEXT_LENGTH, _TEXTS = 1_200, 600, 6


class SampleText(Fact):
    """A text that the model reads, or is to write, and whose it is: `system`, `user`, `prompt` …"""

    role: str
    text: str


class RecordSample(Fact):
    """A record: `given` is its line as it came, of a table its row as JSON; `trained` is what the job makes of it.

    `changes` say what was done; none where it is trained on as it came. Long texts are cut.
    """

    file: str
    line: int
    given: str
    trained: list[SampleText]
    changes: list[str]


def sample(
    file: str, number: int, line: bytes, record: Record, record_format: RecordFormat, changes: list[str]
) -> RecordSample:
    """A record of sound structure, for a base model that reads this format."""
    given = line.decode(errors="replace").lstrip("\ufeff").strip()
    texts = _texts(record, record_format)
    kept = (
        texts if len(texts) <= _TEXTS else [*texts[: _TEXTS - 3], ("…", f"{len(texts) - _TEXTS + 1} more"), *texts[-2:]]
    )
    return RecordSample(
        file=file,
        line=number,
        given=shortened(given, _LINE_LENGTH),
        trained=[SampleText(role=role, text=shortened(text, _TEXT_LENGTH)) for role, text in kept],
        changes=changes,
    )


def _texts(record: Record, record_format: RecordFormat) -> list[tuple[str, str]]:
    if record_format == "prompt-completion":
        prompt, completion = record.turns
        before = "" if record.system is None else f"{record.system}\n\n"
        return [("prompt", before + prompt), ("completion", completion)]
    system = [] if record.system is None else [("system", record.system)]
    thoughts = (*record.reasoning, *[None] * len(record.turns))
    turns = zip(cycle(("user", "assistant")), record.turns, thoughts, strict=False)
    said = [((("reasoning", thought),) if thought else ()) + ((role, text),) for role, text, thought in turns]
    return [*system, *(each for turn in said for each in turn)]
