"""Few-shot examples in front of a question, as earlier messages: no text of an example can end its message."""

from collections.abc import Sequence

from lambdas.domain.evaluation.questions import Conversation, Message, Question


def prepend_examples(examples: Sequence[Conversation], question: Question) -> tuple[Message, ...]:
    """The messages to send: each example's, then the question's own.

    Where an example's system text differs from the question's, it is put in front of the example's first message.
    """
    messages: list[Message] = []
    for example in examples:
        first, *rest = example.messages
        if example.system and example.system != question.system:
            first = Message(role=first.role, content=f"{example.system}\n\n{first.content}")
        messages += [first, *rest]
    return (*messages, *question.messages)
