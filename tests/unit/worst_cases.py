"""Texts that put a pattern to the test, made of what stands in it."""

import importlib
import re
from collections.abc import Iterable, Iterator
from itertools import permutations, product
from typing import Any

# A start, what to repeat after it, an end.
Case = tuple[str, str, str]
# More than any bound that a pattern of a few characters may have.
UNBOUNDED = 10_000
REPEATED = "\ue000"  # marks a place in a sample: of private use, in no pattern
POOL = "a Z7_-.,:;@/<>()[]{}|&%$+=\"'#~\n\t\r\u00e9\u0661\u2028\u4e2d"
CATEGORIES = {"DIGIT": "7", "SPACE": " ", "WORD": "a", "NOT_DIGIT": "a", "NOT_SPACE": "a", "NOT_WORD": "."}
_parser: Any = importlib.import_module("re._parser")  # what tells of a pattern's parts has no public name


class Parts:
    """What texts are made of to put a pattern to the test: characters of its own, and texts that nearly match."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
        self.characters: dict[str, None] = {}
        # Which repetition without a bound is marked, and of which assertion it is written out what it asks about.
        self._marked, self._repetitions = 0, 0
        self._asserted, self._assertions = 0, 0
        parsed = _parser.parse(
            source, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
        )
        samples = {self._sample(parsed, choice, times) for choice in range(6) for times in (1, 3)}
        self.samples = sorted(samples - {""}, key=len)[:6]
        self.pumped = sorted({*self._pumped(parsed)})

    def _pumped(self, parsed: Any) -> Iterator[Case]:
        """What stands before each repetition without a bound, what it repeats, what stands after it."""
        for self._asserted, self._marked, choice, times in product(range(8), range(1, 10), range(4), (0, 1)):
            self._repetitions = self._assertions = 0
            before, _, rest = self._sample(parsed, choice, times).partition(REPEATED)
            unit, _, after = rest.partition(REPEATED)
            if unit:
                yield before, unit, after

    def _sample(self, parsed: Iterable[Any], choice: int, times: int) -> str:
        """A text that a pattern matches but for its assertions; `choice` takes one way at each fork."""
        return "".join(self._part(str(kind), value, choice, times) for kind, value in parsed)

    def _part(self, kind: str, value: Any, choice: int, times: int) -> str:
        match kind:
            case "LITERAL":
                return self._known(chr(value))
            case "IN" | "NOT_LITERAL" | "ANY":
                return self._one_of(kind, value, choice)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeated(value, choice, times)
            case "SUBPATTERN" | "ATOMIC_GROUP":
                return self._sample(value[-1] if kind == "SUBPATTERN" else value, choice, times)
            case "BRANCH":
                for each in value[1]:
                    self._sample(each, choice, times)
                return self._sample(value[1][choice % len(value[1])], choice, times)
            case "ASSERT" | "ASSERT_NOT":
                self._assertions += 1
                is_written = self._assertions == self._asserted
                sample = self._sample(value[1], choice, times)
                return sample if is_written else ""
        return ""

    def _repeated(self, value: Any, choice: int, times: int) -> str:
        least, most, inner = value
        sample = self._sample(inner, choice, times)
        if int(most) >= UNBOUNDED:
            self._repetitions += 1
            if self._repetitions == self._marked:
                return REPEATED + sample.replace(REPEATED, "") + REPEATED
        return sample * max(int(least), min(int(most), times))

    def _one_of(self, kind: str, value: Any, choice: int) -> str:
        if kind == "ANY":
            return "x"
        if kind == "NOT_LITERAL":
            return next(each for each in POOL if ord(each) != value)
        members: list[str] = []
        negated = False
        for item, which in value:
            match str(item):
                case "NEGATE":
                    negated = True
                case "LITERAL":
                    members.append(chr(which))
                case "RANGE":
                    members += [chr(which[0]), chr(which[1])]
                case "CATEGORY":
                    members.append(CATEGORIES[str(which).removeprefix("CATEGORY_")])
        for each in members[:6]:
            self._known(each)
        if negated:
            others = [each for each in POOL if each not in members]
            return self._known(others[choice % len(others)])
        return members[choice % len(members)]

    def _known(self, character: str) -> str:
        self.characters[character] = None
        return character

    def cases(self) -> Iterator[Case]:
        """What to repeat between a start and an end."""
        characters = [*dict.fromkeys([" ", *self.characters])][:16]
        few = characters[:7]
        for each in characters:
            yield "", each, "\0"
        for one, other in permutations(few, 2):
            yield "", one + other, "\0"
        for before, unit, after in self.pumped:
            yield before, unit, after + "\0"
            yield before, unit, after[:-1] + "\0"
        for sample in self.samples:
            for end in range(1, min(len(sample), 24)):
                yield "", sample[:end], "\0"
            starts = {sample, sample[:-1], sample[: len(sample) // 2], sample[:1]}
            for start in sorted(starts - {""}):
                yield "", start, "\0"
                yield "", start + " ", "\0"
                for each in characters:
                    yield start, each, "\0"
