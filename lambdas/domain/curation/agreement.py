"""Whether two answers to a question say the same, as far as figures, negations, directions and words tell."""

import re

from lambdas.domain.evaluation.metrics.numeric import has_same_figures, is_numeric, same_figures
from lambdas.domain.evaluation.metrics.scoring import f1

# Two answers to one question agree from this token F1 on.
LEAST_AGREEMENT_F1 = 60.0
# "3rd", "Q3", "FY19": names with a figure, which are no quantities.
_NUMBERED = re.compile(r"\b(?:\d+(?:st|nd|rd|th)|[a-z]+\d+)\b")
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|neither|nor|nobody|nothing|without|cannot|\w+n['\u2019]t|nein|nicht|kein\w{0,2}|non|ne|pas|não"
    r"|nunca|niet|geen|nee)\b"
)
_UP = re.compile(
    r"\b(?:increas\w*|ris(?:e|es|en|ing)|rose|grow\w*|grew|gain\w*|profit\w*|up|more|higher|above|improv\w*|true|after)\b"
)
_DOWN = re.compile(
    r"\b(?:decreas\w*|fall\w*|fell|declin\w*|drop\w*|loss\w*|lost|down|less|fewer|lower|below|worse\w*|false|before)\b"
)


def agree(given: str, answer: str) -> bool:
    """Whether two answers to a question are the same: the same figures, or most words in common and nothing opposed."""
    if is_numeric(answer):
        # Of "420" and "420 million" the table's head decides: both mean the same cell.
        return same_figures(given, answer)
    if not has_same_figures(given, answer) or _are_opposed(given.casefold(), answer.casefold()):
        return False
    return f1(given, answer) >= LEAST_AGREEMENT_F1


def _are_opposed(one: str, other: str) -> bool:
    """Whether one is negated and the other is not, or both name another direction, or another numbered thing."""
    if bool(_NEGATION.search(one)) != bool(_NEGATION.search(other)):
        return True
    both = [[_directions(text), set(_NUMBERED.findall(text))] for text in (one, other)]
    return any(left and right and left != right for left, right in zip(*both, strict=True))


def _directions(text: str) -> set[str]:
    found = {"up": _UP, "down": _DOWN}
    return {name for name, words in found.items() if words.search(text)}
