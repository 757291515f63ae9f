"""The tokens that curation has used, by stage and model: what it has cost follows from them."""

from collections.abc import Iterable
from typing import Literal

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.asks import CurationStage, StoredReply

# Both questions about a pair are checks.
CurationPart = Literal["cleaning", "writing", "checking"]
PARTS: dict[CurationStage, CurationPart] = {
    "clean": "cleaning",
    "write": "writing",
    "ground": "checking",
    "answer": "checking",
}


class CurationUse(Fact):
    """The tokens of all replies of a model in one part of the curation, as Bedrock counted them.

    Those that came in batch jobs have a price of their own.
    """

    part: CurationPart
    model: str
    in_batch: bool = False
    replies: int
    input_tokens: int
    output_tokens: int


def count_use(replies: Iterable[StoredReply]) -> list[CurationUse]:
    """The use by part and model, in the order of the parts; each stored reply is given once."""
    found: dict[tuple[CurationPart, str, bool], CurationUse] = {}
    for reply in replies:
        for in_batch, (asked, said) in ((False, _on_demand(reply)), (True, _in_batch(reply))):
            if not asked:
                # An error costs nothing.
                continue
            part, model, _ = key = (PARTS[reply.stage], reply.model, in_batch)
            known = found.get(key)
            found[key] = CurationUse(
                part=part,
                model=model,
                in_batch=in_batch,
                replies=1 + (known.replies if known else 0),
                input_tokens=asked + (known.input_tokens if known else 0),
                output_tokens=said + (known.output_tokens if known else 0),
            )
    order = list(dict.fromkeys(PARTS.values()))
    return sorted(found.values(), key=lambda use: order.index(use.part))


def _on_demand(reply: StoredReply) -> tuple[int, int]:
    return reply.input_tokens - reply.batch_input_tokens, reply.output_tokens - reply.batch_output_tokens


def _in_batch(reply: StoredReply) -> tuple[int, int]:
    return reply.batch_input_tokens, reply.batch_output_tokens
