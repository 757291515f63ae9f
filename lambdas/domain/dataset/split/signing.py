"""Signs the records of a file in the order in which they are read, beside the checks where there is a second processor.

A thread would not do: between numpy's operations it would wait for the interpreter's lock, which the checks hold. So a
second process signs (`python -m` this module), once a file has proved large enough to be worth its start.
"""

import marshal
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Self

from lambdas.domain.dataset.split.encoded_prompt import Texts
from lambdas.domain.dataset.split.signature import BATCH_BYTES, BATCH_RECORDS, Signature, sign_texts

# What is signed before a second process starts: about as long as its start takes.
_FIRST_BYTES = 4_000_000
# Batches that are at the second process, one of them at work; beyond these the first one signs itself.
_MOST_WAITING = 3
_PIPE_BYTES = 1 << 20
# Of glibc: the memory of one batch is kept for the next, rather than given back and asked for again page by page.
_KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class Signing:
    """A context, within which records are added; `finish` gives their signatures."""

    def __init__(self) -> None:
        # By the number of the batch.
        self._signed: dict[int, list[Signature]] = {}
        self._batch: list[Texts] = []
        self._batches = self._batch_bytes = self._bytes = 0
        self._helper: _Helper | None = None

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves no process behind."""
        if self._helper:
            self._helper.end()

    def add(self, texts: Sequence[Texts]) -> None:
        """Signs the texts of further records."""
        for each in texts:
            self._batch.append(each)
            self._batch_bytes += len(each.before) + len(each.message) + len(each.answer)
            if self._batch_bytes >= BATCH_BYTES or len(self._batch) == BATCH_RECORDS:
                self._sign()

    def finish(self) -> list[Signature]:
        """All signatures, in the order of the records."""
        self._sign()
        if self._helper:
            self._signed.update(self._helper.finish())
        return [signature for number in range(self._batches) for signature in self._signed[number]]

    def _sign(self) -> None:
        number, batch, self._batch = self._batches, self._batch, []
        self._batches += 1
        self._bytes += self._batch_bytes
        self._batch_bytes = 0
        if not self._helper and self._bytes > _FIRST_BYTES and _processors() > 1 and sys.executable:
            self._helper = _Helper()
        # Where checking is faster than signing, the first process takes its share of this, too.
        if self._helper and self._helper.waiting < _MOST_WAITING:
            self._helper.add(number, batch)
        else:
            self._signed[number] = sign_texts(batch) if batch else []


class _Helper:
    """The second process, and a thread that collects what it has signed: neither side waits for ever for the other."""

    def __init__(self) -> None:
        environment = {**os.environ, **_KEEPS_MEMORY, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603 - this module
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pipesize=_pipe_bytes(),
        )
        self._given: list[int] = []
        self._signed: list[list[Signature]] = []
        self._collecting = Thread(target=self._collect, daemon=True)
        self._collecting.start()

    @property
    def waiting(self) -> int:
        """How many batches it was given that are not signed yet."""
        return len(self._given) - len(self._signed)

    def add(self, number: int, batch: Sequence[Texts]) -> None:
        """Hands the texts of a batch over."""
        self._given.append(number)
        if self._process.stdin:
            # A process that ended early is told at the end.
            with suppress(BrokenPipeError):
                marshal.dump([tuple(each) for each in batch], self._process.stdin)
                self._process.stdin.flush()

    def finish(self) -> dict[int, list[Signature]]:
        """The signatures of all batches that were handed over."""
        if self._process.stdin:
            _close(self._process.stdin)
        self._collecting.join()
        if self._process.wait() or self.waiting:
            raise RuntimeError(
                f"The process that signs records ended early, with {self._process.returncode}: try again."
            )
        return dict(zip(self._given, self._signed, strict=True))

    def end(self) -> None:
        """Ends the process if it still runs."""
        self._process.kill()
        self._process.wait()
        self._collecting.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                _close(pipe)

    def _collect(self) -> None:
        while self._process.stdout:
            try:
                signed = marshal.load(self._process.stdout)  # noqa: S302 - of our own process
            except (EOFError, ValueError):
                return
            self._signed.append([Signature(*each) for each in signed])


def _close(pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # what was not written yet is wanted by nobody
        pipe.close()


def _pipe_bytes() -> int:
    """A pipe that takes whole batches, so that nobody waits to hand one over; -1 where the system has its own."""
    try:
        return min(_PIPE_BYTES, int(Path("/proc/sys/fs/pipe-max-size").read_text()))
    except OSError:
        return -1


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Signs what comes in, batch by batch, until there is no more."""
    given, signed = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            batch = marshal.load(given)  # noqa: S302 - of the process that started this one
        except EOFError:
            return
        texts = [Texts(*each) for each in batch]
        marshal.dump([tuple(each) for each in sign_texts(texts)] if texts else [], signed)
        signed.flush()


if __name__ == "__main__":
    main()
