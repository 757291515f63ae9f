"""What `fine-tune synthesize` costs: before the pilot by estimated tokens, behind it by what the pilot has cost."""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

from cli.curation import cost_usd
from lambdas.domain.cost.curation_cost import ANSWER_FORM_TOKENS, PAIR_FORM_TOKENS
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.curation.asks import Replies, ask_id
from lambdas.domain.curation.documents import QuestionAnswer, SourceDocument
from lambdas.domain.curation.prompts import CHECKED_TOKENS, CurationPrompt, answer_from, check_pair, write_pairs
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.synthesis import WrittenPair, follow, replies_about_document
from lambdas.domain.dataset.tokens import estimate

# Of a pair and of its answer, where no other pair shows how long they are.
_USUAL_PAIR_TOKENS, _USUAL_ANSWER_TOKENS = 40.0, 15.0


class _Asks(NamedTuple):
    """Questions to a model, with the tokens of all of them and of their replies."""

    model: str
    input: float
    output: float


def spent_usd(
    documents: Sequence[SourceDocument], synthesis: SynthesisSettings, replies: Replies, prices: Prices
) -> float | None:
    """What was spent on these documents; None without a price."""
    about = (reply for each in documents for reply in replies_about_document(each, synthesis, replies))
    return cost_usd(about, prices)


def expected_usd(
    documents: Sequence[SourceDocument], synthesis: SynthesisSettings, replies: Replies, prices: Prices
) -> float | None:
    """About what the documents cost that have not all their replies; None without a price."""
    total = 0.0
    for document in documents:
        for asks in _left(document, synthesis, replies):
            price = prices.foundation_models.get(asks.model)
            if price is None:
                return None
            total += (asks.input * price.input + asks.output * price.output) / 1_000
    return total


def rest_usd(
    pilot: Sequence[SourceDocument],
    rest: Sequence[SourceDocument],
    synthesis: SynthesisSettings,
    replies: Replies,
    prices: Prices,
) -> float | None:
    """About what is left of the documents behind the pilot, by how dear the pilot was; None without a price."""
    left, spent = (of(part, synthesis, replies, prices) for of, part in ((expected_usd, rest), (spent_usd, pilot)))
    foreseen = expected_usd(pilot, synthesis, {}, prices)
    if left is None or spent is None or not foreseen:
        return left
    return left * spent / foreseen


def _left(document: SourceDocument, synthesis: SynthesisSettings, replies: Replies) -> Iterator[_Asks]:
    """What teacher and checker are still asked about a document, where no pair is lost on its way."""
    number, known = synthesis.pairs_per_document, document.pairs or document.examples
    pair = fmean(estimate(each.question, each.answer) for each in known) if known else _USUAL_PAIR_TOKENS
    answer = fmean(estimate(each.answer) for each in known) if known else _USUAL_ANSWER_TOKENS
    prompt = write_pairs(document, number)
    grounds = answers = number
    if ask_id("write", synthesis.teacher, prompt) in replies:
        lines = follow(document, synthesis, replies)
        grounds = sum(_lacks_judgement(document, each, replies) for each in lines)
        answers = grounds + sum(_lacks_answer(document, each, replies) for each in lines)
    else:
        yield _Asks(synthesis.teacher, _tokens(prompt), number * (pair + PAIR_FORM_TOKENS))
    check, question = _tokens(check_pair(document, QuestionAnswer("", ""))), _tokens(answer_from(document, ""))
    yield _Asks(synthesis.checker, grounds * (check + pair), grounds * CHECKED_TOKENS)
    yield _Asks(synthesis.checker, answers * (question + pair - answer), answers * (answer + ANSWER_FORM_TOKENS))


def _tokens(prompt: CurationPrompt) -> int:
    return estimate(prompt.system, prompt.user)


def _lacks_judgement(document: SourceDocument, line: WrittenPair, replies: Replies) -> bool:
    asked = check_pair(document, line.pair)
    return line.reached == "new" and ask_id("ground", line.checker, asked) not in replies


def _lacks_answer(document: SourceDocument, line: WrittenPair, replies: Replies) -> bool:
    asked = answer_from(document, line.question)
    return line.reached == "grounded" and ask_id("answer", line.checker, asked) not in replies
