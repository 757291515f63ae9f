"""JudgeShard: a judge compares the pairs of one shard, each in both orders. No question is asked twice."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.service_errors import ModelFailed, NotFound, Refused, SpentForToday
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.judging.lines import JudgedLine, JudgementLine, UnjudgedLine, select_judgements
from lambdas.domain.evaluation.judging.pairwise import (
    ORDERS,
    Order,
    Pair,
    judge_prompt,
    needs_no_judge,
    parse_judgement,
)
from lambdas.domain.evaluation.judging.shards import JudgedShard, JudgeShard
from lambdas.domain.evaluation.questions import InferenceSettings, Message, Question
from lambdas.steps.answering import (
    MODEL_CANNOT_BE_ASKED,
    MOST_MODEL_FAILURES,
    RESERVED_MILLISECONDS,
    STORE_EVERY_ANSWERS,
)

# Room for a reasoning of 4 sentences; without chance, so that the same question gets the same judgement.
SETTINGS = InferenceSettings(max_tokens=512, temperature=0.0)


def judge_shard(
    run: Run, shard: JudgeShard, remaining_milliseconds: Callable[[], int], *, adapters: Adapters
) -> JudgedShard:
    """Asks what is not stored yet.

    A refusal becomes the question's line; where it says that this judge cannot be asked at all, it is that of all
    further ones. Raises ServiceBusy where Bedrock is busy or the function's time runs out: the answers so far are
    stored.
    """
    judging, place = adapters.judging, (run.output_bucket, run.prefix, shard.judge, shard.number)
    lines = judging.read_judged(*place)
    done, stored = {(line.index, line.order) for line in lines}, len(lines)
    pairs = judging.read_pairs(run.output_bucket, run.prefix, shard.first, shard.records)
    try:
        for pair, order in _list_questions(pairs):
            if (pair.index, order) in done:
                continue
            if remaining_milliseconds() < RESERVED_MILLISECONDS:
                raise ServiceBusy(
                    f"Shard {shard.number} of judge {shard.judge} needs more time; it goes on where it is."
                )
            lines.append(_ask(shard.judge, pair, order, lines, adapters.runtime))
            if len(lines) - stored >= STORE_EVERY_ANSWERS:
                judging.write_judged(*place, lines)
                stored = len(lines)
    finally:
        if len(lines) > stored:
            judging.write_judged(*place, lines)
    answered = len(select_judgements(lines))
    return JudgedShard(judge=shard.judge, number=shard.number, answered=answered, errors=len(lines) - answered)


def _list_questions(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Order]]:
    for pair in pairs:
        if not needs_no_judge(pair):
            for order in ORDERS:
                yield pair, order


def _ask_again(ask: Callable[[], ModelAnswer]) -> ModelAnswer:
    """An answer of a model that may fail over a question once or twice."""
    for _ in range(MOST_MODEL_FAILURES - 1):
        with suppress(ModelFailed):
            return ask()
    return ask()


def _ask(judge: str, pair: Pair, order: Order, lines: Sequence[JudgedLine], runtime: BedrockRuntime) -> JudgedLine:
    """The line of one question."""
    final = next((line.error for line in lines if isinstance(line, UnjudgedLine) and line.final), None)
    if final is not None:
        return UnjudgedLine(pair.index, order, final, final=True)
    prompt = judge_prompt(pair, order)
    question = Question(pair.index, prompt.system, (Message(role="user", content=prompt.user),), "")
    try:
        answer = _ask_again(lambda: runtime.converse(judge, question, SETTINGS))
    except (ModelFailed, SpentForToday) as failure:
        return UnjudgedLine(pair.index, order, str(failure), final=isinstance(failure, SpentForToday))
    except Refused as refusal:
        cannot_be_asked = isinstance(refusal, NotFound) or refusal.code in MODEL_CANNOT_BE_ASKED
        return UnjudgedLine(pair.index, order, f"{refusal.code}: {refusal.message}", final=cannot_be_asked)
    return JudgementLine(
        index=pair.index,
        order=order,
        answer=answer.text,
        judgement=parse_judgement(answer.text),
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
    )
