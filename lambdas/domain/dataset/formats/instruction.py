"""The formats of instruction data: Alpaca's, Dolly's, and pairs of other names."""

from lambdas.domain.dataset.formats.columns import Columns, format_of_columns
from lambdas.domain.dataset.formats.format import Format
from lambdas.domain.dataset.formats.record import SourceFormat

ALPACA = format_of_columns(
    "alpaca",
    Columns("instruction", "output", contexts=("input", "context"), history="history"),
    title="Alpaca",
    example='{"instruction": "How much cash?", "input": "Cash: 7", "output": "7"}',
    note="`input` is taken as the document, or `context`; `system` and `history`, a list of pairs, may be there; other "
    "columns are left out",
    recognises=lambda value: "instruction" in value,
)
DOLLY = format_of_columns(
    "dolly",
    Columns("instruction", "response", contexts=("context", "input")),
    title="Dolly",
    example='{"instruction": "How much cash?", "context": "Cash: 7", "response": "7", "category": "closed_qa"}',
    note="`context` is taken as the document, or `input`; other columns are left out",
    recognises=lambda value: (
        "instruction" in value and "output" not in value and not value.keys().isdisjoint(("context", "response"))
    ),
)
_PAIR_NOTE = "`context` or `document`, and `history` as in Alpaca, may be there; other columns are left out"


def _pair(name: SourceFormat, prompt: str, answer: str) -> Format:
    """A question and its answer by other names; both must be there, since either name alone says little."""
    return format_of_columns(
        name,
        Columns(prompt, answer, contexts=("context", "document"), history="history"),
        title=name,
        example=f'{{"{prompt}": "Hi?", "{answer}": "Yes."}}',
        note=_PAIR_NOTE,
        recognises=lambda value: prompt in value and answer in value,
    )


PAIRS = (
    _pair("prompt/response", "prompt", "response"),
    _pair("question/response", "question", "response"),
    _pair("query/response", "query", "response"),
)
INPUT_OUTPUT = format_of_columns(
    "input/output",
    Columns("input", "output", contexts=("context", "document"), history="history"),
    title="input/output",
    example='{"input": "Hi?", "output": "Yes."}',
    note=_PAIR_NOTE,
    recognises=lambda value: "input" in value or "output" in value,
)
