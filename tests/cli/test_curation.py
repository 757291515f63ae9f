"""`fine-tune clean` and `fine-tune synthesize`: what is asked, kept, added and removed, and how they go on."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lambdas.domain.cost.price_file import default_prices
from tests.cli.account_script import ScriptedAccount, refusal
from tests.cli.conftest import FineTune
from tests.cli.scripted_models import Models

JUDGE, OTHER = "amazon.nova-pro-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TEACHER = "us.anthropic.claude-sonnet-4-6"
FRUITS = ("apples", "pears", "plums", "cherries", "figs", "grapes")


def shop(number: int) -> str:
    words = (f"{chr(97 + number % 26)}{chr(97 + number // 26)}{part}" for part in ("brook", "dale", "ford", "wick"))
    return f"{' '.join(words)} sold " + ", ".join(
        f"{number * 37 + at * 11 + 5} {each}" for at, each in enumerate(FRUITS)
    )


def asked_of(number: int, fruit: str) -> str:
    return f"<doc>\n{shop(number)}\n</doc>\n\nHow many {fruit} were sold?"


def answer(prompt: str, fruit: str) -> str:
    found = re.search(rf"(\d+) {fruit}", prompt)
    assert found
    return found[1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """60 shops, a question about each; the answers of the first ten are wrong."""
    path = tmp_path / "shops.jsonl"
    with path.open("w") as file:
        for number in range(60):
            prompt = asked_of(number, "apples")
            completion = "none" if number < 10 else answer(prompt, "apples")
            messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
            file.write(json.dumps({"system": "Reply with the figure alone.", "messages": messages}) + "\n")
    return path


@pytest.fixture
def models(scripted: ScriptedAccount) -> Models:
    return Models(scripted)


def honest_judge(_model: str, _system: str, user: str) -> str:
    """Calls an answer correct that the document has."""
    given = re.search(r"<answer-\w+>\s*(\S+)\s*</answer", user)
    assert given
    verdict = "correct" if f" {given[1]} apples" in user else "incorrect"
    return f"<reason>I looked.</reason><judgement>{verdict}</judgement>"


def honest(_model: str, system: str, user: str) -> str:
    """A teacher that asks about three fruits, and a checker that reads the document."""
    if "You write training records" in system:
        pairs = [{"question": f"How many {fruit} were sold?", "answer": answer(user, fruit)} for fruit in FRUITS[1:4]]
        return "\n".join(json.dumps(pair) for pair in pairs)
    fruit = re.search(r"How many (\w+)", user.rpartition("<question-")[2])
    assert fruit
    if "You answer a question" in system:
        return f"<answer>{answer(user, fruit[1])}</answer>"
    return "<reason>I looked.</reason><judgement>correct</judgement>"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_clean_removes_what_both_judges_call_incorrect_from_training_alone(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """Validation and test stay as they are; each removed record is listed with what was said of it."""
    models.say, out = honest_judge, tmp_path / "out"
    words = ("clean", data, "--judge", JUDGE, "--judge", OTHER, "--mode", "remove", "--out", out)
    ran = fine_tune(*words, "--yes")
    assert ran.exit_code == 0, ran.output
    report, judged = json.loads((out / "report.json").read_text()), lines(out / "cleaning.jsonl")
    wrong = [each for each in judged if each["verdict"] == "incorrect"]
    assert len(wrong) == 10
    assert report["cleaning"]["removed"] == sum(each["set"] == "train" for each in wrong)
    assert len(lines(out / "train.jsonl")) == report["cleaning"]["judged"] - report["cleaning"]["removed"]
    assert not any(each["messages"][1]["content"][0]["text"] == "none" for each in lines(out / "train.jsonl"))
    assert wrong[0]["checks"][0]["reason"] == "I looked."
    assert len(models.asked) == 120
    assert (tmp_path / "out.replies.jsonl").stat().st_mode & 0o077 == 0
    # A second time nothing is asked: the replies are kept.
    assert fine_tune(*words, "--yes").exit_code == 0
    assert len(models.asked) == 120


def test_clean_that_would_remove_more_than_a_fifth_asks_first_and_removes_nothing(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """A judge that errs must not empty the training set; what was asked is not lost."""
    models.say, out = (lambda *_: "incorrect"), tmp_path / "out"
    words = ("clean", data, "--judge", JUDGE, "--mode", "remove", "--out", out)
    ran = fine_tune(*words)
    assert ran.exit_code == 1
    assert "--yes" in ran.output
    assert not models.asked
    assert fine_tune(*words[:5], "report", "--out", out, "--yes").exit_code == 0
    assert len(lines(out / "train.jsonl")) + len(lines(out / "test.jsonl")) <= 60


def test_command_that_was_cut_off_goes_on_where_it_stopped(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked twice, whatever ended the command; half a line of a killed one is asked again."""
    monkeypatch.setattr("cli.curation._PATIENCE_SECONDS", 0.0)
    out = tmp_path / "out"

    def throttle(model: str, system: str, user: str) -> str:
        if len(models.asked) > 20:
            raise refusal("ThrottlingException")
        return honest_judge(model, system, user)

    models.say = throttle
    words = ("clean", data, "--judge", JUDGE, "--out", out, "--yes")
    ran = fine_tune(*words)
    assert ran.exit_code == 1
    assert "goes on from there" in " ".join(ran.output.split())
    assert not (out / "report.json").exists()
    kept = tmp_path / "out.replies.jsonl"
    before = len(lines(kept))
    with kept.open("ab") as file:
        file.write(b'{"id": "clean/')
    models.asked.clear()
    models.say = honest_judge
    assert fine_tune(*words).exit_code == 0
    assert 0 < len(models.asked) == 60 - before < 60


def test_model_that_cannot_be_asked_ends_the_command_and_is_asked_again_later(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """An access that is missing today must not count as an answer for ever."""
    out = tmp_path / "out"

    def refuse(*_: str) -> str:
        raise refusal("AccessDeniedException")

    models.say = refuse
    words = ("clean", data, "--judge", JUDGE, "--out", out, "--yes")
    ran = fine_tune(*words)
    assert ran.exit_code == 1
    assert f"{JUDGE} cannot be asked" in " ".join(ran.output.split())
    # What four workers had begun, not one call for each record.
    assert len(models.asked) < 20
    models.say = honest_judge
    assert fine_tune(*words).exit_code == 0


def test_replies_that_were_given_beside_a_failing_ask_are_kept(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are paid for."""
    monkeypatch.setattr("cli.curation._PATIENCE_SECONDS", 0.0)
    given: list[str] = []

    def fail_once(model: str, system: str, user: str) -> str:
        if len(models.asked) == 2:
            raise refusal("ThrottlingException")
        given.append(user)
        return honest_judge(model, system, user)

    models.say = fail_once
    assert fine_tune("clean", data, "--judge", JUDGE, "--out", tmp_path / "out", "--yes").exit_code == 1
    assert given
    assert len(lines(tmp_path / "out.replies.jsonl")) == len(given)


def test_prices_of_a_file_price_the_questions(fine_tune: FineTune, models: Models, data: Path, tmp_path: Path) -> None:
    """What the shipped prices lack, a file of `fine-tune prices` has; one that is no price file is refused."""
    models.say, out, file = honest_judge, tmp_path / "out", tmp_path / "prices.json"
    document = json.loads(default_prices().model_dump_json())
    document["foundation_models"]["some.model"] = {"input": 1.0, "output": 0.0}
    file.write_text(json.dumps(document))
    words = ("clean", data, "--judge", "some.model", "--out", out, "--yes")
    assert "not known" in " ".join(fine_tune(*words).output.split())
    assert fine_tune(*words, "--prices", file).exit_code == 0
    # 60 questions of 1,000 tokens.
    assert json.loads((out / "report.json").read_text())["cost_usd"] == pytest.approx(60.0)
    file.write_text("{}")
    assert fine_tune(*words, "--prices", file).exit_code == 2


def test_synthesize_adds_checked_records_in_the_form_of_the_others(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """What is added can be trained on as it is, and is about training documents alone."""
    models.say, out = honest, tmp_path / "out"
    ran = fine_tune(
        "synthesize", data, "--teacher", TEACHER, "--checker", JUDGE, "--accept-terms", "--yes", "--out", out
    )
    assert ran.exit_code == 0, ran.output
    assert "The first 20 of" in ran.output
    report, trained = json.loads((out / "report.json").read_text()), lines(out / "train.jsonl")
    funnel, documents = report["synthesis"], report["documents"]
    assert funnel == dict.fromkeys(("asked", "parsed", "new", "grounded", "answerable", "kept"), 3 * documents)
    assert len(trained) == 4 * documents
    assert trained[-1]["system"] == trained[0]["system"]
    assert trained[-1]["messages"][0]["content"][0]["text"].endswith("</doc>\n\nHow many cherries were sold?")
    held_out = (out / "validation.jsonl").read_text() + (out / "test.jsonl").read_text()
    texts = {shop(number) for number in range(60) if f"{shop(number)}\\n" in held_out}
    assert texts
    assert not any(text in (out / "train.jsonl").read_text() for text in texts)
    assert json.loads((out / "report.json").read_text())["cost_usd"] is not None


def test_synthesize_writes_about_the_documents_of_a_folder(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """In the form of the training records; a document of a held-out record is left out before anything is asked."""
    models.say, out, papers = honest, tmp_path / "out", tmp_path / "papers"
    papers.mkdir()
    for number in (*range(60), 77, 88):
        (papers / f"{number}.md").write_text(shop(number))
    (papers / "empty.txt").write_text("")
    words = ("synthesize", data, "--teacher", TEACHER, "--checker", JUDGE, "--accept-terms", "--yes")
    ran = fine_tune(*words, "--documents", papers, "--out", out)
    assert ran.exit_code == 0, ran.output
    report, trained = json.loads((out / "report.json").read_text()), lines(out / "train.jsonl")
    held_out = len(lines(out / "validation.jsonl")) + len(lines(out / "test.jsonl"))
    assert report["documents"] == 62 - held_out
    assert (report["left_out"]["held_out"], report["left_out"]["empty"]) == (held_out, 1)
    assert f"{held_out} about validation or test records" in " ".join(ran.output.split())
    [made] = [each for each in trained if shop(88) in str(each) and "cherries were" in str(each)]
    assert made["system"] == trained[0]["system"]
    assert made["messages"][0]["content"][0]["text"] == asked_of(88, "cherries")


def test_synthesize_adds_nothing_where_the_checker_finds_too_little(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """A yield below a half means that something is wrong with documents, teacher or checker."""
    out = tmp_path / "out"
    models.say = lambda model, system, user: "incorrect" if model == JUDGE else honest(model, system, user)
    words = ("synthesize", data, "--teacher", TEACHER, "--checker", JUDGE, "--accept-terms", "--yes", "--out", out)
    ran = fine_tune(*words)
    assert ran.exit_code == 1
    assert "grounded" in ran.output
    assert len(lines(out / "train.jsonl")) == json.loads((out / "report.json").read_text())["documents"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--teacher", TEACHER, "--checker", OTHER, "--accept-terms"), "family"),
        (("--teacher", TEACHER, "--checker", JUDGE), "--accept-terms"),
    ],
)
def test_wrong_use_asks_no_model(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    """What a person must decide is decided before anything is paid."""
    ran = fine_tune("synthesize", data, *words, "--out", tmp_path / "out")
    assert ran.exit_code == 2
    assert told in ran.output
    assert not models.asked


WRITING = ("--teacher", TEACHER, "--checker", JUDGE, "--accept-terms")


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.confirmation.can_answer", lambda: True)


def told(output: str, pattern: str) -> float:
    """An amount in what the command said."""
    found = re.search(pattern, " ".join(output.split()))
    assert found, output
    return float(found[1])


@pytest.mark.usefixtures("person")
def test_synthesize_asks_no_model_before_it_has_told_a_price(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """Also where the pilot is all of it."""
    models.say = honest
    few = tmp_path / "few.jsonl"
    few.write_text("".join(data.read_text().splitlines(keepends=True)[:18]))
    for file, named in ((data, "The first 20 are a pilot, which costs"), (few, "It costs")):
        ran = fine_tune("synthesize", file, *WRITING, "--out", tmp_path / "out", input="n\n")
        assert ran.exit_code == 1
        assert not models.asked
        assert 0.01 < told(ran.output, rf"documents to write about\. {named} about ([\d.]+) USD") < 0.5
        assert "No model was asked" in ran.output


@pytest.mark.usefixtures("person")
def test_pilot_prices_the_rest_and_waits_for_a_yes(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """20 documents are asked about before anybody has agreed to the price of all."""
    models.say, words = honest, ("synthesize", data, *WRITING, "--out", tmp_path / "out")
    ran = fine_tune(*words, input="y\nn\n")
    assert ran.exit_code == 1
    assert len(models.asked) == 20 * 7
    pilot = told(ran.output, r"cost ([\d.]+) USD; what is left of all others")
    rest = told(ran.output, r"others together will cost about ([\d.]+) USD")
    documents = told(ran.output, r"The first 20 of (\d+) documents")
    assert rest == pytest.approx(pilot * (documents - 20) / 20, rel=0.05)
    assert fine_tune(*words, "--yes").exit_code == 0
    # With nothing left to ask there is nothing to confirm.
    assert fine_tune(*words).exit_code == 0


@pytest.mark.usefixtures("person")
def test_documents_that_are_paid_for_are_not_priced_again(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that was cut off behind its pilot tells what is left."""
    monkeypatch.setattr("cli.curation._PATIENCE_SECONDS", 0.0)
    words = ("synthesize", data, *WRITING, "--out", tmp_path / "out")
    models.say = honest
    before = told(fine_tune(*words, input="y\nn\n").output, r"others together will cost about ([\d.]+) USD")

    def throttle(model: str, system: str, user: str) -> str:
        if len(models.asked) > 200:
            raise refusal("ThrottlingException")
        return honest(model, system, user)

    models.say = throttle
    assert fine_tune(*words, input="y\n").exit_code == 1
    ran = fine_tune(*words, input="n\n")
    assert told(ran.output, r"others together will cost about ([\d.]+) USD") < 0.8 * before


@pytest.mark.usefixtures("person")
def test_larger_documents_behind_the_pilot_are_priced_by_their_size(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """Tables of a page cost more than sentences."""
    models.say, papers = honest, tmp_path / "papers"
    papers.mkdir()
    for number in range(60, 100):
        long = " ".join(f"{shop(number)} {at}" for at in range(40 if number >= 80 else 1))
        (papers / f"{number}.md").write_text(long)
    words = ("synthesize", data, *WRITING, "--documents", papers, "--out", tmp_path / "out")
    ran = fine_tune(*words, input="y\nn\n")
    pilot = told(ran.output, r"cost ([\d.]+) USD; what is left of all others")
    assert told(ran.output, r"others together will cost about ([\d.]+) USD") > 2 * pilot


@pytest.mark.usefixtures("person")
def test_clean_shows_records_before_it_asks_whether_to_remove_them(
    fine_tune: FineTune, models: Models, data: Path, tmp_path: Path
) -> None:
    """The data set is not there yet, and is not made where the answer is no."""
    models.say, out = (lambda *_: "<reason>Odd.</reason><judgement>incorrect</judgement>"), tmp_path / "out"
    ran = fine_tune("clean", data, "--judge", JUDGE, "--mode", "remove", "--out", out, input="y\nn\n")
    assert ran.exit_code == 1
    assert not (out / "train.jsonl").exists()
    shown = tmp_path / "out.removal.txt"
    assert shown.name in "".join(ran.output.split())
    assert shown.stat().st_mode & 0o077 == 0
    assert shown.read_text().count(f"{JUDGE} says incorrect: Odd.") == 20
    assert "How many apples were sold?" in shown.read_text()
