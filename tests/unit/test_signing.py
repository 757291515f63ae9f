"""Signing in a second process: the same signatures in the same order, and nothing is left running."""

import subprocess
from collections.abc import Iterator
from itertools import cycle

import pytest

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split import signing
from lambdas.domain.dataset.split.encoded_prompt import Texts, encode_prompt
from lambdas.domain.dataset.split.signature import Signature, sign_all, sign_texts
from lambdas.domain.dataset.split.signing import Signing

RECORDS = [Record("System.", [f"What of number {number}? {'word ' * number}", "This."]) for number in range(300)]
TEXTS = [encode_prompt(record).texts for record in RECORDS]


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that were started; one is started early."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr("subprocess.Popen", start)
    monkeypatch.setattr(signing, "_FIRST_BYTES", 20_000)
    monkeypatch.setattr(signing, "BATCH_BYTES", 10_000)
    yield started
    assert all(process.poll() is not None for process in started)


def test_a_second_process_signs_as_the_first_one_does(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first records are signed before it is started."""
    monkeypatch.setattr(signing, "_processors", lambda: 2)
    with Signing() as under_test:
        for start in range(0, len(RECORDS), 7):
            under_test.add(TEXTS[start : start + 7])
        assert under_test.finish() == sign_all(RECORDS)
    assert len(processes) == 1


def test_one_processor_signs_in_its_own_process(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process would only wait for the first one."""
    monkeypatch.setattr(signing, "_processors", lambda: 1)
    with Signing() as under_test:
        under_test.add(TEXTS)
        assert under_test.finish() == sign_all(RECORDS)
    assert processes == []


def test_a_file_that_cannot_be_read_on_leaves_no_process(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is half signed is wanted by nobody."""
    monkeypatch.setattr(signing, "_processors", lambda: 2)
    with pytest.raises(ValueError, match="unreadable"), Signing() as under_test:
        under_test.add(TEXTS)
        raise ValueError("unreadable")
    assert len(processes) == 1


def test_a_process_that_ends_early_is_told(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signatures that are missing must not pass for those of other records."""
    monkeypatch.setattr(signing, "_processors", lambda: 2)
    with Signing() as under_test:
        under_test.add(TEXTS)
        processes[0].kill()
        with pytest.raises(RuntimeError, match="ended early"):
            under_test.finish()


def test_the_first_process_signs_what_the_second_has_no_time_for(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are signed here and there by turns; the signatures stay in the order of the records."""
    here = list[int]()

    def sign_here(texts: list[Texts]) -> list[Signature]:
        here.append(len(texts))
        return sign_texts(texts)

    monkeypatch.setattr(signing, "_processors", lambda: 2)
    monkeypatch.setattr(signing, "sign_texts", sign_here)
    turns = cycle([0, 9])
    monkeypatch.setattr(signing._Helper, "waiting", property(lambda _: next(turns)))
    with Signing() as under_test:
        under_test.add(TEXTS)
        monkeypatch.setattr(signing._Helper, "waiting", 0)
        assert under_test.finish() == sign_all(RECORDS)
    assert len(processes) == 1
    assert 0 < sum(here) < len(TEXTS)
