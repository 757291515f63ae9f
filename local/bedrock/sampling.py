"""Which sampling parameters a model refuses, as current Claude models do, in the words that public threads have."""

from typing import Any

from local.bedrock.errors import ValidationError
from local.bedrock.foundation_models import CURRENT_CLAUDES, FoundationModel

# Claude 4.5 and Sonnet 4.6 take temperature or top_p. Opus 4.7 and later, and Sonnet 5, take neither, and no top_k.
_TAKES_ONE = {CURRENT_CLAUDES[name] for name in ("Haiku 4.5", "Sonnet 4.5", "Sonnet 4.6", "Opus 4.5")}
_TAKES_NONE = {CURRENT_CLAUDES[name] for name in ("Sonnet 5", "Opus 4.7", "Opus 4.8", "Opus 5")}
# These think before they answer. What they think counts as output.
_REASONS = {CURRENT_CLAUDES[name] for name in ("Sonnet 5", "Opus 5")}
REASONING_TOKENS = 60
_REFUSED = "The model returned the following errors: "


def refuse_sampling(model: FoundationModel, params: dict[str, Any]) -> None:
    """Raises ValidationError where Converse's request has sampling parameters that the model does not take."""
    config, more = params.get("inferenceConfig", {}), params.get("additionalModelRequestFields") or {}
    given = [
        name
        for name, is_given in (
            ("temperature", "temperature" in config),
            ("top_p", "topP" in config),
            ("top_k", "top_k" in more),
        )
        if is_given
    ]
    if _ending(model) in _TAKES_NONE and given:
        raise ValidationError(f"{_REFUSED}`{given[0]}` is deprecated for this model.")
    if _ending(model) in _TAKES_ONE and {"temperature", "top_p"} <= set(given):
        raise ValidationError(
            f"{_REFUSED}`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )


def reasons(model: FoundationModel) -> bool:
    """Whether an answer of the model has a block of reasoning before its text."""
    return _ending(model) in _REASONS


def _ending(model: FoundationModel) -> str:
    return model.version_id.removeprefix("anthropic.claude-")
