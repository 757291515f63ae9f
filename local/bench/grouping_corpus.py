"""A corpus on which grouping is measured: data sets of the kinds that people bring, whose groups are known.

Texts are of made-up words with the frequencies of a language (Zipf) and common words between them. Everything follows
from the seed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

COMMON = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "I",
    "this",
    "are",
    "or",
    "his",
    "from",
    "at",
    "which",
    "but",
    "have",
    "an",
    "had",
    "they",
]
SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "yu",
    "zan",
    "cre",
    "dri",
    "flo",
    "gru",
    "pla",
    "sti",
    "tro",
    "bel",
    "nor",
]


@dataclass
class Corpus:
    """A data set: rows in a format of the data gate, and the group that each row belongs to.

    `links` are pairs of rows that leak into each other and must stand together, where these are not all of a group.
    """

    name: str
    asks: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    links: list[tuple[int, int]] | None = None

    def add(self, group: int, prompt: str, answer: str, system: str | None = None, *before: str) -> None:
        """A row; `before` are earlier turns."""
        turns = [*before, prompt, answer]
        messages = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(turns)]
        self.rows.append({"messages": messages} if system is None else {"system": system, "messages": messages})
        self.groups.append(group)

    def pairs(self) -> list[tuple[int, int]]:
        """The pairs of rows that must stand together."""
        if self.links is not None:
            return self.links
        members: dict[int, list[int]] = {}
        for row, group in enumerate(self.groups):
            members.setdefault(group, []).append(row)
        return [pair for rows in members.values() for pair in pairwise(rows)]


class Writer:
    """Draws words, sentences and texts."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.words = sorted({self._word() for _ in range(6_000)})
        self.draw.shuffle(self.words)
        self._weights = [1 / rank for rank in range(1, len(self.words) + 1)]

    def _word(self) -> str:
        return "".join(self.draw.choice(SYLLABLES) for _ in range(self.draw.randint(2, 3)))

    def name(self) -> str:
        """A name that hardly any other text has."""
        return f"{self._word()}{self._word()}".capitalize()

    def topic(self, size: int = 30) -> list[str]:
        """Words that a text is about."""
        return self.draw.sample(self.words, size)

    def sentence(self, topic: list[str], length: int | None = None) -> str:
        """Common words, words of the topic, and words of the language."""
        words = []
        for _ in range(length or self.draw.randint(8, 16)):
            kind = self.draw.random()
            if kind < 0.4:
                words.append(self.draw.choice(COMMON))
            elif kind < 0.75:
                words.append(self.draw.choice(topic))
            else:
                words.append(self.draw.choices(self.words, self._weights)[0])
        return " ".join(words).capitalize() + "."

    def text(self, sentences: int, topic: list[str] | None = None) -> str:
        """Sentences about one topic."""
        about = topic or self.topic()
        return " ".join(self.sentence(about) for _ in range(sentences))

    def request(self) -> str:
        """What somebody asks for, of 8 to 16 words."""
        return self.sentence(self.topic(6))

    def question_on(self, text: str) -> tuple[str, str]:
        """A question on a text, in words of the text, and an answer out of it."""
        sentences = text.split(". ")
        words = self.draw.choice(sentences).rstrip(".").split()
        start = self.draw.randrange(max(1, len(words) - 4))
        asked = " ".join(words[start : start + 4])
        return f"What does it say of {asked}?", " ".join(self.draw.choice(sentences).split()[:5])

    def edited(self, text: str, share: float) -> str:
        """The text with a share of its words replaced by others of the language."""
        words = text.split()
        for place in self.draw.sample(range(len(words)), round(share * len(words))):
            words[place] = self.draw.choices(self.words, self._weights)[0]
        return " ".join(words)


def chats(write: Writer) -> Corpus:
    """Chats that open alike and go on about different things."""
    kind = Corpus("chats that open with “Hi”", "apart")
    for number in range(100):
        kind.add(number, write.request(), write.request(), None, "Hi", "Hello! How can I help you today?")
    return kind


def system_documents(write: Writer) -> Corpus:
    """Documents in system texts without tags, all asked the same questions."""
    kind = Corpus("documents in untagged system texts, asked the same questions", "by document")
    questions = ["What is the total?", "Who signed it?", "Summarise the document in a sentence."]
    for number in range(40):
        text = write.text(12)
        for question in questions:
            kind.add(number, question, write.question_on(text)[1], f"Answer from the document only.\n\n{text}")
    return kind


def asked_documents(write: Writer, *, tagged: bool) -> Corpus:
    """Few documents with many questions each: what must not be taken for an instruction."""
    kind = Corpus(
        f"documents with 15 questions each, {'tagged' if tagged else 'in untagged system texts'}", "by document"
    )
    for number in range(10):
        text = write.text(12)
        for _ in range(15):
            question, answer = write.question_on(text)
            if tagged:
                kind.add(number, f"<document>\n{text}\n</document>\n\n{question}", answer)
            else:
                kind.add(number, question, answer, text)
    return kind


def reports(write: Writer) -> Corpus:
    """Reports on the same things, whose figures differ: questions name the things, and answers are computed."""
    kind = Corpus("reports in untagged system texts with 12 questions each, computed answers", "by document")
    things = write.topic(20)
    for number in range(12):
        chosen = write.draw.sample(things, 8)
        figures = [f"{thing}: {write.draw.randint(10, 999)} sold at {write.draw.randint(5, 500)}." for thing in chosen]
        for place in range(12):
            ending = " in total" if place >= len(chosen) else ""
            asked = f"How many units of {chosen[place % len(chosen)]} were sold{ending}?"
            kind.add(number, asked, str(write.draw.randint(1_000, 9_999)), f"Report {number}.\n" + "\n".join(figures))
    return kind


def tenants(write: Writer) -> Corpus:
    """Tenants with a system text each, and requests of their users."""
    kind = Corpus("five tenants' system texts", "apart")
    for tenant in range(5):
        prompt = f"You are the assistant of {write.name()}. {write.text(8)}"
        for number in range(40):
            kind.add(100 * tenant + number, write.request(), write.request(), prompt)
    return kind


def templates(write: Writer) -> Corpus:
    """Templates in the user's message, before and behind what differs."""
    kind = Corpus("four templates in the user's message", "apart")
    for template in range(4):
        before, behind = write.text(6), write.text(2)
        for number in range(40):
            prompt = f"{before}\n\nTicket: {write.request()} {write.request()}\n\n{behind}"
            kind.add(100 * template + number, prompt, write.draw.choice(["billing", "delivery", "returns"]))
    return kind


def few_shot(write: Writer) -> Corpus:
    """Tagged blocks of examples in three variants."""
    kind = Corpus("three variants of a tagged few-shot block", "apart")
    labels = ["billing", "delivery", "returns"]
    for variant in range(3):
        examples = "\n".join(f"Ticket: {write.request()}\nLabel: {label}" for label in labels * 2)
        for number in range(40):
            prompt = f"<examples>\n{examples}\n</examples>\n\nTicket: {write.request()}"
            kind.add(100 * variant + number, prompt, write.draw.choice(labels))
    return kind


def one_word(write: Writer) -> Corpus:
    """Short prompts in pairs that differ in one word."""
    kind = Corpus("short prompts that differ in one word", "in pairs")
    for number in range(72):
        words = write.sentence(write.topic(6), write.draw.randint(5, 9)).split()
        place = write.draw.randrange(len(words))
        answer = write.request()
        kind.add(number, " ".join(words), answer)
        words[place] = write.draw.choice(write.words)
        kind.add(number, " ".join(words), answer)
    return kind


def slots(write: Writer) -> Corpus:
    """One question of many things: the words are nearly the same, the answers are not."""
    kind = Corpus("one short question of 100 different things", "apart")
    for number in range(100):
        kind.add(number, f"What is the capital of {write.name()}?", write.name())
    return kind


def windows(write: Writer, *, name: str, step: int, sentences: bool) -> Corpus:
    """Windows of 120 words over texts of 300, each with the next one in common beyond the step."""
    kind = Corpus(name, "with the next")
    kind.links = []
    for number in range(15):
        words = write.text(30).split() if sentences else write.text(30).replace(".", "").lower().split()
        for place, start in enumerate(range(0, 4 * step, step)):
            if place:
                kind.links.append((len(kind.rows) - 1, len(kind.rows)))
            kind.add(number, f"Summarise this.\n\n{' '.join(words[start : start + 120])}", write.request())
    return kind


def turns(write: Writer) -> Corpus:
    """Conversations of which each turn is a record, with all turns before it."""
    kind = Corpus("conversations, a record for each of four turns", "by conversation")
    for number in range(30):
        topic, before = write.topic(12), ["Hi", "Hello! How can I help you today?"]
        for _ in range(4):
            asked, answer = write.sentence(topic), write.sentence(topic)
            kind.add(number, asked, answer, None, *before)
            before += [asked, answer]
    return kind


def edited(write: Writer, *, words: int, share: float) -> Corpus:
    """Prompts and their lightly edited copies."""
    kind = Corpus(f"prompts of {words} words and copies with {share:.0%} of the words replaced", "in pairs")
    for number in range(100):
        text = write.sentence(write.topic(), words) if words < 20 else write.text(words // 12)
        answer = write.request()
        kind.add(number, text, answer)
        kind.add(number, write.edited(text, share), answer)
    return kind


KINDS: tuple[Callable[[Writer], Corpus], ...] = (
    chats,
    system_documents,
    tenants,
    templates,
    few_shot,
    slots,
    one_word,
    lambda write: windows(write, name="windows that overlap by half", step=60, sentences=True),
    lambda write: windows(write, name="chunks that overlap by 20 words", step=100, sentences=True),
    lambda write: windows(write, name="the same chunks without punctuation", step=100, sentences=False),
    turns,
    lambda write: edited(write, words=15, share=0.2),
    lambda write: edited(write, words=60, share=0.2),
    lambda write: edited(write, words=240, share=0.2),
    lambda write: asked_documents(write, tagged=False),
    lambda write: asked_documents(write, tagged=True),
    reports,
)


def corpus(seed: int) -> Iterator[Corpus]:
    """Every kind of data set."""
    for place, make in enumerate(KINDS):
        yield make(Writer(100 * seed + place))
