"""A question about a document, and its answer."""

from lambdas.domain.dataset.formats.columns import Columns, format_of_columns

QUESTION = format_of_columns(
    "document/question/answer",
    Columns("question", "answer", contexts=("document", "context"), history="history", blank_is_absent=False),
    title="document/question/answer",
    example='{"document": "Cash: 7", "question": "How much cash?", "answer": "7"}',
    note="`context` is taken as the document, too; `history` may be there, as in Alpaca; other columns are left out",
    recognises=lambda value: "question" in value or "answer" in value or "document" in value,
)
