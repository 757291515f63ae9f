"""Synthesis: what is left of the pairs that a teacher was asked for, stage by stage.

asked → parsed → new → grounded → answerable → kept. A pair is parsed where it can be read, new where it has the
language of the others and no other question about the document asks the same, grounded where the checker finds its
answer in the document, answerable where the checker, asked the question alone, gives the same answer, and kept where
nothing of it leaks into validation or test.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from pydantic import Field

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.agreement import agree
from lambdas.domain.curation.asks import Ask, CurationStage, Replies, StoredReply, ask, ask_id
from lambdas.domain.curation.cleaning import is_correctness, read_reason
from lambdas.domain.curation.documents import QuestionAnswer, SourceDocument
from lambdas.domain.curation.language import is_other_language
from lambdas.domain.curation.novelty import KnownQuestions
from lambdas.domain.curation.prompts import CurationPrompt, answer_from, check_pair, write_pairs
from lambdas.domain.curation.reading import has_all_pairs, read_answer, read_correctness, read_pairs
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.trouble import ModelTrouble, most_frequent
from lambdas.domain.dataset.formats.record import Record

# Of what was asked for: with less, something is wrong with documents, teacher or checker.
LEAST_YIELD = 0.5

Reached = Literal["asked", "parsed", "new", "grounded", "answerable", "kept"]
STAGES: tuple[Reached, ...] = ("asked", "parsed", "new", "grounded", "answerable", "kept")


class PairCheck(Fact):
    """What a model said of a pair: `result` is a judgement or an answer, null where it did not reply for `error`.

    The teacher's own reply, at the stage "write", stands with the first pair of a document.
    """

    stage: CurationStage
    model: str
    prompt: str
    result: str | None
    reason: str
    error: str | None
    input_tokens: int
    output_tokens: int


class WrittenPair(Fact):
    """A line of `dataset/synthesis.jsonl`: a pair that was asked for, how far it came, and why no further.

    `document` is the SHA-256 of the document's text, `number` counts its pairs from 1. `prompts` are the versions of
    the prompts that were asked, tokens those of the checks; the teacher's stand with the first pair of a document.
    """

    document: str
    number: int
    reached: Reached
    reason: str = ""
    question: str = ""
    answer: str = ""
    topic: str = ""
    teacher: str
    checker: str
    prompts: list[str]
    input_tokens: int = 0
    output_tokens: int = 0
    # Earlier versions stored none.
    checks: list[PairCheck] = Field(default=[])

    @property
    def pair(self) -> QuestionAnswer:
        """The pair itself."""
        return QuestionAnswer(self.question, self.answer, self.topic)


class SynthesisFunnel(Fact):
    """report.json's `synthesis`: how many pairs reached each stage."""

    asked: int
    parsed: int
    new: int
    grounded: int
    answerable: int
    kept: int

    @property
    def yield_share(self) -> float:
        """How many of the pairs that were asked for are kept."""
        return self.kept / self.asked if self.asked else 0.0

    @property
    def narrowest(self) -> Reached:
        """The stage that the most pairs did not reach."""
        counts = [self.asked, self.parsed, self.new, self.grounded, self.answerable, self.kept]
        lost = [before - after for before, after in pairwise(counts)]
        return STAGES[1 + lost.index(max(lost))]


def count_funnel(pairs: Iterable[WrittenPair]) -> SynthesisFunnel:
    """How many pairs reached each stage."""
    places = [STAGES.index(each.reached) for each in pairs]
    counts = {stage: sum(place >= least for place in places) for least, stage in enumerate(STAGES)}
    return SynthesisFunnel.model_validate(counts)


def synthesis_asks(
    documents: Iterable[SourceDocument], synthesis: SynthesisSettings, replies: Replies
) -> Iterator[Ask]:
    """What teacher and checker must still be asked: of each document only the next stage, whose asks need the last."""
    for document in documents:
        written = _ask_teacher(document, synthesis, replies)
        if written is not None:
            yield written
            continue
        for each in follow(document, synthesis, replies):
            found = _ask_checker(document, each, replies)
            if found is not None:
                yield found


def follow(document: SourceDocument, synthesis: SynthesisSettings, replies: Replies) -> list[WrittenPair]:
    """How far each pair of a document has come by the replies so far; what is `answerable` is kept unless it leaks."""
    most = synthesis.pairs_per_document
    reply = replies.get(ask_id("write", synthesis.teacher, write_pairs(document, most)))
    parsed = read_pairs(reply.text or "", most) if reply else []
    questions = KnownQuestions(document.context, document.pairs)
    unread = (reply.error or "The teacher's reply has no further pair that can be read.") if reply else ""
    lines = [
        WrittenPair(
            document=document.digest,
            number=number,
            reached="asked",
            reason=unread,
            teacher=synthesis.teacher,
            checker=synthesis.checker,
            prompts=[reply.prompt] if reply else [],
            input_tokens=reply.input_tokens if reply and number == 1 else 0,
            output_tokens=reply.output_tokens if reply and number == 1 else 0,
            checks=[_check(reply)] if reply and number == 1 else [],
        )
        for number in range(1, most + 1)
    ]
    return [
        *(_follow_pair(document, line, pair, questions, replies) for line, pair in zip(lines, parsed, strict=False)),
        *lines[len(parsed) :],
    ]


def replies_about_document(
    document: SourceDocument, synthesis: SynthesisSettings, replies: Replies
) -> Iterator[StoredReply]:
    """All replies about a document so far."""
    ids = [ask_id("write", synthesis.teacher, write_pairs(document, synthesis.pairs_per_document))]
    for line in follow(document, synthesis, replies):
        if line.reached not in ("asked", "parsed"):
            ids.append(ask_id("ground", line.checker, check_pair(document, line.pair)))
            ids.append(ask_id("answer", line.checker, answer_from(document, line.pair.question)))
    return (replies[each] for each in ids if each in replies)


def keep(line: WrittenPair, *, leaks: bool, repeats: bool = False) -> WrittenPair:
    """An answerable pair after the search for leaks and for repeated ones."""
    if leaks:
        return line.model_copy(update={"reason": "It resembles a validation or test record."})
    if repeats:
        return line.model_copy(update={"reason": "Another record asks the same about a nearly equal document."})
    return line.model_copy(update={"reached": "kept"})


def record_of(document: SourceDocument, pair: QuestionAnswer) -> Record:
    """The training record of a pair: in the form of the document's first record."""
    return Record(document.system, [document.asked.asking(pair.question), pair.answer])


def _follow_pair(
    document: SourceDocument, line: WrittenPair, pair: QuestionAnswer, questions: KnownQuestions, replies: Replies
) -> WrittenPair:
    line = line.model_copy(update={**pair._asdict(), "reached": "parsed", "reason": ""})
    if is_other_language(pair.question, _known_language(document)):
        return line.model_copy(update={"reason": "It is in another language than the questions that are there."})
    if not questions.add_new(pair):
        return line.model_copy(update={"reason": "Another question about the document asks the same."})
    ground = replies.get(ask_id("ground", line.checker, check_pair(document, pair)))
    answer = replies.get(ask_id("answer", line.checker, answer_from(document, pair.question)))
    reached, reason = _judge(pair, ground, answer)
    checks = [each for each in (ground, answer) if each]
    return line.model_copy(
        update={
            "reached": reached,
            "reason": reason,
            "prompts": [*line.prompts, *(each.prompt for each in checks)],
            "input_tokens": line.input_tokens + sum(each.input_tokens for each in checks),
            "output_tokens": line.output_tokens + sum(each.output_tokens for each in checks),
            "checks": [*line.checks, *map(_check, checks)],
        }
    )


def _check(reply: StoredReply) -> PairCheck:
    """What a reply says of a pair."""
    text, result = reply.text, None
    if text is not None:
        results = {"ground": read_correctness(text), "answer": read_answer(text)}
        result = results.get(reply.stage)
    return PairCheck(
        stage=reply.stage,
        model=reply.model,
        prompt=reply.prompt,
        result=result,
        reason=read_reason(text or "") if reply.stage == "ground" else "",
        error=reply.error,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
    )


def find_trouble(pairs: Iterable[WrittenPair]) -> ModelTrouble | None:
    """The error that kept teacher and checker from replying most often."""
    return most_frequent(Counter((each.model, each.error) for pair in pairs for each in pair.checks if each.error))


def _known_language(document: SourceDocument) -> str:
    """What has the language that new questions must have."""
    return " ".join(pair.question for pair in document.pairs or document.examples) or document.text


def _judge(pair: QuestionAnswer, ground: StoredReply | None, answer: StoredReply | None) -> tuple[Reached, str]:
    """How far a new pair comes, and why no further."""
    if ground is None:
        return "new", ""
    if read_correctness(ground.text or "") != "correct":
        return "new", ground.error or read_reason(ground.text or "") or "The checker's judgement cannot be read."
    if answer is None:
        return "grounded", ""
    given = read_answer(answer.text or "")
    if given is None:
        return "grounded", answer.error or "The checker's answer cannot be read."
    if not agree(given, pair.answer):
        return "grounded", f"The checker answers otherwise: {given}" if given else "The document has no answer."
    return "answerable", ""


def _ask_teacher(document: SourceDocument, synthesis: SynthesisSettings, replies: Replies) -> Ask | None:
    most = synthesis.pairs_per_document

    def make_prompt(again: bool) -> CurationPrompt:
        return write_pairs(document, most, again=again)

    def is_readable(reply: str) -> bool:
        return has_all_pairs(reply, most)

    return ask("write", synthesis.teacher, make_prompt, is_readable, replies)


def _ask_checker(document: SourceDocument, line: WrittenPair, replies: Replies) -> Ask | None:
    """What the checker is asked next about a pair; None where its way has ended."""
    pair = line.pair

    def check(again: bool) -> CurationPrompt:
        return check_pair(document, pair, again=again)

    def answer(again: bool) -> CurationPrompt:
        return answer_from(document, pair.question, again=again)

    def is_answer(reply: str) -> bool:
        return read_answer(reply) is not None

    if line.reached == "new":
        return ask("ground", line.checker, check, is_correctness, replies)
    if line.reached == "grounded":
        return ask("answer", line.checker, answer, is_answer, replies)
    return None


def too_little(
    funnel: SynthesisFunnel, documents: Sequence[SourceDocument], trouble: ModelTrouble | None = None
) -> str | None:
    """Why a run stops before it trains; None where enough pairs are kept."""
    if not documents:
        return "There is no document to write about: no training record asks about one in tags, or all are left out."
    if funnel.yield_share >= LEAST_YIELD:
        return None
    told = f" {trouble.tell()}." if trouble else ""
    return (
        f"The teacher was asked for {counted(funnel.asked, 'pair')}, of which {funnel.kept} passed, less than "
        f"{LEAST_YIELD:.0%}; most are lost where they must be {funnel.narrowest}.{told}"
    )
