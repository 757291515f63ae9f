"""Whether a rubric says what a good answer is, or tells the judge what to do: the latter is refused before any call.

The data gate's rules find instructions to a model, markup and hidden characters. Besides, a criterion names no verdict
and no candidate, and does not address the judge. Patterns find what is written plainly, in English; the prompt keeps
the rest between tags, as data.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from lambdas.domain.core.outside_text import is_visible
from lambdas.domain.evaluation.gate import WIN_RATE, GateSettings
from lambdas.domain.evaluation.judging.rubric import Criterion, default_rubric
from lambdas.domain.settings.run_limits import SettingFinding

_RULES = frozenset({"instruction", "active-html"})
# What the prompt calls the two answers; a judge is not told which arm gave which.
_VERDICT = r"(?:the\s)?[^\w\s]{0,3}(?:first|second|tie|a\stie|(?:candidate|answer)\s?(?:[12ab]|one|two))\b"
_GIVES = r"answer|reply|respond|say|write|output|return|choose|pick|prefer|select|vote|favou?r"
_INSTRUCTS = re.compile(
    r"<\s?[/!?]?\s?[a-z]"  # a tag
    r"|\b(?:first|second|tuned)\s(?:candidate|answer|model)\b"
    rf"|\b(?:{_GIVES})(?:\s(?:with|for|always|only|just|that))*\s{_VERDICT}"
    rf"|\b(?:judge?ment|verdict|winner|result)s?\s?(?:is|are|must\sbe|should\sbe|shall\sbe|[:=])\s?{_VERDICT}"
    r"|\b(?:always|never|must|only)\s(?:choose|pick|prefer|select|vote|favou?r|output)\b"
    r"|(?:^|[.!?;:]\s)(?:please,?\s)?(?:ignore|disregard|forget|output|reply|respond|return|vote|pick|choose|select)\b"
    r"|\b(?:dear|hey|hello|you,?\sthe|you\sare\sa|as\sa|to\sthe)\sjudge\b|(?:^|[.!?;]\s)judge\s?[,:]"
    r"|\byou\s(?:must|should|shall|have\sto|need\sto|are\snow)\b"
    r"|\b(?:other|previous|above|these)\s(?:criteri|instruction)|\brubric\b",
    re.IGNORECASE,
)


def rubric_findings(rubric: Sequence[Criterion]) -> Iterator[SettingFinding]:
    """The criteria that are no criteria."""
    for index, criterion in enumerate(rubric):
        for key, text in (("name", criterion.name), ("description", criterion.description)):
            if wrong := _find_wrong(text):
                yield SettingFinding(f"/evaluation/rubric/{index}/{key}", wrong)


def limit_findings(rubric: Sequence[Criterion], least: GateSettings) -> list[SettingFinding]:
    """A rubric decides who wins: a run may not set it if the environment's gate asks for the win rate."""
    if "metric" not in least.model_fields_set or least.metric != WIN_RATE or list(rubric) == default_rubric():
        return []
    message = (
        'This environment decides by the win rate on correctness (its setting gate: "win_rate"). Leave the key out.'
    )
    return [SettingFinding("/evaluation/rubric", message)]


def _find_wrong(text: str) -> str | None:
    if not text.strip() or not all(map(is_visible, text)):
        return "The text is blank, or has line breaks or characters that cannot be seen. Write one plain sentence."
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if _INSTRUCTS.search(plain) or _breaks_the_data_gate(plain):
        return (
            "The rubric instructs the judge. A criterion says what a good answer is: it has no instruction, no tag, "
            'and names neither a verdict nor a candidate. Write it as "The answer names the account that it is about."'
        )
    return None


def _breaks_the_data_gate(text: str) -> bool:
    # The automaton of the rules costs a cold start, and few runs have criteria of their own.
    from lambdas.domain.dataset.rules.content import KINDS, find  # noqa: PLC0415

    return any(find([("", text)], {kind for kind in KINDS if kind.rule in _RULES}))
