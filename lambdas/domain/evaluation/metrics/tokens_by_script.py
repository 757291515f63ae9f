"""Words in any script: what the word metrics need before they can split a text at its spaces.

Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan are written without spaces between words, so each of their
characters counts as a word, as in the evaluation scripts of CMRC 2018 (Cui et al., 2019) and MLQA (Lewis et al., 2020).
"""

import re
import unicodedata

_WITHOUT_SPACES = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003134f"
    "]"
)


def is_mostly_beyond_ascii(text: str) -> bool:
    """Whether most letters of a text are none of ASCII's: what was made for English sees little of it."""
    if text.isascii():
        return False
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(not character.isascii() for character in letters) > len(letters)


def space_out(text: str) -> str:
    """A text with spaces for punctuation, and around each character of a script that puts none between its words."""
    # Full-width and half-width forms of a letter or digit are the same.
    text = unicodedata.normalize("NFKC", text)
    spaced = _WITHOUT_SPACES.sub(lambda match: f" {match[0]} ", text)
    return "".join(" " if unicodedata.category(one).startswith("P") else one for one in spaced)
