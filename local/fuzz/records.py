"""Records in all formats, drawn by Hypothesis: for the tests of the readers, and as beginnings of the fuzz."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from lambdas.domain.dataset.formats import SourceFormat

Texts = st.SearchStrategy[str]
Records = st.SearchStrategy[dict[str, Any]]
# What people keep beside their questions and answers.
_OTHERS: Records = st.dictionaries(
    st.sampled_from(["id", "source", "category", "score", "meta"]),
    st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2),
    max_size=2,
)


def _object(required: Mapping[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Records:
    return st.fixed_dictionaries(dict(required), optional=optional)


def _merged(*parts: Records) -> Records:
    return st.tuples(*parts).map(lambda each: {key: value for part in each for key, value in part.items()})


def _blank(texts: Texts) -> st.SearchStrategy[str | None]:
    return texts | st.none() | st.just("")


def _turns(user: Records, assistant: Records) -> st.SearchStrategy[list[dict[str, Any]]]:
    pairs = st.lists(st.tuples(user, assistant), min_size=1, max_size=3)
    return pairs.map(lambda turns: [message for pair in turns for message in pair])


def _messages(content: st.SearchStrategy[Any], role: str = "role", key: str = "content") -> Any:
    roles = ("user", "assistant") if role == "role" else ("human", "gpt")
    user, assistant = (_object({role: st.just(name), key: content}) for name in roles)
    return _turns(user, assistant)


def _block(texts: Texts) -> Records:
    return _object({"text": texts})


def _nova(texts: Texts) -> Records:
    blocks = st.lists(_block(texts), min_size=1, max_size=2)
    thought = texts.map(lambda text: {"reasoningContent": {"reasoningText": {"text": text}}})
    answers = st.tuples(st.lists(thought, max_size=1), blocks).map(lambda each: [*each[0], *each[1]])
    user = _object({"role": st.just("user"), "content": blocks})
    assistant = _object({"role": st.just("assistant"), "content": answers})
    record = _object(
        {"messages": _turns(user, assistant)},
        system=blocks | texts | st.sampled_from(["", None, []]),
        schemaVersion=st.sampled_from(["bedrock-conversation-2024", "tooluse-dataset-2024", None]),
    )
    return _merged(record, _OTHERS)


def _openai(texts: Texts) -> Records:
    content = texts | st.lists(_object({"type": st.just("text"), "text": texts}), min_size=1, max_size=2)
    system = _object({"role": st.sampled_from(["system", "developer"]), "content": content})
    user = _object({"role": st.just("user"), "content": content}, name=st.just("ann"))
    assistant = _object({"role": st.just("assistant"), "content": content}, weight=st.just(1), refusal=st.none())
    messages = st.tuples(system, _turns(user, assistant)).map(lambda each: [each[0], *each[1]])
    return _merged(_object({"messages": messages}), _OTHERS)


def _sharegpt(texts: Texts) -> Records:
    turns = _messages(texts, "from", "value") | _messages(texts)
    named = _object({"conversations": turns}, system=_blank(texts)) | _object({"conversation": turns})
    return _merged(named, _OTHERS)


def _alpaca(texts: Texts) -> Records:
    history = st.lists(st.lists(texts, min_size=2, max_size=2), max_size=2) | st.none()
    required = {"instruction": texts, "output": texts}
    return _merged(_object(required, input=_blank(texts), system=_blank(texts), history=history), _OTHERS)


def _pair(prompt: str, answer: str) -> Callable[[Texts], Records]:
    return lambda texts: _merged(_object({prompt: texts, answer: texts}, system_prompt=_blank(texts)), _OTHERS)


RECORDS: Mapping[SourceFormat, Callable[[Texts], Records]] = {
    "messages": lambda texts: _merged(_object({"messages": _messages(texts)}, system=texts), _OTHERS),
    "openai-chat": _openai,
    "bedrock-conversation-2024": _nova,
    "sharegpt": _sharegpt,
    "prompt/completion": lambda texts: _merged(_object({"prompt": texts, "completion": texts}, system=texts), _OTHERS),
    "alpaca": _alpaca,
    "dolly": lambda texts: _merged(_object({"instruction": texts, "response": texts}, context=_blank(texts)), _OTHERS),
    "document/question/answer": lambda texts: _merged(
        _object({"question": texts, "answer": texts}, document=texts, system=texts), _OTHERS
    ),
    "input/output": _pair("input", "output"),
    "prompt/response": _pair("prompt", "response"),
    "question/response": _pair("question", "response"),
    "query/response": _pair("query", "response"),
}


def texts_of(value: Any) -> list[str]:
    """All texts in a value that a model is to learn or read, in no order."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, list):
        return [text for each in value for text in texts_of(each)]
    return [text for key, each in value.items() if key in _LEARNT for text in texts_of(each)] if value else []


_LEARNT = frozenset(
    {
        "messages",
        "system",
        "system_prompt",
        "conversation",
        "content",
        "text",
        "reasoningContent",
        "reasoningText",
        "conversations",
        "value",
        "prompt",
    }
    | {
        "completion",
        "instruction",
        "input",
        "output",
        "history",
        "context",
        "response",
        "document",
        "question",
        "answer",
    }
)
