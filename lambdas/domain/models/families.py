"""Families of models, by their ids: models of one family are alike in what they write, and in what they like."""

import re

# Of a cross-Region inference profile: `us.`, `global.`, `apac.`, `us-gov.`.
_PROFILE = re.compile(r"^(?:global|[a-z]{2}|[a-z]{2}-gov|apac)\.")
_MAKERS = {
    "anthropic": "Claude",
    "meta": "Llama",
    "mistral": "Mistral",
    "cohere": "Command",
    "deepseek": "DeepSeek",
    "openai": "GPT",
    "qwen": "Qwen",
    "ai21": "Jamba",
    "google": "Gemma",
    "writer": "Palmyra",
}
# Amazon has several.
_NAMED = re.compile(r"^[a-z]+")


def without_profile(model_id: str) -> str:
    """`anthropic.claude-opus-5` for `us.anthropic.claude-opus-5`: the model behind an inference profile's id or ARN."""
    return _PROFILE.sub("", model_id.rpartition("/")[2])


def family(model_id: str) -> str:
    """`Claude` for `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `Nova` for `amazon.nova-pro-v1:0`.

    Of a maker that is not known, it is the maker's name.
    """
    maker, _, model = _PROFILE.sub("", model_id.lower()).partition(".")
    if maker in _MAKERS:
        return _MAKERS[maker]
    named = _NAMED.match(model)
    return named[0].capitalize() if maker == "amazon" and named else maker
