"""Keys of the CDK app's context that are meant for this project and do not reach it: each is refused by name.

CDK takes any key. `-c fine-tunning:region=…` or a bare `-c region=…` would deploy with the setting's default.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

# The CDK's own: flags of its libraries, what its CLI hands on, and what it has looked up (cdk.context.json).
_CDK = re.compile(
    r"^(@|aws:|aws-cdk:|aws-cdk/)|^[a-z-]+:.*(account|region)=|^(cli-telemetry|acknowledged-issue-numbers|tree)\Z"
)
_SEPARATOR = re.compile(r"[:./=]")
# How alike two words are, from 0 to 1, where one is taken for a slip of the other.
_LIKE_A_SETTING, _LIKE_THE_NAMESPACE = 0.8, 0.7
# Other words for a setting, too unlike it to be taken for a slip.
_ALIASES = {"model": "base_model", "email": "notification_email"}


def misspelt(keys: Iterable[str], namespace: str, settings: Sequence[str]) -> Iterator[str]:
    """A sentence for each key that is close to one of ours, with the right one."""
    for key in keys:
        if key == namespace or key.startswith(f"{namespace}:") or _CDK.search(key):
            continue
        meant = _meant(key, namespace, settings)
        if meant is not None:
            yield f'The context key "{key}" has no effect. Use "{meant}".'


def closest(name: str, settings: Sequence[str]) -> str | None:
    """The setting that a name is a slip of, or another word for; None where it is like none."""
    folded = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return _ALIASES.get(folded) or next(iter(get_close_matches(folded, settings, n=1, cutoff=_LIKE_A_SETTING)), None)


def _meant(key: str, namespace: str, settings: Sequence[str]) -> str | None:
    first, *others = _SEPARATOR.split(key, maxsplit=1)
    ours = bool(get_close_matches(first.lower(), [namespace], n=1, cutoff=_LIKE_THE_NAMESPACE))
    if not others:
        setting = closest(first, settings)
        return f"{namespace}:{setting}" if setting else namespace if ours else None
    setting = closest(others[0], settings)
    if ours:
        return f"{namespace}:{setting or others[0]}"
    return None
