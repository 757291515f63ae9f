"""What is kept of each record for the split and the report: digests, lengths and a signature, no texts."""

from array import array
from typing import TYPE_CHECKING

from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules.answer_set import Answers
from lambdas.domain.dataset.split.context import Context, context, digest
from lambdas.domain.dataset.split.encoded_prompt import EncodedPrompt, Texts, encode_prompt
from lambdas.domain.dataset.tokens import estimate, estimate_encoded
from lambdas.domain.dataset.told_answers import ToldAnswers

if TYPE_CHECKING:
    from lambdas.domain.dataset.split.signature import Signature

# More than any base model's sets have together; facts of further records are not kept, and the set is refused.
MAX_RECORDS = 25_000
# An answer this many times as long as its prompt, and at least so long, is rather a document than an answer.
_FAR_LONGER, _LONG_CHARACTERS = 4, 2_000


class RecordFacts:
    """About 2.4 KB a record: a signature of up to 2 KB, digests, hashes and lengths, in the order of the file.

    Hashes of 64 bits stand for prompts and answers: among 25,000 records, two different ones are equal with a
    probability below 1 in 10 billion.
    """

    def __init__(self) -> None:
        self.lines: array[int] = array("I")
        self.prompts: array[int] = array("q")
        self.answer_hashes: array[int] = array("q")
        self.prompt_characters: array[int] = array("I")
        self.answer_characters: array[int] = array("I")
        self.prompt_tokens: array[int] = array("I")
        self.answer_tokens: array[int] = array("I")
        self.answers = Answers()
        self.told = ToldAnswers()
        self.signatures: list[Signature] = []
        self.words: array[int] = array("q")
        self.contexts: list[Context] = []
        self.groups: list[bytes | None] = []
        self.keys: list[bytes] = []
        self._first_of_prompt: dict[int, int] = {}
        self._first_of_words: dict[int, int] = {}

    def add(
        self, record: Record, number: int, file: str, report: DatasetReport, encoded: EncodedPrompt | None = None
    ) -> None:
        """Keeps a record's hashes and lengths; reports a prompt that stood before, and an answer far too long."""
        system, turns, reasoning = record
        answer_text = turns[-1]
        asked = turns[0] if len(turns) == 2 else "\n".join(turns[:-1])
        asked_characters, answer_characters = len(asked), len(answer_text)
        if answer_characters > _LONG_CHARACTERS and answer_characters > _FAR_LONGER * asked_characters:
            message = f"The answer has {counted(answer_characters, 'character')}, its prompt {asked_characters}."
            report.add("long-answer", file, message, line=number)
        lines = self.lines
        index = len(lines)
        if index >= MAX_RECORDS:
            return
        prompt, answer = hash((system, asked)), hash(answer_text)
        first = self._first_of_prompt.setdefault(prompt, index)
        if first != index:
            same = self.answer_hashes[first] == answer
            rule = "duplicate-record" if same else "contradictory-answer"
            ending = "with the same answer" if same else "with another answer"
            report.add(rule, file, f"The same prompt is in line {lines[first]}, {ending}.", line=number)
        lines.append(number)
        self.prompts.append(prompt)
        self.answer_hashes.append(answer)
        self.prompt_characters.append(asked_characters + len(system or ""))
        self.answer_characters.append(answer_characters)
        self.prompt_tokens.append(
            estimate_encoded(encoded.before, encoded.message, separators=1)
            if encoded
            else estimate(system or "", asked)
        )
        thought = filter(None, reasoning) if reasoning else ()
        self.answer_tokens.append(estimate(answer_text, *thought))
        self.answers.add(answer_text, number)

    def add_signed(
        self, record: Record, group: str | None, number: int, file: str, report: DatasetReport
    ) -> Texts | None:
        """Keeps of a record also what grouping needs; gives the texts that are to be signed for that.

        `group` is the name that the record itself gives its group, if it has one. None where the set has too many
        records.
        """
        if len(self.lines) >= MAX_RECORDS:
            self.add(record, number, file, report)
            return None
        encoded = encode_prompt(record)
        self.add(record, number, file, report, encoded)
        turns = record.turns
        self.told.add("" if self.told.is_sampled else (encoded.before + encoded.message).decode(), turns[-1])
        self.contexts.append(context(record, encoded.message if len(turns) == 2 else None))
        self.groups.append(None if group is None else digest(group.encode()))
        self.keys.append(digest(encoded.before, encoded.message))
        return encoded.texts

    def note_signatures(self, signatures: "list[Signature]", file: str, report: DatasetReport) -> None:
        """Keeps the signatures of all records; reports those that have another's words."""
        self.signatures = signatures[: len(self.lines)]
        for index, signed in enumerate(self.signatures):
            first = self._first_of_words.setdefault(signed.words, index)
            if first != index and self._first_of_prompt[self.prompts[index]] == index:
                message = f"The prompt has the same words as that in line {self.lines[first]}."
                report.add("near-duplicate", file, message, line=self.lines[index])
            self.words.append(signed.words)
