"""The id of a model that a misspelt one is meant for: people leave out the version, the provider, or a sign."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

# A date, a version and a context length behind the model's name: `-20240307-v1:0:200k`.
_VERSION = re.compile(r"(-\d{8})?(-v\d+)?(:\d+)?(:\d+k)?$")
# Ids of other models have as much in common as 0.84: `amazon.nova-premier-v1:0` is no misspelling of Nova Pro's.
_LIKE_AN_ID = 0.85
_LONGEST = 256


def did_you_mean_model(wrong: str, ids: Iterable[str]) -> str:
    """` Did you mean …?`, with a space before it; empty where no id is close."""
    forms: dict[str, str] = {}
    # Shorter ids first: a profile's is meant where its prefix was written.
    for model_id in sorted(ids, key=len):
        plain = _VERSION.sub("", model_id)
        own = plain.rpartition(".")[2]
        for form in (model_id, plain, own, own.removesuffix("-instruct")):
            forms.setdefault(_folded(form), model_id)
    close = get_close_matches(_folded(wrong), forms, n=1, cutoff=_LIKE_AN_ID) if len(wrong) <= _LONGEST else []
    return f" Did you mean {forms[close[0]]}?" if close else ""


def _folded(text: str) -> str:
    return re.sub(r"[\s._:-]", "", text.casefold())
