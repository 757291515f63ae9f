r"""The content rules: personal data, secrets, instructions to the model and active HTML within texts.

A block of lines is reduced to its shape (letters lower-case, digits as 0) and scanned once for all cues at the same
time; only around a cue a text is looked at more closely, at MAX_PLACES of a kind at most and within the first
MAX_TEXT_CHARACTERS, by patterns without nested repetition: the work for a record is linear in its size and bounded.
Lines that spell characters by number, such as `\u0040` for `@`, are written out before the scan. Messages show what
was found masked.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import orjson
from ahocorasick_rs import MATCHKIND_LEFTMOST_FIRST, MATCHKIND_STANDARD, BytesAhoCorasick, Implementation

from lambdas.domain.core import invisible
from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.rules.table import RecordFinding

# 32,000 tokens of 6 characters: no record that passes the token rule is cut.
MAX_TEXT_CHARACTERS = 192_000
# Places of one kind that are looked at in one text, and how far around each cue.
MAX_PLACES = 64
_BEFORE_BYTES, _AFTER_BYTES = 128, 640


# C0 and C1, all but tab, line feed and carriage return.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class ContentKind(NamedTuple):
    """Something to find: the rule it breaks, its name, cues in a line's shape, the exact pattern, a further test.

    `is_character`: the pattern matches single characters, so that a whole text is searched as fast as around the cues.
    """

    rule: str
    name: str
    cues: tuple[str | bytes, ...]
    pattern: re.Pattern[str]
    confirmed: Callable[[re.Match[str]], bool] = bool
    is_character: bool = False


def luhn(text: str) -> bool:
    """Whether the digits in a text are a card number by their check digit (ISO/IEC 7812-1, annex B), not all equal."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


KINDS: tuple[ContentKind, ...] = (
    ContentKind(
        "personal-data",
        "e-mail address",
        ("@",),
        re.compile(r"(?<![\w.+-])[\w+-][\w.+-]{0,63}+@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,24}\b"),
    ),
    ContentKind(
        "personal-data",
        "phone number",
        (
            "-000-0000",
            ".000.0000",
            "000 000 0000",
            ") 000-",
            ")000-",
            "+0 (0",
            "+0 000",
            "+0-000",
            "+00 0",
            "+00-0",
            "+00 (",
            "+00(0",
            "+0000000",
        ),
        re.compile(
            r"(?<![\w.,$€£+-])(?:"
            # International: ITU-T E.123. Runs of digits are taken whole: of 10 digits or more, nothing is lost by it.
            r"\+\d{1,3}+(?:[ .-]?+\(?+\d{1,4}+\)?+){2,5}(?=[^\w%.,]|[.,](?!\d)|$)"
            r"|(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([ .-]))[2-9]\d\d[ .-]\d{4}(?!\w|[.,-]\d)"  # North America
            r")"
        ),
        lambda match: 10 <= sum(map(str.isdigit, match[0])) <= 15,
    ),
    ContentKind(
        "personal-data",
        "social security number",
        ("000-00-0000",),
        re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])"),
    ),
    ContentKind(
        "personal-data",
        "card number",
        ("0000-0000-0000", "0000-000000-00000", "0000 000000 00000", "0000 0000 0000", "0000000000000"),
        re.compile(
            r"(?<![\w.,-])(?:[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3[47]\d\d([ -]?)\d{6}\2\d{5})(?![\w-]|[.,]\d)"
        ),
        lambda match: luhn(match[0]),
    ),
    ContentKind(
        "secret",
        "key or token",
        (
            "akia",
            "asia",
            "ghp_",
            "gho_",
            "ghs_",
            "ghu_",
            "ghr_",
            "github_pat_",
            "glpat-",
            "xoxb-",
            "xoxp-",
            "sk_live_",
            "sk-ant-",
            "sk-proj-",
            "aiza",
            "eyj",
            "private key--",
        ),
        re.compile(
            r"(?<![A-Za-z0-9])(?:A[KS]IA[A-Z0-9]{16}\b|gh[oprsu]_\w{36}|github_pat_\w{22,255}|glpat-[\w-]{20,300}|xox[bp]-[\w-]{10,100}"
            r"|sk_live_\w{16,100}|sk-(?:ant|proj)-[\w-]{20,200}|AIza[\w-]{35}|eyJ[\w-]{10,300}+\.eyJ[\w-]{10,300})"
            r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
        ),
    ),
    ContentKind(
        "secret",
        "password",
        (
            "password",
            "passwd",
            "api_key",
            "apikey",
            "secret_key",
            "secretkey",
            "secret_access_key",
            "secretaccesskey",
        ),
        re.compile(
            # A name such as DB_PASSWORD or aws_secret_access_key has others before it.
            r"(?i)(?<![^\W_])(?:password|passwd|api_?key|secret_?(?:access_?)?key)\"?\s{0,40}+[=:]\s{0,40}+[^\s,;<]{6,100}"
        ),
    ),
    ContentKind(
        "instruction",
        "instruction to the model",
        (
            "ignore previous",
            "ignore prior",
            "ignore any",
            "ignore above",
            "ignore all",
            "forget all",
            "forget your",
            "forget previous",
            "disregard prior",
            "disregard any",
            "disregard your",
            "ignore the above",
            "ignore your",
            "disregard previous",
            "disregard all",
            "disregard the above",
            "system prompt",
            "do anything now",
            "<|im_start|>",
            "<|system|>",
            "[inst]",
            "<<sys>>",
        ),
        re.compile(
            r"(?i)\b(?:ignore|disregard|forget)\s(?:(?:all|any|of|your|the|my|previous|prior|above|earlier)\s){1,4}"
            r"(?:instructions?|prompts?|rules|directions|commands)\b"
            r"|\b(?:ignore|disregard)\s(?:all\s(?:of\s)?)?(?:the\s)?above\sand\b"
            r"|\b(?:reveal|print|repeat|show)\b[^.\n]{0,40}\bsystem prompt\b|\bdo anything now\b"
            r"|<\|(?:im_start|system)\|>|\[INST\]|<<SYS>>"
        ),
    ),
    ContentKind(
        "active-html",
        "HTML that a page could execute",
        (
            "<script",
            "<iframe",
            "<object",
            "<embed",
            "<svg",
            "javascript:",
            "onerror=",
            "onload=",
            "onclick=",
            "onmouseover=",
            "data:text/html",
            "data:text\\/html",  # in a line, a slash may stand escaped
        ),
        re.compile(
            r"(?i)<(?:script|iframe|object|embed|svg)\b|\bjavascript:|\bon(?:error|load|click|mouseover)\s{0,3}=|data:text/html"
        ),
    ),
    ContentKind(
        "control-character",
        "control character",
        ("\x7f", "\\b", "\\f", "\b", "\f", *map(chr, range(0x80, 0xA0))),  # in a line and in its text
        CONTROL_CHARACTERS,
        is_character=True,
    ),
    ContentKind(
        "invisible-character",
        "invisible character",
        invisible.CUES,
        invisible.INVISIBLE,
        invisible.hides,
        is_character=True,
    ),
)

_SHAPE = bytes(ord("0") if 48 <= byte <= 57 else byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))
_CUES = [(cue.encode() if isinstance(cue, str) else cue, kind) for kind in KINDS for cue in kind.cues]
# As a plain automaton, since texts are full of digits: what speeds up the search for rare words would slow this one
# down fourfold. Its time depends neither on the number of cues nor on the texts.
_hits = BytesAhoCorasick(
    [cue for cue, _ in _CUES], matchkind=MATCHKIND_STANDARD, implementation=Implementation.DFA
).find_matches_as_indexes


# Where escapes are rare, this is far faster than CPython's own search; where they are frequent, it is far slower.
_escapes = BytesAhoCorasick([b"\\u"], matchkind=MATCHKIND_LEFTMOST_FIRST).find_matches_as_indexes
_FIRST_BYTES = 2048


def suspects(lines: list[bytes], values: list[Any]) -> dict[int, set[ContentKind]]:
    """Which lines (indexes), given with their JSON values, have cues of which kinds."""
    data = b"".join(lines)
    if b"\\u" in data[:_FIRST_BYTES] or _escapes(data):
        lines = [*map(orjson.dumps, values)]  # writes characters as they are
        data = b"".join(lines)
    hits = _hits(data.translate(_SHAPE))
    found: dict[int, set[ContentKind]] = {}
    if hits:
        ends = [*accumulate(map(len, lines))]
        for cue, start, _ in hits:
            found.setdefault(bisect_right(ends, start), set()).add(_CUES[cue][1])
    return found


def find(texts: list[tuple[str, str]], kinds: set[ContentKind]) -> Iterator[RecordFinding]:
    """What of these kinds is in a record's texts, given with their JSON Pointers: one finding a kind and text."""
    for pointer, text in texts:
        data = text[:MAX_TEXT_CHARACTERS].encode()
        for kind, windows in _windows(data, kinds).items():
            found = [match for start, end in windows for match in _matches(kind, data, start, end)]
            if found:
                more = f" and {len(found) - 1} more" if len(found) > 1 else ""
                yield RecordFinding(kind.rule, pointer, f"Possible {kind.name}: {mask(found[0])}{more}.")


def _windows(data: bytes, kinds: set[ContentKind]) -> dict[ContentKind, list[list[int]]]:
    """The neighbourhoods of each kind's cues in a text, which do not overlap."""
    windows: dict[ContentKind, list[list[int]]] = {}
    for cue, start, end in _hits(data.translate(_SHAPE)):
        kind = _CUES[cue][1]
        if kind not in kinds:
            continue
        places = windows.setdefault(kind, [])
        if kind.is_character:
            places[:] = [[0, len(data)]]
        elif places and start - _BEFORE_BYTES <= places[-1][1]:
            places[-1][1] = end + _AFTER_BYTES
        elif len(places) < MAX_PLACES:
            places.append([max(0, start - _BEFORE_BYTES), end + _AFTER_BYTES])
    return windows


def _matches(kind: ContentKind, data: bytes, start: int, end: int) -> Iterator[str]:
    """The kind's matches within a window, but those that its edges may have cut."""
    text = data[start:end].decode(errors="ignore")
    for match in kind.pattern.finditer(text):
        cut = (start > 0 and match.start() == 0) or (end < len(data) and match.end() == len(text))
        if not cut and kind.confirmed(match):
            yield match[0]


def mask(text: str) -> str:
    """Enough of a text to find it again, not enough to learn it: its ends and its length; a character by its number."""
    if len(text) == 1:
        return f"U+{ord(text):04X}"
    return f"{text[0]}…{text[-1]} ({counted(len(text), 'character')})"
