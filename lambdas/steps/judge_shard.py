"""JudgeShard: a judge compares the pairs of one shard, each in both orders.

No question is asked twice but one whose answer cannot be read: once more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.service_errors import ModelFailed, NotFound, Refused, SpentForToday
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.judging.lines import JudgedLine, JudgementLine, UnjudgedLine, select_judgements
from lambdas.domain.evaluation.judging.pairwise import (
    JUDGE_SETTINGS,
    ORDERS,
    Order,
    Pair,
    judge_prompt,
    needs_no_judge,
)
from lambdas.domain.evaluation.judging.reading import parse_judgement
from lambdas.domain.evaluation.judging.shards import JudgedShard, JudgeShard
from lambdas.domain.evaluation.questions import Message, Question
from lambdas.steps.answering import (
    MODEL_CANNOT_BE_ASKED,
    MOST_MODEL_FAILURES,
    RESERVED_MILLISECONDS,
    STORE_EVERY_ANSWERS,
)


def judge_shard(
    run: Run, shard: JudgeShard, remaining_milliseconds: Callable[[], int], *, adapters: Adapters
) -> JudgedShard:
    """Asks what is not stored yet.

    A refusal becomes the question's line; where it says that this judge cannot be asked at all, it is that of all
    further ones. Raises ServiceBusy where Bedrock is busy or the function's time runs out: the answers so far are
    stored.
    """
    judging, place = adapters.judging, (run.output_bucket, run.prefix, shard.judge, shard.number)
    lines = {(line.index, line.order): line for line in judging.read_judged(*place)}
    unstored = 0
    try:
        for pair, order in _list_questions(
            judging.read_pairs(run.output_bucket, run.prefix, shard.first, shard.records)
        ):
            while _must_be_asked(line := lines.get((pair.index, order))):
                if remaining_milliseconds() < RESERVED_MILLISECONDS:
                    raise ServiceBusy(
                        f"Shard {shard.number} of judge {shard.judge} needs more time; it goes on where it is."
                    )
                lines[pair.index, order] = _ask(shard, pair, order, line, lines.values(), adapters.runtime)
                unstored += 1
                if unstored >= STORE_EVERY_ANSWERS:
                    judging.write_judged(*place, [*lines.values()])
                    unstored = 0
    finally:
        if unstored:
            judging.write_judged(*place, [*lines.values()])
    answered = len(select_judgements(lines.values()))
    return JudgedShard(judge=shard.judge, number=shard.number, answered=answered, errors=len(lines) - answered)


def _must_be_asked(line: JudgedLine | None) -> bool:
    return line is None or (isinstance(line, JudgementLine) and line.can_be_asked_again)


def _list_questions(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Order]]:
    for pair in pairs:
        if not needs_no_judge(pair):
            for order in ORDERS:
                yield pair, order


def _persist(ask: Callable[[], ModelAnswer]) -> ModelAnswer:
    """An answer of a model that may fail over a question once or twice."""
    for _ in range(MOST_MODEL_FAILURES - 1):
        with suppress(ModelFailed):
            return ask()
    return ask()


def _ask(
    shard: JudgeShard,
    pair: Pair,
    order: Order,
    earlier: JudgedLine | None,
    lines: Iterable[JudgedLine],
    runtime: BedrockRuntime,
) -> JudgedLine:
    """The line of one question; `earlier` has an answer that cannot be read, if this is the second time."""
    unread = earlier if isinstance(earlier, JudgementLine) else None
    final = next((line.error for line in lines if isinstance(line, UnjudgedLine) and line.final), None)
    answer = UnjudgedLine(pair.index, order, final, final=True) if final else _call(shard, pair, order, unread, runtime)
    if unread is None:
        return answer
    if isinstance(answer, UnjudgedLine):
        # What is known is that the first answer cannot be read.
        return replace(unread, asked_again=True)
    return replace(
        answer,
        asked_again=True,
        input_tokens=unread.input_tokens + answer.input_tokens,
        output_tokens=unread.output_tokens + answer.output_tokens,
        batch_input_tokens=unread.batch_input_tokens,
        batch_output_tokens=unread.batch_output_tokens,
    )


def _call(
    shard: JudgeShard, pair: Pair, order: Order, unread: JudgementLine | None, runtime: BedrockRuntime
) -> JudgementLine | UnjudgedLine:
    prompt = judge_prompt(pair, order, shard.rubric, again=unread is not None)
    question = Question(pair.index, prompt.system, (Message(role="user", content=prompt.user),), "")
    try:
        answer = _persist(lambda: runtime.converse(shard.judge, question, JUDGE_SETTINGS))
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
        left_out=tuple(runtime.left_out(shard.judge, JUDGE_SETTINGS)),
    )
