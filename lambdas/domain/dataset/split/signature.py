"""What grouping keeps of a record: its words, runs of words, its own words, and its last message but for a word.

A prompt is reduced to the set of its words and numbers without markup, of which the SIGNATURE_TOKENS with the smallest
hashes are kept (bottom-k sketch; Broder, "On the resemblance and containment of documents", 1997). The order of rows
and the brackets around cells leave no trace in it. What was copied word by word shows in the runs: hashes of RUN_WORDS
consecutive words, of which the RUNS_KEPT with the smallest hashes are kept.
"""

import re
from array import array
from typing import NamedTuple
from zlib import crc32

from lambdas.domain.dataset.formats import Record

SIGNATURE_TOKENS, RUNS_KEPT = 512, 384
MAX_PROMPT_CHARACTERS = 65_536
RUN_WORDS = 5
NO_PLACE = 65_535
# A message of so many words is short: one that differs in a single word asks nearly the same.
SHORT_MESSAGE = range(4, 25)
# How many words from either end of the question, and of the answer, are a record's own.
_OWN_WORDS, _ANSWER_WORDS = 48, 24

# ASCII letters in lower case, digits, all beyond ASCII, and the points and commas within numbers; whatever else
# separates words, the brackets of all markups among it. Names of tags stay: they are frequent and weigh little.
_WORDS = bytes(byte if byte > 127 or chr(byte).isalnum() or byte in b",." else 32 for byte in bytes(range(256)).lower())
# In words that are not plain: a number without its thousands' commas is one token, but `21,70,27` is three; Chinese and
# Japanese characters, three bytes each, are tokens.
_TOKEN = re.compile(rb"\d{1,3}(?:,\d{3}){1,9}+(?![\d,])|[\xe3-\xe9][\x80-\xbf]{2}|[^,.\xe3-\xe9]+(?:\.\d+)?")

# A table that was written as JSON within a prompt may have its characters escaped.
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class Signature(NamedTuple):
    """Hashes, 4 bytes each, of the prompt's `tokens` (sorted), its `runs`, and the `own` words of question and answer.

    `words` is a hash of all words and how often each occurs. `places` and `own_places` have the number of a run's first
    word and of an own word in the prompt, 2 bytes each, NO_PLACE for a word of the answer. `near` has hashes of the
    last message as a whole (first) and, where it is short, without each of its words: 8 bytes each.
    """

    tokens: bytes
    words: int
    runs: bytes
    places: bytes
    own: bytes
    own_places: bytes
    near: bytes


def sign(record: Record) -> Signature:
    """A record's signature. Equal `words` mean the same words equally often, in whatever order and markup.

    A prompt that is not read to its end has `words` of its own: what follows may make the difference.
    """
    prompt = "\n".join([record.system or "", *record.turns[:-1]])
    words = _words(prompt[:MAX_PROMPT_CHARACTERS])
    codes = [*map(crc32, words)]
    whole = len(prompt) <= MAX_PROMPT_CHARACTERS
    message, answer = record.turns[-2], record.turns[-1]
    asked = _words(message[:MAX_PROMPT_CHARACTERS])
    own = _own(asked, len(words) - len(asked), _words(answer[: 16 * _ANSWER_WORDS])[:_ANSWER_WORDS])
    return Signature(
        _packed(_tokens({*words})),
        hash((len(words), sum(codes))) if whole else hash(prompt),
        *_runs(codes),
        array("I", own).tobytes(),
        array("H", own.values()).tobytes(),
        _near([*map(crc32, asked)]),
    )


def _own(asked: list[bytes], start: int, answer: list[bytes]) -> dict[int, int]:
    """Tokens of either end of the question, and of the answer, with their places in the prompt."""
    found: dict[int, int] = {}
    ends = [*range(min(_OWN_WORDS, len(asked))), *range(max(0, len(asked) - _OWN_WORDS), len(asked))]
    for place in ends:
        found.update(dict.fromkeys(_tokens({asked[place]}), max(0, start) + place))
    return found | dict.fromkeys(_tokens({*answer}), NO_PLACE)


def _words(text: str) -> list[bytes]:
    if "\\u" in text:
        text = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)
    return text.encode(errors="replace").translate(_WORDS).replace(b", ", b" ").replace(b". ", b" ").split()


def _tokens(words: set[bytes]) -> set[int]:
    odd = {word for word in words if not word.isalnum()}
    hashes = {*map(crc32, words - odd)}
    hashes.update(crc32(token.replace(b",", b"")) for word in odd for token in _TOKEN.findall(word))
    return hashes


def _packed(hashes: set[int]) -> bytes:
    return array("I", sorted(hashes)[:SIGNATURE_TOKENS]).tobytes()


def _runs(codes: list[int]) -> tuple[bytes, bytes]:
    """The runs that are kept, and their places."""
    packed, size = array("I", codes).tobytes(), 4 * RUN_WORDS
    runs = [crc32(packed[start : start + size]) for start in range(0, len(packed) - size + 1, 4)]
    # A run that comes again counts where it came first.
    first = dict(zip(reversed(runs), range(len(runs) - 1, -1, -1), strict=True))
    places = sorted(first.values() if len(first) <= RUNS_KEPT else [first[run] for run in sorted(first)[:RUNS_KEPT]])
    return array("I", [runs[place] for place in places]).tobytes(), array("H", places).tobytes()


def _near(codes: list[int]) -> bytes:
    if len(codes) not in SHORT_MESSAGE:
        return array("q", [hash(tuple(codes))]).tobytes()
    without = {hash((*codes[:place], *codes[place + 1 :])) for place in range(len(codes))}
    return array("q", [hash(tuple(codes)), *sorted(without)]).tobytes()
