"""`fine-tune synthesize`: a teacher writes new training records about a data set's documents, on this machine."""

from collections.abc import Sequence
from pathlib import Path

from cli.curation import ListAsks, ReplyFile, canonical, cost_usd, read_set, write_json
from cli.documents import documents_below
from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.curation.asks import Replies
from lambdas.domain.curation.documents import SourceDocument
from lambdas.domain.curation.given_documents import DocumentCounts, GivenDocument, take_all
from lambdas.domain.curation.leaks import find_leaks
from lambdas.domain.curation.prompts import prompt_checksums
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.sources import Sources, given_sources, training_sources
from lambdas.domain.curation.synthesis import (
    SynthesisFunnel,
    WrittenPair,
    count_funnel,
    follow,
    keep,
    record_of,
    replies_about_document,
    synthesis_asks,
    too_little,
)
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.settings.run_settings import Choices

HELD_OUT: tuple[SetName, ...] = ("validation", "test")
# So many documents show what the others cost.
PILOT_DOCUMENTS = 20


class SynthesisReport(Fact):
    """report.json of `fine-tune synthesize`; `stopped` says why nothing was added, null where something was.

    `documents` are those that were written about, `left_out` all others.
    """

    synthesis: SynthesisFunnel
    documents: int
    left_out: DocumentCounts
    stopped: str | None
    settings: SynthesisSettings
    prompts: dict[str, str]
    cost_usd: float | None


class LeakError(Exception):
    """New records still tell something of held-out ones after those that did were removed: nothing is written."""


def sources_of(folder: Path, documents: Path | None, choices: Choices) -> Sources:
    """The documents of the folder's training set, or the text files of another folder."""
    if documents is None:
        return training_sources(read_set(folder, "train"))
    lines = list[bytes]()
    taken = take_all("", documents_below(documents, ""), lines.append)
    given = [GivenDocument.model_validate_json(line) for line in lines]
    training = list(read_set(folder, "train"))
    return given_sources(
        given,
        training,
        _held_out(folder),
        [canonical(each) for each in training],
        choices.model,
        counts=taken.counts,
        context_tag=choices.settings.context_tag,
    )


def _held_out(folder: Path) -> list[Record]:
    """The records of the folder's validation and test sets."""
    return [canonical(each) for name in HELD_OUT for each in read_set(folder, name)]


def asks_about(documents: Sequence[SourceDocument], synthesis: SynthesisSettings) -> ListAsks:
    """What teacher and checker must still be asked about these documents, by the replies so far."""
    return lambda replies: synthesis_asks(documents, synthesis, replies)


def spent_usd(
    documents: Sequence[SourceDocument], synthesis: SynthesisSettings, replies: Replies, prices: Prices
) -> float | None:
    """What was spent on these documents; None without a price."""
    about = (reply for each in documents for reply in replies_about_document(each, synthesis, replies))
    return cost_usd(about, prices)


def rest_usd(pilot: float | None, documents: int) -> float | None:
    """About what the documents behind the pilot cost, by the pilot."""
    return None if pilot is None else pilot * (documents - PILOT_DOCUMENTS) / PILOT_DOCUMENTS


def save(
    folder: Path,
    sources: Sources,
    synthesis: SynthesisSettings,
    kept: ReplyFile,
    prices: Prices,
    choices: Choices,
) -> SynthesisReport:
    """Adds what is kept to the folder's train.jsonl, and writes synthesis.jsonl and report.json.

    Where too little is kept, train.jsonl stays as it is. Raises LeakError.
    """
    documents = sources.documents
    lines, records = _without_leaks(folder, documents, synthesis, kept.replies)
    funnel = count_funnel(lines)
    stopped = too_little(funnel, documents)
    with (folder / "synthesis.jsonl").open("wb") as file:
        file.writelines(line.model_dump_json().encode() + b"\n" for line in lines)
    if stopped is None:
        with (folder / "train.jsonl").open("ab") as file:
            file.writelines(formats.dump(record, choices.model.record_format) + b"\n" for record in records)
    report = SynthesisReport(
        synthesis=funnel,
        documents=len(documents),
        left_out=sources.counts,
        stopped=stopped,
        settings=synthesis,
        prompts=prompt_checksums(),
        cost_usd=spent_usd(documents, synthesis, kept.replies, prices),
    )
    write_json(folder / "report.json", report.dump())
    return report


def _without_leaks(
    folder: Path, documents: Sequence[SourceDocument], synthesis: SynthesisSettings, replies: Replies
) -> tuple[list[WrittenPair], list[Record]]:
    """All pairs with how far they came, and the records of those that are kept."""
    lines, made = list[WrittenPair](), dict[int, Record]()
    for document in documents:
        for line in follow(document, synthesis, replies):
            if line.reached == "answerable":
                made[len(lines)] = record_of(document, line.pair)
            lines.append(line)
    held_out = _held_out(folder)
    original = [canonical(each) for each in read_set(folder, "train")]
    places = list(made)
    leaking = {places[each] for each in find_leaks([made[place] for place in places], held_out, original)}
    kept = [place for place in places if place not in leaking]
    if find_leaks([made[place] for place in kept], held_out, original):
        raise LeakError("New records resemble validation or test records although those that did were removed.")
    for place in places:
        lines[place] = keep(lines[place], leaks=place in leaking)
    return lines, [made[place] for place in kept]
