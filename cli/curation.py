"""What `fine-tune clean` and `fine-tune synthesize` share: the sets, the replies that are kept, and what they cost.

Replies are kept in a file beside the output folder, a line each, as soon as a model has given them: a command that was
cut off goes on where it stopped, and asks nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Event

import orjson
from pydantic import ValidationError
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.validate import NO_LIMITS, LocalFiles, Opener, choose, set_writer
from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.cost.price_file import Prices, default_prices, parse_prices
from lambdas.domain.curation.asks import Ask, Replies, StoredReply
from lambdas.domain.curation.cleaning import SetRecord
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.dataset.tokens import estimate
from lambdas.domain.evaluation.questions import Question, parse_question
from lambdas.domain.settings.run_settings import Choices
from lambdas.steps.ask_curators import reply_when_free
from lambdas.steps.data_gate import check_dataset, write_sets
from local.terminal import Console, failed

CONCURRENT_ASKS = 4
# Asks whose prompts are in memory at a time.
_BATCH = 100
# So long a busy model is asked again and again, until a person is told.
_PATIENCE_SECONDS = 300.0

ListAsks = Callable[[Replies], Iterable[Ask]]


class DataRefusedError(Exception):
    """A run would refuse the data set; the message says how to see why."""


class CutOffError(Exception):
    """A model stays busy, or cannot be asked; the message says what to do."""


class PricesRefusedError(Exception):
    """A price file cannot be used; the message says why."""


class ReplyFile:
    """The replies so far, by the ids of their asks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.replies: dict[str, StoredReply] = {}
        content = path.read_bytes() if path.exists() else b""
        for line in content.splitlines():
            # The last line of a command that was killed may be half a line: it is asked again.
            with suppress(ValidationError):
                reply = StoredReply.model_validate_json(line)
                self.replies[reply.id] = reply
        if content and not content.endswith(b"\n"):
            self._append(b"")

    def add(self, reply: StoredReply) -> None:
        """Keeps a reply, in place of an earlier one that could not be read."""
        kept = reply.after(self.replies.get(reply.id))
        self._append(kept.model_dump_json().encode())
        self.replies[kept.id] = kept

    def _append(self, line: bytes) -> None:
        # What models say may quote the data set: it is for its owner only, as the output folder is.
        self.path.touch(mode=0o600)
        with self.path.open("ab") as file:
            file.write(line + b"\n")


def cost_usd(replies: Iterable[StoredReply], prices: Prices) -> float | None:
    """What replies cost; None where the price of a model is not known."""
    total = 0.0
    for reply in replies:
        price = prices.foundation_models.get(reply.model)
        if price is None:
            return None
        total += (reply.input_tokens * price.input + reply.output_tokens * price.output) / 1_000
    return total


def beside(out: Path) -> Path:
    """The file of replies of an output folder."""
    return out.with_name(f"{out.name}.replies.jsonl")


@contextmanager
def telling_what_is_kept(out: Path) -> Iterator[None]:
    """Says after Ctrl-C what there is, and raises typer.Exit."""
    try:
        yield
    except KeyboardInterrupt:
        kept = beside(out)
        replies = (
            f" All replies so far are kept in {kept}: the same command goes on from there." if kept.exists() else ""
        )
        raise failed(f"Stopped. No data set was written.{replies}", 130) from None


def ask_all(list_asks: ListAsks, kept: ReplyFile, runtime: BedrockRuntime, console: Console, doing: str) -> None:
    """Asks until nothing is left to ask; `list_asks` says what, by the replies so far. Raises CutOffError."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress, ThreadPoolExecutor(CONCURRENT_ASKS) as pool:
        task = progress.add_task(doing, total=None)
        while _any_asked(list_asks(kept.replies), kept, runtime, pool, lambda: progress.advance(task)):
            pass


def _any_asked(
    asks: Iterable[Ask], kept: ReplyFile, runtime: BedrockRuntime, pool: Executor, advance: Callable[[], None]
) -> bool:
    """Asks what there is to ask, and keeps the replies; False where there was nothing. Raises CutOffError."""
    left, asked_any, stopped = iter(asks), False, Event()
    # Equal records are one ask.
    while batch := {each.id: each for each in islice(left, _BATCH)}:
        asked_any = True
        futures = [pool.submit(_ask_when_free, each, runtime, kept.path, stopped) for each in batch.values()]
        added = set[Future[StoredReply]]()
        try:
            for future in as_completed(futures):
                kept.add(future.result())
                added.add(future)
                advance()
        finally:
            if len(added) < len(futures):
                stopped.set()
            for each in futures:
                each.cancel()
            # What is being asked is paid for.
            for each in wait(futures).done - added:
                if not each.cancelled() and each.exception() is None:
                    kept.add(each.result())
    return asked_any


def _ask_when_free(asked: Ask, runtime: BedrockRuntime, path: Path, stopped: Event) -> StoredReply:
    go_on = f"All replies so far are kept in {path}: repeat the command later, and it goes on from there."

    def sleep(seconds: float) -> None:
        if stopped.wait(seconds):
            raise CutOffError(f"Another question was cut off. {go_on}")

    try:
        return reply_when_free(asked, runtime, patience_seconds=_PATIENCE_SECONDS, sleep=sleep)
    except Refused as refusal:
        raise CutOffError(
            f"{asked.model} cannot be asked: {refusal.code}: {refusal.message} Check its id, the Region and the "
            "account's access to it, and repeat the command."
        ) from refusal
    except ServiceBusy as busy:
        raise CutOffError(f"{asked.model} stays busy: {busy} {go_on}") from busy


def expected_usd(asks: Iterable[Ask], output_tokens: int, prices: Prices) -> tuple[int, float | None]:
    """How many asks there are, and about what they cost at so many tokens a reply; None without a price."""
    number, total = 0, 0.0
    known = True
    for number, asked in enumerate(asks, start=1):  # noqa: B007 - the last one
        price = prices.foundation_models.get(asked.model)
        known = known and price is not None
        if price is not None:
            tokens = estimate(asked.prompt.system, asked.prompt.user)
            total += (tokens * price.input + output_tokens * price.output) / 1_000
    return number, total if known else None


def amount(usd: float | None) -> str:
    """An amount for people."""
    return "an amount that is not known, since a model has no price (--prices)" if usd is None else f"{usd:,.2f} USD"


def read_prices(path: Path | None) -> Prices:
    """The prices in a file, or the shipped ones. Raises PricesRefusedError."""
    if path is None:
        return default_prices()
    found = parse_prices(path.read_bytes())
    if not isinstance(found, Prices):
        raise PricesRefusedError(f"{path}: {' '.join(each.message for each in found)}")
    return found


def split_sets(files: Mapping[SetName, Path], settings: Path | None, folder: Path, opener: Opener) -> Choices:
    """Checks and splits a data set as a run does, writes its sets to the folder, and returns what run.json chooses.

    Raises DataRefusedError.
    """
    choices, found = choose(settings, limits=NO_LIMITS)
    local = LocalFiles(files, opener)
    checked = check_dataset(local, choices, found, most_jobs=1)
    if checked.prepared is None:
        raise DataRefusedError("A run would refuse the data set: `fine-tune validate` with it says why.")
    write_sets(local, checked, checked.prepared, set_writer(folder))
    return choices


def read_set(folder: Path, name: SetName) -> Iterator[Question]:
    """The records of a set, one at a time; none where there is no such set."""
    path = folder / f"{name}.jsonl"
    if path.exists():
        with path.open("rb") as file:
            for index, line in enumerate(file):
                yield parse_question(index, line)


def read_all(folder: Path) -> Iterator[SetRecord]:
    """The records of all sets, those of the training set first."""
    return (SetRecord(name, question) for name in SET_NAMES for question in read_set(folder, name))


def write_json(path: Path, document: object) -> None:
    """Writes a document for people and machines."""
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
