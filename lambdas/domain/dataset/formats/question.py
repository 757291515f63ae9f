"""A question about a document, and its answer."""

from lambdas.domain.dataset.formats.columns import format_of_columns

QUESTION = format_of_columns(
    "document/question/answer",
    title="document/question/answer",
    example='{"document": "Cash: 7", "question": "How much cash?", "answer": "7"}',
    prompt="question",
    answer="answer",
    context="document",
)
