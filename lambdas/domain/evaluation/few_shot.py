"""Few-shot examples in front of a question, as earlier turns: no text of theirs can end its turn."""

from collections.abc import Sequence

from lambdas.domain.evaluation.responses import Question, Record, Turn


def few_shot_turns(examples: Sequence[Record], question: Question) -> list[Turn]:
    """The turns to send: each example's, then the question's own.

    An example whose system text is not the question's brings it along in front of its first turn.
    """
    turns: list[Turn] = []
    for example in examples:
        first, *rest = example.messages
        if example.system and example.system != question.system:
            first = Turn(role=first.role, content=f"{example.system}\n\n{first.content}")
        turns += [first, *rest]
    return [*turns, *question.turns]
