"""What cleaning and synthesis cost: the models that are asked, and the records that are trained on besides."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lambdas.domain.batch.batch_waits import takes_batch
from lambdas.domain.cost.lines import CostLine, TokenNotes, TokensUsed, curation_lines
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.planned_asks import PlannedAsks
from lambdas.domain.curation.prompts import (
    ANSWER,
    ANSWER_SETTINGS,
    CHECK,
    CHECK_SETTINGS,
    CHECKED_TOKENS,
    MOST_PAIR_TOKENS,
    WRITE,
    prompt_tokens,
)
from lambdas.domain.curation.token_use import CurationUse
from lambdas.domain.dataset.tokens import ESTIMATED
from lambdas.domain.plan.plan import Plan

# The keys and signs of a pair as JSON with its topic, and the tags of an answer.
PAIR_FORM_TOKENS, ANSWER_FORM_TOKENS = 25, 7
# A judgement or some pairs; the asks of a shard are asked one after another.
SECONDS_PER_REPLY = 5
# A reply that cannot be read is asked for once more, in a turn of its own.
_TIMES_ASKED = 2


class Shares(NamedTuple):
    """Of the pairs that the teacher is asked for, the shares that are new, grounded, and kept.

    `batch` says whether batch jobs answer where there is enough to ask for one. `asked` is how many times each question
    is asked, `longest` whether each reply is as long as a model may make it.
    """

    new: float
    grounded: float
    kept: float
    batch: bool
    asked: int
    longest: bool

    def judgement_tokens(self) -> int:
        """The tokens of a judgement."""
        return CHECK_SETTINGS.max_tokens if self.longest else CHECKED_TOKENS

    def written_tokens(self, planned: PlannedAsks) -> float:
        """The tokens of a pair in the teacher's reply."""
        return MOST_PAIR_TOKENS if self.longest else planned.pair_tokens + PAIR_FORM_TOKENS

    def pair_tokens(self, planned: PlannedAsks) -> float:
        """The tokens of a new question with its answer."""
        return MOST_PAIR_TOKENS if self.longest else planned.pair_tokens

    def question_tokens(self, planned: PlannedAsks) -> float:
        """The tokens of a new question alone."""
        return MOST_PAIR_TOKENS if self.longest else planned.pair_tokens - planned.answer_tokens

    def answer_tokens(self, planned: PlannedAsks) -> float:
        """The tokens of the checker's answer."""
        return ANSWER_SETTINGS.max_tokens if self.longest else planned.answer_tokens + ANSWER_FORM_TOKENS

    def used(self, asked: float, told: float) -> TokensUsed:
        """The tokens of questions and replies."""
        return TokensUsed(self.asked * asked, self.asked * told)


EXPECTED = Shares(0.95, 0.9, 0.85, batch=True, asked=1, longest=False)
# A cap counts with no pair being dropped, with no answer of a batch job, and with replies that cannot be read.
MOST = Shares(1.0, 1.0, 1.0, batch=False, asked=2, longest=True)


def with_expected_sets(plan: Plan, shares: Shares) -> Plan:
    """The plan with the training sets as they will be after the curation; nobody expects a record to be removed."""
    curation = plan.curation
    if curation is None or curation.planned is None or curation.synthesis is None:
        return plan
    records, tokens = _added(curation, curation.planned, shares)
    candidates = []
    for one in plan.candidates:
        kept = one.training_set
        if kept.data == "synthetic":
            update = {
                "records": plan.dataset.train.records + records,
                "tokens": curation.planned.training_tokens + tokens,
            }
            kept = kept.model_copy(update=update)
        candidates.append(one.model_copy(update={"training_set": kept}))
    return plan.model_copy(update={"candidates": candidates})


def planned_curation_lines(plan: Plan, prices: Prices, shares: Shares) -> Iterator[CostLine]:
    """What judges, teacher and checker are expected to cost."""
    curation = plan.curation
    planned = curation.planned if curation else None
    if curation is None or planned is None:
        return

    def in_batch(model: str, asks: float) -> bool:
        return shares.batch and curation.batch == "auto" and takes_batch(model, int(asks))

    for judge in curation.clean.judges if curation.clean else ():
        tokens = shares.used(planned.check_tokens, planned.records * shares.judgement_tokens())
        asked = f"{planned.records:,} records of all sets with the prompt {ESTIMATED}."
        notes, batch = TokenNotes(asked, _JUDGEMENT), in_batch(judge, planned.records)
        yield from curation_lines(prices, "cleaning", judge, tokens, notes, in_batch=batch)
    if curation.synthesis is None:
        return
    pairs = _pairs(curation, planned)
    asked = f"{planned.documents:,} documents with their pairs and the prompt {ESTIMATED}."
    written = f"{pairs:,} pairs as long as those of the training set {ESTIMATED}."
    teacher = shares.used(
        planned.documents * prompt_tokens(WRITE) + planned.document_tokens + planned.shown_tokens,
        pairs * shares.written_tokens(planned),
    )
    notes, batch = TokenNotes(asked, written), in_batch(curation.synthesis.teacher, planned.documents)
    yield from curation_lines(prices, "writing", curation.synthesis.teacher, teacher, notes, in_batch=batch)
    asked = (
        f"{shares.new * pairs:,.0f} questions whether the document has the answer, {shares.grounded * pairs:,.0f} for "
        f"the answer from the document, {ESTIMATED}."
    )
    notes = TokenNotes(asked, f"{CHECKED_TOKENS} tokens a judgement; answers as long as the training set's.")
    checks = _checks(planned, pairs, shares)
    # Both questions about a pair are asked in turns of their own.
    batch = in_batch(curation.synthesis.checker, shares.grounded * pairs)
    yield from curation_lines(prices, "checking", curation.synthesis.checker, checks, notes, in_batch=batch)


def asking_seconds(plan: Plan) -> float:
    """How long models are asked before the training at most, so many shards at a time."""
    curation = plan.curation
    planned = curation.planned if curation else None
    if curation is None or planned is None:
        return 0.0
    judged = planned.records * len(curation.clean.judges) if curation.clean else 0
    # Each document's pairs are written at once, and each pair is checked twice.
    written = planned.documents + 2 * _pairs(curation, planned) if curation.synthesis else 0
    return (judged + written) * SECONDS_PER_REPLY / plan.max_concurrency


def batch_turns(plan: Plan) -> int:
    """How many turns of the curation may wait for batch jobs at most; those of one turn go on side by side."""
    curation = plan.curation
    planned = curation.planned if curation else None
    if curation is None or planned is None or curation.batch == "never":
        return 0
    judges = curation.clean.judges if curation.clean else []
    turns = int(any(takes_batch(judge, planned.records) for judge in judges))
    if synthesis := curation.synthesis:
        turns += takes_batch(synthesis.teacher, planned.documents)
        turns += 2 * takes_batch(synthesis.checker, _pairs(curation, planned))
    return turns * _TIMES_ASKED


_JUDGEMENT = f"{CHECKED_TOKENS} tokens a judgement."
_COUNTED = TokenNotes("As Bedrock counted them.", "As Bedrock counted them.")


def used_curation_lines(used: Sequence[CurationUse], prices: Prices) -> Iterator[CostLine]:
    """What the models have cost by the tokens of their replies."""
    for each in used:
        tokens = TokensUsed(each.input_tokens, each.output_tokens)
        yield from curation_lines(prices, each.part, each.model, tokens, _COUNTED, in_batch=each.in_batch)


def _pairs(curation: Curation, planned: PlannedAsks) -> int:
    return planned.documents * curation.synthesis.pairs_per_document if curation.synthesis else 0


def _added(curation: Curation, planned: PlannedAsks, shares: Shares) -> tuple[int, int]:
    """How many records synthesis adds, and their tokens."""
    records = round(_pairs(curation, planned) * shares.kept)
    return records, round(records * (planned.context_tokens + shares.pair_tokens(planned)))


def _checks(planned: PlannedAsks, pairs: int, shares: Shares) -> TokensUsed:
    """Each new pair is checked against its document, each grounded question is answered from it."""
    document = planned.document_tokens / planned.documents if planned.documents else 0.0
    grounds, answers = pairs * shares.new, pairs * shares.grounded
    asked = grounds * (prompt_tokens(CHECK) + document + shares.pair_tokens(planned))
    asked += answers * (prompt_tokens(ANSWER) + document + shares.question_tokens(planned))
    told = grounds * shares.judgement_tokens() + answers * shares.answer_tokens(planned)
    return shares.used(asked, told)
