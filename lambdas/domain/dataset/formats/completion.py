"""A prompt and its completion: the older format of Bedrock, and that of Llama 3.1."""

from lambdas.domain.dataset.formats.columns import Columns, format_of_columns

COMPLETION = format_of_columns(
    "prompt/completion",
    Columns("prompt", "completion", contexts=("context", "document"), is_own=True, blank_is_absent=False),
    title="prompt/completion",
    example='{"prompt": "Hi?", "completion": "Yes."}',
    note="`context` or `document` may be there; other keys are left out",
    recognises=lambda value: "prompt" in value or "completion" in value,
)
