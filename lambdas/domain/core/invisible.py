"""Characters that people do not see: they can hide instructions, or make equal texts differ.

Some have a use: emoji are made with joiners and variation selectors, Persian, Arabic and the scripts of India with
joiners, Thai and Khmer with breaks between words, Japanese names with variation selectors. Such a character is left
alone where it stands beside one that it can belong to; anywhere else, and twice in a row, it is reported.
"""

import re

_BLACK_FLAG, _END_OF_FLAG = "\U0001f3f4", "\U000e007f"
# England, Scotland and Wales: the flags that Unicode recommends (RGI) are written with tags.
_FLAGS = ("gbeng", "gbsct", "gbwls")
# Unicode's default ignorable characters (DerivedCoreProperties.txt, 16.0), and what annotates ideographs.
_CHARACTERS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORABLE = re.compile(f"[{_CHARACTERS}]")
# The first bytes of each of them: the characters themselves, but in the last range, which is large.
CUES: tuple[str | bytes, ...] = (
    *_IGNORABLE.findall("".join(map(chr, range(0x80, 0x20000)))),
    "\U000e0000".encode()[:2],
)

_EMOJI = "#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# What joiners join: Hebrew to Myanmar, Khmer and Mongolian, further scripts of South Asia, Arabic's forms, emoji.
_JOINED = (
    "\u0590-\u109f\u1780-\u18af\u1a20-\u1cff\ua800-\ua82f\ua840-\uaaff\uabc0-\uabff\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f\u00a9\u00ae\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
)
# Thai, Lao, Myanmar, Khmer, Tai Tham: written without spaces between words.
_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaa7f"
_IN_USE = re.compile(
    f"(?<=[{_EMOJI}])[\ufe0e\ufe0f]"
    f"|(?<=[\u1000-\u109f\u2190-\u2bff\u3001-\u303f\ua840-\ua87f\uff00-\uff9f{_IDEOGRAPHS}])[\ufe00-\ufe0d]"
    f"|(?<=[{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
    f"|(?<![\u200c\u200d])(?:(?<=[{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?=[{_JOINED}]))"
    f"|(?<=[{_WITHOUT_SPACES}])\u200b|(?<!\u200b)\u200b(?=[{_WITHOUT_SPACES}])"
    "|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    "|(?<=[\u0300-\u034e\u0350-\u036f\u0591-\u05f4])\u034f"
    "|(?<=[\u1100-\u115e\ua960-\ua97c])\u1160|\u115f(?=[\u1160-\u11a7\ud7b0-\ud7c6])"
)

# A flag with tags is one match, so that its tags are none.
INVISIBLE = re.compile(
    f"[{_BLACK_FLAG}{_CHARACTERS}]"
    f"(?:(?<={_BLACK_FLAG})(?:{'|'.join(''.join(chr(0xE0000 + ord(letter)) for letter in flag) for flag in _FLAGS)})"
    f"{_END_OF_FLAG})?"
)


def hides(match: re.Match[str]) -> bool:
    """Whether a match of INVISIBLE is a character that has no use where it stands."""
    return not match[0].startswith(_BLACK_FLAG) and not _IN_USE.match(match.string, match.start())
