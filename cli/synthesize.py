"""`fine-tune synthesize`: a teacher writes new training records about a data set's documents, on this machine."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cli.curation import ListAsks, ReplyFile, cost_usd, read_set, write_json
from cli.documents import documents_below
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.reread import Reread
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.curation.asks import Replies
from lambdas.domain.curation.documents import SourceDocument, canonical
from lambdas.domain.curation.given_documents import DocumentCounts, GivenDocument, take_all
from lambdas.domain.curation.new_records import make_records
from lambdas.domain.curation.prompts import prompt_checksums
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.sources import Sources, given_sources, training_sources
from lambdas.domain.curation.synthesis import (
    SynthesisFunnel,
    count_funnel,
    replies_about_document,
    synthesis_asks,
    too_little,
)
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


def sources_of(folder: Path, documents: Path | None, choices: Choices) -> Sources:
    """The documents of the folder's training set, or the text files of another folder."""
    training = Reread(lambda: read_set(folder, "train"))
    if documents is None:
        return training_sources(training)
    lines = list[bytes]()
    taken = take_all("", documents_below(documents, ""), lines.append)
    given = [GivenDocument.model_validate_json(line) for line in lines]
    return given_sources(
        given,
        training,
        _records(folder, *HELD_OUT),
        _records(folder, "train"),
        choices.model,
        counts=taken.counts,
        context_tag=choices.settings.context_tag,
    )


def _records(folder: Path, *names: SetName) -> Iterable[Record]:
    """The records of some of the folder's sets."""
    return Reread(lambda: (canonical(each) for name in names for each in read_set(folder, name)))


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

    Where too little is kept, train.jsonl stays as it is. Raises LeakFound.
    """
    documents = sources.documents
    lines, records = make_records(
        documents,
        synthesis,
        kept.replies,
        choices.model,
        held_out=_records(folder, *HELD_OUT),
        original=_records(folder, "train"),
    )
    funnel = count_funnel(lines)
    stopped = too_little(funnel, documents)
    with (folder / "synthesis.jsonl").open("wb") as file:
        file.writelines(line.model_dump_json().encode() + b"\n" for line in lines)
    if stopped is None:
        with (folder / "train.jsonl").open("ab") as file:
            file.writelines(record + b"\n" for record in records)
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
