"""What is stored of a judging: the pairs, and what a judge answered about them.

`judging/pairs.jsonl` has a line for each Pair: the tuned model's answer (`arm`) and its base's (`against`) to a test
record. A line of `judging/<judge>/<n>.jsonl` is a JudgementLine or an UnjudgedLine, with their fields as keys.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache

import orjson
from pydantic import ConfigDict, TypeAdapter

from lambdas.domain.core.stored_lines import parse_stored_lines, read_stored_lines
from lambdas.domain.evaluation.judging.pairwise import Order, Pair
from lambdas.domain.evaluation.judging.reading import Judgement

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class JudgementLine:
    """A judge's answer about a pair whose `order` says which answer stood first.

    Where the first answer could not be read, the judge is `asked_again`, once: the tokens are those of both, and
    `answer` is the last one. `left_out` are the sampling parameters that the judge refused. The tokens of a batch job,
    which cost less, are part of all tokens.
    """

    __pydantic_config__ = _STRICT

    index: int
    order: Order
    answer: str
    judgement: Judgement
    input_tokens: int
    output_tokens: int
    asked_again: bool = False
    left_out: tuple[str, ...] = ()
    batch_input_tokens: int = 0
    batch_output_tokens: int = 0

    @property
    def can_be_asked_again(self) -> bool:
        """Whether the answer could not be read, and there was only one."""
        return self.judgement == "unparseable" and not self.asked_again


@dataclass(frozen=True)
class UnjudgedLine:
    """A question that the judge did not answer; where `final`, it can be asked nothing at all."""

    __pydantic_config__ = _STRICT

    index: int
    order: Order
    error: str
    final: bool = False


JudgedLine = JudgementLine | UnjudgedLine


@cache
def _line_type() -> TypeAdapter[JudgedLine]:
    return TypeAdapter(JudgedLine)


@cache
def _pair_type() -> TypeAdapter[Pair]:
    return TypeAdapter(Pair)


def parse_judged_lines(content: bytes) -> list[JudgedLine]:
    """The lines of a judge's shard. Raises InvalidState."""
    return parse_stored_lines(content, _line_type(), "judgements")


def render_judged_lines(lines: Iterable[JudgedLine]) -> bytes:
    """Lines as stored; what is false, empty or none by default stands only where it is not."""
    return b"".join(orjson.dumps(_stored(line), option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def _stored(line: JudgedLine) -> dict[str, object]:
    optional = {each.name: each.default for each in fields(line) if each.default is not MISSING}
    return {name: value for name, value in asdict(line).items() if name not in optional or value != optional[name]}


def read_pairs(lines: Iterable[bytes]) -> Iterator[Pair]:
    """The pairs of `judging/pairs.jsonl`, one at a time. Raises InvalidState."""
    return read_stored_lines(lines, _pair_type(), "pairs")


def render_pairs(pairs: Sequence[Pair]) -> list[bytes]:
    """The lines of `judging/pairs.jsonl`."""
    return [orjson.dumps(pair) for pair in pairs]


def select_judgements(lines: Iterable[JudgedLine]) -> list[JudgementLine]:
    """The lines that have a judgement."""
    return [line for line in lines if isinstance(line, JudgementLine)]
