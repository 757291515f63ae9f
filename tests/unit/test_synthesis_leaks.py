"""An adversarial teacher and a checker that agrees to all: nothing of a held-out record is kept of what they write."""

import json
import random
import re
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.domain.curation.documents import SourceDocument
from lambdas.domain.curation.given_documents import GivenDocument
from lambdas.domain.curation.leaks import SHARED_WORDS, find_leaks
from lambdas.domain.curation.new_records import make_records
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.sources import given_sources, training_sources
from lambdas.domain.curation.synthesis import count_funnel, synthesis_asks
from lambdas.domain.dataset.formats.record import Record
from lambdas.domain.evaluation.questions import Message, Question, parse_question
from lambdas.domain.models.catalogue import base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
SETTINGS = SynthesisSettings(
    teacher="us.anthropic.claude-sonnet-4-6", checker="amazon.nova-pro-v1:0", pairs_per_document=10, terms_accepted=True
)
CORRECT = "<reason>It says so.</reason><judgement>correct</judgement>"
_WORD = re.compile(r"\w+")


class World(NamedTuple):
    """A data set after its split: what may be trained on, and what must stay unknown."""

    training: list[Question]
    held_out: list[Question]
    draw: random.Random

    @classmethod
    def made_of(cls, seed: int) -> "World":
        """Documents of random words, so that nothing is shared by chance."""
        draw = random.Random(seed)  # noqa: S311 - nothing secret
        questions = [_question(draw, index) for index in range(16)]
        # Of fewer words than are looked for in a row; and a document that training and test records ask about.
        short, shared = _question(draw, 16, asked=4, answered=2), _text(draw, 40)
        training, held_out = (_question(draw, 17 + at, shared.replace(" ", "  "[: at + 1])) for at in range(2))
        return cls([*questions[:8], training], [*questions[8:], short, held_out], draw)


def _text(draw: random.Random, words: int) -> str:
    return " ".join("".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(words))


def _question(
    draw: random.Random, index: int, document: str | None = None, *, asked: int = 16, answered: int = 15
) -> Question:
    prompt = f"<doc>\n{document or _text(draw, 40)}\n</doc>\n\nWhat of {_text(draw, asked)}?"
    return Question(index, "Be brief.", (Message(role="user", content=prompt),), _text(draw, answered))


def canonical(question: Question) -> Record:
    return Record(question.system, [question.messages[0].content, question.reference])


def planted(world: World) -> list[tuple[str, str]]:
    """A question and an answer for each way in which a held-out record may come into the training set."""
    draw, one = world.draw, draw_one(world)
    prompt, reference = one.messages[0].content, one.reference
    everything = _WORD.findall(prompt) + _WORD.findall(reference)
    start = draw.randrange(len(everything) - SHARED_WORDS)
    # Of the prompt or the answer alone: a run must not lie across both.
    run = draw.choice([_WORD.findall(prompt)[1:41], _WORD.findall(reference)])
    at = draw.randrange(len(run) - SHARED_WORDS + 1)
    taken = run[at : at + SHARED_WORDS]
    edited = prompt.split(" ")
    edited[draw.randrange(len(edited))] = _text(draw, 1)
    other = _text(draw, 6)
    return [
        (f"{other} {' '.join(taken)}?", _text(draw, 3)),
        (f"What of {other}?", f"{_text(draw, 2)} {' '.join(taken)}"),
        (f"What of {other} {', '.join(taken).upper()}?", _text(draw, 2)),
        (" ".join(edited), reference),
        (f"{prompt.partition('</doc>')[0]}</doc>\n\nWhy {other}?", _text(draw, 2)),
        (prompt, _text(draw, 2)),
        (f"{everything[start]} {_text(draw, 3)}?", reference),
        short_pair(world),
    ]


def short_pair(world: World) -> tuple[str, str]:
    """What the short held-out record asks, in other signs, and its answer."""
    short = world.held_out[8]
    asked = short.messages[0].content.rpartition("\n")[2]
    return asked.upper().replace("?", " ?"), short.reference


def draw_one(world: World) -> Question:
    return world.draw.choice(world.held_out[:8])


class Conspiracy:
    """A teacher that writes what is planted beside honest pairs, and a checker that confirms whatever it reads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.honest: set[str] = set()
        self.answers: dict[str, str] = {}

    def say(self, asked: Ask) -> str:
        if asked.stage == "ground":
            return CORRECT
        if asked.stage == "answer":
            shown = asked.prompt.user.rpartition("<question-")[2].partition(">\n")[2].partition("\n</question-")[0]
            return f"<answer>{self.answers[shown]}</answer>"
        pairs = planted(self.world)
        honest = [(f"What of {_text(self.world.draw, 5)}?", _text(self.world.draw, 2)) for _ in range(2)]
        self.honest |= {question for question, _ in honest}
        mixed = [*pairs, *honest]
        self.world.draw.shuffle(mixed)
        self.answers |= {_escaped(question): answer for question, answer in mixed}
        return "\n".join(json.dumps({"question": question, "answer": answer}) for question, answer in mixed)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def synthesised(world: World, documents: Sequence[SourceDocument]) -> tuple[list[Record], Conspiracy, int]:
    """The records that are kept, who wrote them, and how many pairs came as far as the search for leaks."""
    models, replies = Conspiracy(world), dict[str, StoredReply]()
    while asks := list(synthesis_asks(documents, SETTINGS, replies)):
        for each in asks:
            own = StoredReply(
                id=each.id, stage=each.stage, model=each.model, prompt=each.prompt.name, text=models.say(each)
            )
            replies[each.id] = own.after(replies.get(each.id))
    made = make_records(
        documents,
        SETTINGS,
        replies,
        HAIKU,
        held_out=list(map(canonical, world.held_out)),
        original=list(map(canonical, world.training)),
    )
    kept = [canonical(parse_question(index, line)) for index, line in enumerate(made.records)]
    funnel = count_funnel(made.pairs)
    assert funnel.kept == len(kept)
    return kept, models, funnel.answerable


def runs_of(record: Record) -> set[tuple[str, ...]]:
    """All SHARED_WORDS words in a row of each turn."""
    turns = [_WORD.findall(turn.lower()) for turn in record.turns]
    return {tuple(turn[at : at + SHARED_WORDS]) for turn in turns for at in range(len(turn) - SHARED_WORDS + 1)}


def words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def require_no_leak(kept: Sequence[Record], world: World) -> None:
    """By other means than those of the code: sets of words."""
    known = set().union(*(runs_of(canonical(each)) for each in world.training[:8]))
    short = [words(text) for text in short_pair(world)]
    for record in kept:
        assert not (short[0] <= words(record.turns[0]) and short[1] == words(record.turns[1]))
    for each in world.held_out:
        secret, prompt = runs_of(canonical(each)) - known, each.messages[0].content
        asked = words(prompt)
        document = prompt.partition("<doc>")[2].partition("</doc>")[0].strip()
        for record in kept:
            assert not runs_of(record) & secret
            assert document not in record.turns[0]
            assert len(asked & words(record.turns[0])) < 0.5 * len(asked)


@settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(seed=st.integers(0, 1 << 32))
def test_nothing_planted_is_kept_whatever_the_teacher_writes_about_training_documents(seed: int) -> None:
    """13 words in a row, a shared context, near duplicates: none comes through, and honest pairs do."""
    world = World.made_of(seed)
    kept, models, answerable = synthesised(
        world, training_sources(world.training, map(canonical, world.held_out)).documents
    )
    require_no_leak(kept, world)
    assert answerable > len(kept), "what is planted passes all other checks"
    asked = " ".join(record.turns[0] for record in kept)
    assert sum(question in asked for question in models.honest) == len(models.honest)


@settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(seed=st.integers(0, 1 << 32), cut=st.integers(0, 20))
def test_nothing_of_a_held_out_document_is_kept_where_it_lies_among_the_given_ones(seed: int, cut: int) -> None:
    """Whole, in part, or within a longer text: it is left out before anything is asked about it."""
    world = World.made_of(seed)
    held_out, original = list(map(canonical, world.held_out)), list(map(canonical, world.training))
    one = draw_one(world).messages[0].content.partition("<doc>")[2].partition("</doc>")[0].strip()
    texts = [one, " ".join(one.split()[cut : cut + 20]), f"{_text(world.draw, 60)} {one}", _text(world.draw, 40)]
    given_ = [GivenDocument(path=f"{place}.txt", text=text) for place, text in enumerate(texts)]
    sources = given_sources(given_, world.training, held_out, original, HAIKU)
    assert [each.text for each in sources.documents] == [texts[3]]
    kept, models, _ = synthesised(world, sources.documents)
    require_no_leak(kept, world)
    assert len(kept) == len(models.honest)


SHARED = _text(random.Random(1), 60)  # noqa: S311 - nothing secret


@pytest.mark.parametrize("tag", ["doc", "filing"])
def test_document_that_many_records_of_both_sides_have_is_no_form(tag: str) -> None:
    """Written about, it would tell of the test: the split's rule for templates does not hold for documents."""
    draw = random.Random(7)  # noqa: S311 - nothing secret

    def ask(number: int) -> Question:
        prompt = f"<{tag}>{SHARED}</{tag}>\nWhat of {_text(draw, 3)}?"
        return Question(number, "Be brief.", (Message(role="user", content=prompt),), _text(draw, 2))

    training, held_out, new = ([ask(number) for number in range(size)] for size in (60, 20, 3))
    others = [_question(draw, number) for number in range(20)]
    held = list(map(canonical, held_out))
    sources = training_sources([*training, *others], held)
    assert [each.text for each in sources.documents] == [
        each.messages[0].content.partition("</doc>")[0].removeprefix("<doc>").strip() for each in others
    ]
    assert sources.counts.held_out == 1
    assert find_leaks([canonical(each) for each in new], held, map(canonical, [*training, *others])) == {0, 1, 2}


def test_words_that_one_training_record_shares_with_the_test_set_still_count() -> None:
    """A quotation in two records is no template."""
    draw = random.Random(3)  # noqa: S311 - nothing secret
    quoted = _text(draw, SHARED_WORDS)

    def quoting(number: int) -> Record:
        return canonical(_question(draw, number, f"{_text(draw, 20)} {quoted} {_text(draw, 20)}"))

    original = [quoting(0), *(canonical(_question(draw, number)) for number in range(20))]
    new = Record("Be brief.", [f"<doc>{_text(draw, 40)}</doc>\nWhat of {_text(draw, 3)}?", quoted])
    assert find_leaks([new], [quoting(1)], original) == {0}
    assert find_leaks([new], [quoting(1)], [*original, *map(quoting, range(2, 10))]) == set()


def test_pair_that_the_training_records_have_as_well_is_no_leak() -> None:
    """Classes and brief questions come again about each document."""

    def ask(number: int, answer: str) -> Record:
        draw = random.Random(number)  # noqa: S311 - nothing secret
        return Record("Be brief.", [f"<doc>{_text(draw, 30)}</doc>\nDid sales rise?", answer])

    held_out = [ask(1, "yes"), ask(2, "no")]
    assert find_leaks([ask(3, "Yes"), ask(4, "No.")], held_out, [ask(5, "yes")]) == {1}
