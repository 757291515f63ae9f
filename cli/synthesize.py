"""`fine-tune synthesize`: a teacher writes new training records about a data set's documents, on this machine."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cli.confirmation import confirm
from cli.curation import ListAsks, ReplyFile, amount, ask_all, read_set, write_json
from cli.documents import documents_below
from cli.synthesis_cost import expected_usd, rest_usd, spent_usd
from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.reread import Reread
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.curation.documents import SourceDocument, canonical
from lambdas.domain.curation.given_documents import DocumentCounts, GivenDocument, take_all
from lambdas.domain.curation.new_records import make_records
from lambdas.domain.curation.prompts import prompt_checksums
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.sources import Sources, given_sources, training_sources
from lambdas.domain.curation.synthesis import (
    SynthesisFunnel,
    count_funnel,
    find_trouble,
    synthesis_asks,
    too_little,
)
from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.settings.run_settings import Choices
from local.terminal import Console

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
        return training_sources(training, _records(folder, *HELD_OUT))
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


def write_pairs_about(
    documents: Sequence[SourceDocument],
    synthesis: SynthesisSettings,
    kept: ReplyFile,
    prices: Prices,
    runtime: BedrockRuntime,
    console: Console,
    *,
    yes: bool,
) -> None:
    """Asks teacher and checker about some documents, then about all, and before each tells what it costs.

    Raises NotConfirmedError and CutOffError.
    """
    pilot, rest = documents[:PILOT_DOCUMENTS], documents[PILOT_DOCUMENTS:]
    if _is_left(pilot, synthesis, kept):
        expected = amount(expected_usd(pilot, synthesis, kept.replies, prices))
        of_these = f"The first {PILOT_DOCUMENTS} are a pilot, which costs" if rest else "It costs"
        console.write_line(f"{counted(len(documents), 'document')} to write about. {of_these} about {expected}.")
        confirm("Ask the models?", yes=yes, undone="No model was asked.")
        ask_all(_asks_about(pilot, synthesis), kept, runtime, console, "Writing")
    if _is_left(rest, synthesis, kept):
        spent = amount(spent_usd(pilot, synthesis, kept.replies, prices))
        left = amount(rest_usd(pilot, rest, synthesis, kept.replies, prices))
        console.write_line(
            f"The first {PILOT_DOCUMENTS} of {counted(len(documents), 'document')} cost {spent}; what is left of all "
            f"others together will cost about {left}."
        )
        confirm("Go on?", yes=yes, undone=f"The pilot's replies are kept in {kept.path}.")
        ask_all(_asks_about(rest, synthesis), kept, runtime, console, "Writing")


def _is_left(documents: Sequence[SourceDocument], synthesis: SynthesisSettings, kept: ReplyFile) -> bool:
    return any(synthesis_asks(documents, synthesis, kept.replies))


def _asks_about(documents: Sequence[SourceDocument], synthesis: SynthesisSettings) -> ListAsks:
    """What teacher and checker must still be asked about these documents, by the replies so far."""
    return lambda replies: synthesis_asks(documents, synthesis, replies)


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
    stopped = too_little(funnel, documents, find_trouble(lines))
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
