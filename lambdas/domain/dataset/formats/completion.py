"""A prompt and its completion: the older format of Bedrock, and that of Llama 3.1."""

from lambdas.domain.dataset.formats.columns import format_of_columns

COMPLETION = format_of_columns(
    "prompt/completion",
    title="prompt/completion",
    example='{"prompt": "Hi?", "completion": "Yes."}',
    prompt="prompt",
    answer="completion",
)
