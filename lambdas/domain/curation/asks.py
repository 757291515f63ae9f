"""What a model is asked once in curation, and what it replied: the same on AWS, offline and in a batch job.

An ask's id follows from the model and all that it is asked, so that whoever stores replies asks nothing twice, and
never takes the reply to another question, or of another model, for it. A reply that cannot be read is asked for once
more.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Literal

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.prompts import CurationPrompt
from lambdas.domain.curation.reading import MOST_PAIRS, read_pairs

CurationStage = Literal["clean", "write", "ground", "answer"]


class Ask(Fact):
    """A question to a model, as it is asked and stored; `again` where its first reply could not be read."""

    id: str
    stage: CurationStage
    model: str
    prompt: CurationPrompt
    again: bool


class StoredReply(Fact):
    """What is stored of an ask: the model's last text, or the error in place of one.

    The tokens are those of all its replies; so many of them were used in batch jobs, at another price. `prompt` is the
    name of the prompt's version.
    """

    id: str
    stage: CurationStage
    model: str
    prompt: str
    text: str | None = None
    error: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    batch_input_tokens: int = 0
    batch_output_tokens: int = 0
    asked_again: bool = False

    def after(self, earlier: "StoredReply | None") -> "StoredReply":
        """The reply in place of an earlier one to the same ask, which could not be read.

        An error says nothing new: the text that could not be read stays, as does one with more pairs than the new one.
        """
        if earlier is None:
            return self
        pairs = [len(read_pairs(each.text or "", MOST_PAIRS)) for each in (earlier, self)]
        last = earlier if self.error is not None or (self.stage == "write" and pairs[0] > pairs[1]) else self
        tokens = {
            "input_tokens": earlier.input_tokens + self.input_tokens,
            "output_tokens": earlier.output_tokens + self.output_tokens,
            "batch_input_tokens": earlier.batch_input_tokens + self.batch_input_tokens,
            "batch_output_tokens": earlier.batch_output_tokens + self.batch_output_tokens,
        }
        return last.model_copy(update={**tokens, "asked_again": True})


Replies = Mapping[str, StoredReply]


def no_reply(asked: Ask, reason: str) -> StoredReply:
    """What stands in the place of a reply that never came: it is asked for no more."""
    return StoredReply(id=asked.id, stage=asked.stage, model=asked.model, prompt=asked.prompt.name, error=reason)


def ask_id(stage: CurationStage, model: str, prompt: CurationPrompt) -> str:
    """The id of what a model is asked the first time."""
    asked = "\0".join((prompt.name, prompt.system, prompt.user))
    digest = hashlib.sha256(asked.encode(errors="surrogatepass")).hexdigest()
    return f"{stage}/{digest}/{model}"


def ask(
    stage: CurationStage,
    model: str,
    make_prompt: Callable[[bool], CurationPrompt],
    is_readable: Callable[[str], bool],
    replies: Replies,
) -> Ask | None:
    """The ask, or None where it has its reply: one that can be read, an error, or the second one.

    `make_prompt` gets whether it is asked again.
    """
    prompt = make_prompt(False)
    id_ = ask_id(stage, model, prompt)
    reply = replies.get(id_)
    if reply is None:
        return Ask(id=id_, stage=stage, model=model, prompt=prompt, again=False)
    if reply.error is not None or reply.asked_again or is_readable(reply.text or ""):
        return None
    return Ask(id=id_, stage=stage, model=model, prompt=make_prompt(True), again=True)
