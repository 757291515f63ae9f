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
from threading import Thread
from types import TracebackType
from typing import IO, Self

from lambdas.domain.dataset.split.encoded_prompt import Texts
from lambdas.domain.dataset.split.signature import Signature, sign_texts

# What is signed before a second process starts: about as long as its start takes.
_FIRST_BYTES = 4_000_000
_BATCH_BYTES = 65_536


class Signing:
    """A context, within which records are added; `finish` gives their signatures."""

    def __init__(self) -> None:
        self._signed: list[Signature] = []
        self._batch: list[Texts] = []
        self._batch_bytes = self._bytes = 0
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
            if self._batch_bytes >= _BATCH_BYTES:
                self._sign()

    def finish(self) -> list[Signature]:
        """All signatures, in the order of the records."""
        self._sign()
        return self._signed + (self._helper.finish() if self._helper else [])

    def _sign(self) -> None:
        batch, self._batch = self._batch, []
        self._bytes += self._batch_bytes
        self._batch_bytes = 0
        if not self._helper and self._bytes > _FIRST_BYTES and _processors() > 1 and sys.executable:
            self._helper = _Helper()
        if self._helper and batch:
            self._helper.add(batch)
        elif batch:
            self._signed += sign_texts(batch)


class _Helper:
    """The second process, and a thread that collects what it has signed: neither side waits for ever for the other."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603 - this module
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._signed: list[Signature] = []
        self._added = 0
        self._collecting = Thread(target=self._collect, daemon=True)
        self._collecting.start()

    def add(self, batch: Sequence[Texts]) -> None:
        """Hands texts over."""
        self._added += len(batch)
        if self._process.stdin:
            # A process that ended early is told at the end.
            with suppress(BrokenPipeError):
                marshal.dump([tuple(each) for each in batch], self._process.stdin)

    def finish(self) -> list[Signature]:
        """The signatures of all texts that were handed over."""
        if self._process.stdin:
            _close(self._process.stdin)
        self._collecting.join()
        if self._process.wait() or len(self._signed) != self._added:
            raise RuntimeError(
                f"The process that signs records ended early, with {self._process.returncode}: try again."
            )
        return self._signed

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
            self._signed += [Signature(*each) for each in signed]


def _close(pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # what was not written yet is wanted by nobody
        pipe.close()


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
        marshal.dump([tuple(each) for each in sign_texts([Texts(*each) for each in batch])], signed)
        signed.flush()


if __name__ == "__main__":
    main()
