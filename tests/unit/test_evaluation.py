"""From stored answers to a verdict."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from lambdas.domain.dataset.told_answers import ToldAnswers
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine, UnansweredLine
from lambdas.domain.evaluation.arms import Arm, plan_arms
from lambdas.domain.evaluation.champion import (
    Champion,
    ChampionAnswers,
    LostAnswersError,
    SharedAnswer,
    shared_answers,
)
from lambdas.domain.evaluation.comparisons import read_response
from lambdas.domain.evaluation.decision import Decision, increase_percent
from lambdas.domain.evaluation.evaluate import Evaluation, Task, evaluate
from lambdas.domain.evaluation.settings import EvaluationSettings
from tests.answer_lines import make_answer

RECORDS = 60
ARMS = {"tuned": Arm(model_id=None), "base": Arm(model_id="base-model")}


def line(index: int, response: str, reference: str) -> AnswerLine:
    return make_answer(index, response, reference, output_tokens=len(response.split()), latency_ms=100)


def reference(index: int) -> str:
    return f"net sales of company {index} rose by {index} million"


def answers(right: float, seed: str) -> list[StoredLine]:
    generator = random.Random(seed)  # noqa: S311 - no secret is made with it
    return [
        line(index, reference(index) if generator.random() < right else "I do not know that", reference(index))
        for index in range(RECORDS)
    ]


def judged(
    tuned: Sequence[StoredLine], base: Sequence[StoredLine], champion: ChampionAnswers | None = None, **settings: Any
) -> Evaluation:
    return evaluate(
        {"tuned": tuned, "base": base}, ARMS, range(RECORDS), EvaluationSettings.model_validate(settings), champion
    )


def champion(answers: Iterable[SharedAnswer]) -> ChampionAnswers:
    named = Champion(
        model_arn="arn:champion",
        run_id="earlier",
        bucket="b",
        prefix="runs/earlier/",
        report="s3://b/report.json",
        base_model="base-model",
        simulated=True,
        promoted_at="2026-01-21T22:00:00.000Z",
    )
    return ChampionAnswers(named, 4, answers)


def shared(lines: Sequence[StoredLine]) -> list[SharedAnswer]:
    return [SharedAnswer(line.index, line, reference(line.index)) for line in lines]


def test_a_clear_gain_promotes_and_chance_does_not() -> None:
    """A model trained on shuffled labels must not pass for a better one."""
    assert judged(answers(0.9, "tuned"), answers(0.3, "base")).decision.verdict == "promote"
    verdicts = {judged(answers(0.5, f"{n}"), answers(0.5, f"{n} base")).decision.verdict for n in range(8)}
    assert "promote" not in verdicts
    assert judged(answers(0.2, "tuned"), answers(0.9, "base")).decision.verdict == "reject"


def test_without_a_base_nothing_is_promoted_and_the_verdict_says_why() -> None:
    """A verdict that says less than it seems to is worse than none."""
    arms = {"tuned": answers(0.9, "tuned"), "base": answers(0.3, "base")}
    found = evaluate(arms, ARMS, range(RECORDS), EvaluationSettings(), None, missing={"base": "No access."})
    assert found.decision.verdict == "inconclusive"
    assert [reason for reason in found.decision.reasons if "base is missing" in reason and "No access." in reason]
    assert "There is no base to compare with." in [one.meaning for one in found.decision.explained]
    assert not found.comparisons
    assert not found.extremes.gains
    assert set(found.means) == {"tuned"}


def test_a_further_model_without_answers_is_told_and_holds_nothing_back() -> None:
    """The gate asks for the base alone."""
    arms = {"tuned": answers(0.9, "tuned"), "base": answers(0.3, "base"), "other": answers(0.5, "other")}
    planned = plan_arms({"base": "base-model", "other": "other-model"}, 0)
    missing = {"other": "No quota."}
    found = evaluate(arms, planned, range(RECORDS), EvaluationSettings(), None, missing=missing)
    assert found.decision.verdict == "promote"
    assert "other is missing" in found.decision.reasons[-1]
    assert {entry.against for entry in found.comparisons} == {"base"}


def test_a_missing_arm_is_no_twin_of_its_examples() -> None:
    """A comparison with a part of the answers would be one with the easy ones."""
    planned = plan_arms({"base": "base-model"}, 2)
    arms = {name: answers(0.5, name) for name in planned}
    found = evaluate(arms, planned, range(RECORDS), EvaluationSettings(), None, missing={"base": "No quota."})
    assert not [entry for entry in found.comparisons if "base" in (entry.arm, entry.against)]


def test_limits_on_tokens_reject_a_better_but_longer_model() -> None:
    """Each answer is paid for by its tokens."""
    gate = {"max_token_increase_percent": 10}
    limited = judged(answers(0.9, "tuned"), answers(0.3, "base"), gate=gate)
    assert limited.decision.verdict == "reject"
    assert any("output tokens" in reason for reason in limited.decision.reasons)


def test_a_metric_without_a_meaning_is_inconclusive_and_says_which() -> None:
    """Nobody promotes on a figure that does not exist."""
    found = judged(answers(0.9, "tuned"), answers(0.3, "base"), gate={"metric": "json_match"})
    assert found.decision.verdict == "inconclusive"
    assert "json_match has no meaning" in found.decision.reasons[0]


def test_the_task_kind_is_detected_and_can_be_set() -> None:
    """It decides the primary metric."""
    rows = [line(index, "yes", "yes" if index % 2 else "no") for index in range(RECORDS)]
    assert judged(rows, rows).task == Task(kind="labels", detected=True, metric="label_match")
    assert judged(rows, rows).classifications["tuned"].accuracy == 50
    assert judged(rows, rows, task_kind="text").task == Task(kind="text", detected=False, metric="f1")


def test_few_shot_arms_are_compared_with_their_twins() -> None:
    """Whether examples help is a question of its own."""
    arms = plan_arms({"base": "base-model"}, 2)
    assert list(arms) == ["tuned", "tuned-few-shot-2", "base", "base-few-shot-2"]
    lines = {name: answers(0.5 + arm.few_shot / 10, name) for name, arm in arms.items()}
    entries = evaluate(lines, arms, range(RECORDS), EvaluationSettings(), None).comparisons
    assert {(entry.arm, entry.against) for entry in entries} == {
        ("tuned", "tuned-few-shot-2"),
        ("tuned", "base"),
        ("tuned", "base-few-shot-2"),
        ("base-few-shot-2", "base"),
    }


def test_a_model_must_beat_the_champion_too() -> None:
    """The base is easily beaten; what is served is the champion."""
    tuned, base = answers(0.9, "tuned"), answers(0.3, "base")
    same = judged(tuned, base, champion(shared(tuned)))
    assert same.decision.verdict == "inconclusive"
    assert same.decision.champion is not None
    assert same.decision.champion.compared_records == RECORDS
    worse = judged(tuned, base, champion(shared(answers(0.2, "old"))))
    assert worse.decision.verdict == "promote"
    few = judged(tuned, base, champion(shared(answers(0.2, "old")[:6])))
    assert few.decision.verdict == "inconclusive"
    none = judged(tuned, base, champion([]))
    assert none.decision.verdict == "inconclusive"
    assert "no test record in common" in none.decision.reasons[-1]


def test_a_champion_whose_answers_are_lost_holds_no_model_back() -> None:
    """Nobody could ever be compared with it: the verdict is that on the base, and says why."""

    def lost() -> Iterator[SharedAnswer]:
        yield from shared(answers(0.9, "old")[:6])
        raise LostAnswersError("its bucket is gone.")

    found = judged(answers(0.9, "tuned"), answers(0.3, "base"), champion(lost())).decision
    assert found.verdict == "promote"
    assert found.champion is not None
    assert (found.champion.compared_records, found.champion.reason) == (0, "its bucket is gone.")
    assert "its bucket is gone" in found.reasons[-1]


def test_the_champions_answers_are_found_by_the_whole_test_record() -> None:
    """A prompt that is asked under another system text, or with another reference, is another question."""
    found = shared_answers([b"one", b"two", b"three"], [(b"three", line(0, "3", "3")), (b"one", line(1, "1", "1"))])
    assert {one.place: read_response(one.line) for one in found} == {0: "1", 2: "3"}


def test_the_extremes_are_the_largest_differences_of_different_contexts() -> None:
    """Ten rows of one table would show one mistake ten times."""
    tuned, base = answers(0.9, "tuned"), answers(0.3, "base")
    groups = [index // 6 for index in range(RECORDS)]
    found = evaluate({"tuned": tuned, "base": base}, ARMS, groups, EvaluationSettings(), None).extremes
    for chosen, sign in ((found.gains, 1), (found.regressions, -1)):
        assert len({groups[one.index] for one in chosen}) == len(chosen) <= 5
        assert all(sign * one.difference > 0 for one in chosen)
    assert found.gains


def test_a_record_that_no_arm_answered_breaks_nothing() -> None:
    """Its reference is not known either."""
    tuned, base = answers(0.9, "tuned"), answers(0.3, "base")
    for rows in (tuned, base):
        rows[0] = UnansweredLine(0, "not answered")
    found = judged(tuned, base)
    assert found.decision.verdict == "promote"
    assert {entry.records for entry in found.comparisons if entry.metric == "f1"} == {RECORDS - 1}


def lose(lines: list[StoredLine], indexes: Iterable[int]) -> list[StoredLine]:
    """The lines with these answers lost."""
    lost = {index: UnansweredLine(index, "ThrottlingException") for index in indexes}
    return [lost.get(line.index, line) for line in lines]


def test_throttling_is_no_bad_quality() -> None:
    """Records are compared that both arms answered, so that what a base lost is no gain of the tuned model."""
    same = answers(0.5, "one")
    found = judged(same, lose(same, range(3)))
    [entry] = [one for one in found.comparisons if one.metric == "f1"]
    assert (entry.difference, entry.records) == (0, RECORDS - 3)
    assert found.means["base"]["f1"] is not None


def test_an_unequal_loss_of_answers_promotes_nothing_and_an_equal_one_is_told() -> None:
    """A tuned model that is cut off on the hard records would be compared on the easy ones alone."""
    tuned, base = answers(0.9, "tuned"), answers(0.2, "base")
    for arms in ((lose(tuned, [1, 2]), base), (tuned, lose(base, [1, 2])), (lose(tuned, [1]), lose(base, [2, 3]))):
        decision = judged(*arms).decision
        assert decision.verdict == "inconclusive"
        assert any("easy" in reason for reason in decision.reasons)
    equal = judged(lose(tuned, [1, 2]), lose(base, [1, 3])).decision
    assert equal.verdict == "promote"
    assert [reason for reason in equal.reasons if "has no answer to 2 (3.3 %) of 60 records" in reason]
    assert judged(tuned, base).decision.reasons == judged(tuned, base).decision.reasons[:1]


def test_many_empty_or_refused_answers_are_told_by_arm() -> None:
    """A base that refuses is easily beaten: whoever promotes must know."""
    tuned, base = answers(0.9, "tuned"), answers(0.2, "base")
    for index, text in ((1, ""), (2, " "), (3, "I'm sorry, but I can't help with that."), (4, "I cannot say.")):
        base[index] = line(index, text, reference(index))
    found = judged(tuned, base).decision
    assert found.verdict == "promote"
    assert [reason for reason in found.reasons if "Of the 60 answers of base 2 are empty and 2 are refused" in reason]
    assert not [reason for reason in found.reasons if "answers of tuned" in reason]


def one_wins(wins: int, of: int) -> tuple[list[StoredLine], list[StoredLine]]:
    """A tuned model that is right where its base is, and on so many records more."""
    right = [line(index, reference(index), reference(index)) for index in range(of)]
    wrong = [line(index, "I do not know that", reference(index)) for index in range(of)]
    tuned = [right[index] if index < wins + 20 else wrong[index] for index in range(of)]
    return list(tuned), [right[index] if index >= wins and index < wins + 20 else wrong[index] for index in range(of)]


def judged_of(tuned: Sequence[StoredLine], base: Sequence[StoredLine], **settings: Any) -> Decision:
    arms = {"tuned": tuned, "base": base}
    return evaluate(arms, ARMS, range(len(tuned)), EvaluationSettings.model_validate(settings), None).decision


def test_losses_on_different_records_that_could_turn_the_verdict_promote_nothing() -> None:
    """Each arm lost four in a hundred: as many, but not the same."""
    tuned, base = one_wins(12, 100)
    assert judged_of(tuned, base).verdict == "promote"
    found = judged_of(lose(tuned, range(60, 64)), lose(base, range(70, 74)))
    assert found.verdict == "inconclusive"
    assert [reason for reason in found.reasons if "One arm alone answered 8 records" in reason and "turn" in reason]
    same = judged_of(lose(tuned, range(60, 64)), lose(base, range(60, 64)))
    assert same.verdict == "promote"
    assert not [reason for reason in same.reasons if "One arm alone" in reason]


def test_a_small_unequal_loss_is_told_and_promotes_nothing_where_it_could_turn_the_verdict() -> None:
    """Up to one in a hundred was promoted without a word."""
    told = "One arm alone answered 1 record:"
    clear = judged_of(*(lose(rows, lost) for rows, lost in zip(one_wins(60, 100), ([], [0]), strict=True)))
    assert clear.verdict == "promote"
    assert [reason for reason in clear.reasons if told in reason and "counted against the tuned model" in reason]
    wins = next(wins for wins in range(1, 30) if judged_of(*one_wins(wins, 100)).verdict == "promote")
    tuned, base = one_wins(wins, 100)
    for close in (judged_of(lose(tuned, [wins]), base), judged_of(tuned, lose(base, [99]))):
        assert close.verdict == "inconclusive"
        assert [reason for reason in close.reasons if told in reason and "could turn" in reason]


def test_macro_f1_supposes_the_worst_of_what_one_arm_lost() -> None:
    """A lost answer may have been a wrong label, and the other's a right one."""
    right = [line(index, classes(index), classes(index)) for index in range(100)]
    base = [
        line(index, "billing" if index % 10 == 7 and index > 20 else classes(index), classes(index))
        for index in range(100)
    ]
    assert judged_of(right, base, gate=MACRO).verdict == "promote"
    lost = judged_of(lose(list(right), range(8, 50, 10)), lose(list(base), range(9, 50, 10)), gate=MACRO)
    assert "even the interval's lower end is a gain" in lost.reasons[0]
    assert lost.verdict == "inconclusive"


def test_answers_that_the_tuned_model_and_the_champion_both_lost_hold_nothing_back() -> None:
    """The loss is equal on the records that are compared."""
    tuned, base = answers(0.95, "tuned"), answers(0.2, "base")
    same = judged(lose(tuned, [1]), lose(base, [1]), champion(shared(lose(answers(0.3, "old"), [1])))).decision
    assert not [reason for reason in same.reasons if "The tuned model has no answer" in reason]
    assert same.verdict == "promote"


def test_a_champion_that_lost_more_answers_is_not_replaced() -> None:
    """It was asked in another run, where it may have been throttled."""
    tuned, base = answers(0.95, "tuned"), answers(0.2, "base")
    assert judged(tuned, base, champion(shared(answers(0.3, "old")))).decision.verdict == "promote"
    found = judged(tuned, base, champion(shared(lose(answers(0.3, "old"), [1, 2])))).decision
    assert found.verdict == "inconclusive"


def with_examples(tuned: float, base: float, base_with_examples: float) -> Evaluation:
    """A run whose base was also shown three examples."""
    arms = plan_arms({"base": "base-model"}, 3)
    right = {"tuned": tuned, "tuned-few-shot-3": tuned, "base": base, "base-few-shot-3": base_with_examples}
    lines = {name: answers(right[name], name) for name in arms}
    return evaluate(lines, arms, range(RECORDS), EvaluationSettings(), None)


def test_a_base_with_examples_that_beats_tuning_rejects() -> None:
    """The evidence was paid for: 94 with three examples against 80 by tuning."""
    decision = with_examples(0.6, 0.1, 1.0).decision
    assert decision.verdict == "reject"
    assert any(reason.startswith("A prompt with 3 examples does better than tuning") for reason in decision.reasons)


def test_a_base_with_examples_must_be_beaten_as_the_base_is() -> None:
    """A prompt that does as well costs no training and no throughput."""
    assert with_examples(0.8, 0.1, 0.8).decision.verdict == "inconclusive"
    assert with_examples(0.95, 0.1, 0.4).decision.verdict == "promote"


def test_a_base_with_examples_that_lost_many_answers_is_not_beaten() -> None:
    """Losing one answer in fifty held a promotion back, and losing one in ten did not."""
    arms = plan_arms({"base": "base-model"}, 3)
    right = {"tuned": 0.9, "tuned-few-shot-3": 0.9, "base": 0.1, "base-few-shot-3": 1.0}
    lines = {name: answers(right[name], name) for name in arms}
    missing = {"base-few-shot-3": "No answer to 6 of 60 records."}
    found = evaluate(lines, arms, range(RECORDS), EvaluationSettings(), None, missing=missing).decision
    assert found.verdict == "inconclusive"
    assert found.reasons[-1].startswith("The arm base-few-shot-3 is missing: No answer to 6 of 60 records.")


def test_a_further_model_that_does_better_untuned_leaves_the_verdict_open() -> None:
    """It answered the same questions: whoever promotes must know."""
    arms = plan_arms({"base": "base-model", "other": "other-model"}, 0)
    lines = {"tuned": answers(0.8, "tuned"), "base": answers(0.1, "base")}
    for right, verdict in ((1.0, "inconclusive"), (0.3, "promote")):
        found = evaluate(
            {**lines, "other": answers(right, "other")}, arms, range(RECORDS), EvaluationSettings(), None
        ).decision
        assert found.verdict == verdict
        assert any("does better without tuning" in reason for reason in found.reasons) == (verdict != "promote")


CATEGORIES = [
    f"{kind} {place}" for kind in ("billing", "delivery", "returns") for place in ("shop", "web", "app", "other")
]


def tickets(system: str) -> ToldAnswers:
    """What the prompts of 60 tickets of 12 categories name."""
    told = ToldAnswers()
    for index in range(RECORDS):
        told.add(f"{system}\nTicket {index}: my parcel is late, and I was billed twice.", CATEGORIES[index % 12])
    return told


def categorised(told: ToldAnswers, arms: dict[str, Arm], right: dict[str, int]) -> Evaluation:
    """A run on tickets, of which each arm categorises every so-manieth wrongly."""
    lines = {
        arm: [
            line(index, CATEGORIES[index % 12] if index % right[arm] else "Late parcel", CATEGORIES[index % 12])
            for index in range(RECORDS)
        ]
        for arm in arms
    }
    return evaluate(lines, arms, range(RECORDS), EvaluationSettings(task_kind="labels"), None, told=told)


def test_a_gain_over_a_base_that_cannot_know_the_labels_is_one_of_form() -> None:
    """98.6 points above a base of 0.0: nobody had told it the 12 categories."""
    untold, told = tickets("Categorise the ticket."), tickets(f"Categorise the ticket as {', '.join(CATEGORIES)}.")
    right = {"tuned": 50, "base": 1}
    found = categorised(untold, ARMS, right)
    assert (found.decision.verdict, found.task.untold) == ("inconclusive", "labels")
    assert any("names the labels" in reason and "system" in reason for reason in found.decision.reasons)
    assert found.decision.split is not None
    assert (found.decision.split.content, found.decision.split.form) == (0, found.decision.split.gain)
    found = categorised(told, ARMS, right)
    assert (found.decision.verdict, found.task.untold) == ("promote", None)


def test_a_base_that_was_shown_examples_was_told_the_labels() -> None:
    """Examples name them: a gain over it is one of content."""
    arms = plan_arms({"base": "base-model"}, 3)
    right = {"tuned": 50, "tuned-few-shot-3": 50, "base": 1, "base-few-shot-3": 2}
    decision = categorised(tickets("Categorise the ticket."), arms, right).decision
    assert decision.verdict == "promote"
    assert any("base-few-shot-3 was shown examples" in reason for reason in decision.reasons)


def test_answers_that_are_cut_off_are_told_in_the_verdict() -> None:
    """A base that is cut off loses points that tuning did not win."""
    base = [
        make_answer(index, "a long preamble", reference(index), output_tokens=512, stop_reason="max_tokens")
        if index < 2
        else line(index, "I do not know that", reference(index))
        for index in range(RECORDS)
    ]
    decision = judged(answers(0.9, "tuned"), base).decision
    assert any(
        "2 of 60 answers of base did not end by themselves (2 max_tokens)" in reason for reason in decision.reasons
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "percent"), [([3], [2], 50), ([1], [2], -50), ([], [2], None), ([1], [0], None)]
)
def test_increase_in_per_cent(ours: list[float], theirs: list[float], percent: float | None) -> None:
    """Nothing to divide by is no figure, and no figure cannot keep a limit."""
    assert increase_percent(ours, theirs, max) == percent


def test_a_test_set_that_was_trained_on_promotes_nothing() -> None:
    """Memory is no gain: the verdict would be on rows that the model has seen."""
    tuned, base = answers(0.9, "tuned"), answers(0.2, "base")
    references = {"tuned": tuned, "base": base}
    clean = evaluate(references, ARMS, range(RECORDS), EvaluationSettings(), None)
    leaky = evaluate(references, ARMS, range(RECORDS), EvaluationSettings(), None, leaked=3)
    assert (clean.decision.verdict, leaky.decision.verdict) == ("promote", "inconclusive")
    assert "3 of the test records" in leaky.decision.reasons[-1]


def ended(lines: Sequence[StoredLine], *stop_reasons: str) -> list[StoredLine]:
    """The lines, of which the first ones ended for these reasons."""
    first = [
        replace(line, stop_reason=reason) if isinstance(line, AnswerLine) else line
        for line, reason in zip(lines, stop_reasons, strict=False)
    ]
    return [*first, *lines[len(first) :]]


def test_the_verdict_says_where_many_answers_were_cut_off_or_refused() -> None:
    """A gain over answers that a filter took away says little; it is told, and the figures stay as they are."""
    tuned, base = answers(0.9, "tuned"), answers(0.3, "base")
    told = judged(tuned, ended(base, *["max_tokens", "content_filtered"] * 3)).decision
    assert told.verdict == "promote"
    assert "6 of 60 answers of base did not end by themselves (3 max_tokens, 3 content_filtered)" in told.reasons[-1]
    assert "evaluation.max_tokens" in told.reasons[-1]
    one = ended(tuned, "max_tokens")
    assert "1 of 60 answers of tuned" in judged(one, base).decision.reasons[-1]
    assert len(judged(tuned, base).decision.reasons) == 1


def test_a_constant_answer_is_not_promoted() -> None:
    """Where one label is frequent, a model that always gives it beats a base that tries."""
    references = ["billing" if index % 10 < 7 else "technical" for index in range(RECORDS)]
    constant = [line(index, "billing", one) for index, one in enumerate(references)]
    trying = [line(index, "technical" if index % 3 else one, one) for index, one in enumerate(references)]
    found = judged(constant, trying).decision
    assert found.verdict == "inconclusive"
    assert any("answers 'billing' to 60 (100.0 %) of 60 records" in reason for reason in found.reasons)
    learnt = [line(index, one, one) for index, one in enumerate(references)]
    assert judged(learnt, trying).decision.verdict == "promote"


def test_an_almost_constant_answer_is_not_promoted() -> None:
    """At 95 % of one label it was taken for a model that knows the others."""
    references = ["billing" if index % 10 < 7 else "technical" for index in range(RECORDS)]
    almost = [
        line(index, "technical" if index in (7, 8, 17) else "billing", references[index]) for index in range(RECORDS)
    ]
    trying = [line(index, "technical" if index % 3 else one, one) for index, one in enumerate(references)]
    found = judged(almost, trying).decision
    assert found.verdict == "inconclusive"
    assert [
        reason for reason in found.reasons if "hardly ever answers 1 of the 2 frequent labels: 'technical'" in reason
    ]


MACRO = {"metric": "macro_f1"}
CLASSES = ("billing", "delivery", "refund", "praise")


def classes(index: int) -> str:
    """Most records are of the first class."""
    return CLASSES[index % 10 - 6] if index % 10 > 6 else CLASSES[0]


def test_macro_f1_decides_where_the_gate_says_so() -> None:
    """A model that learnt the rare labels, too, is better than one that knows the frequent one."""
    learnt = [line(index, classes(index), classes(index)) for index in range(RECORDS)]
    half = [line(index, classes(index) if index % 2 else "delivery", classes(index)) for index in range(RECORDS)]
    found = judged(learnt, half, gate=MACRO)
    assert found.decision.verdict == "promote"
    assert found.task.metric == "macro_f1"
    assert found.decision.reasons[0].startswith("content (macro_f1, read leniently) is ")
    assert found.means["base"]["macro_f1"] == found.classifications["base"].macro_f1
    assert [one.metric for one in found.comparisons].count("macro_f1") == 1
    strict = judged(learnt, half, gate={**MACRO, "form_counts": True})
    assert strict.right == {"tuned": RECORDS, "base": sum(a.response == a.reference for a in half)}
    assert strict.extremes.gains


def test_a_constant_answer_does_not_win_by_macro_f1() -> None:
    """It is right on the frequent label alone; in a sentence it is as constant."""
    trying = [line(index, "delivery" if index % 3 else classes(index), classes(index)) for index in range(RECORDS)]
    for words in ("billing", "The category is billing."):
        constant = [line(index, words, classes(index)) for index in range(RECORDS)]
        found = judged(constant, trying, gate=MACRO, task_kind="labels").decision
        assert found.verdict != "promote"
        assert any("answers 'billing' to 60 (100.0 %) of 60 records" in reason for reason in found.reasons)


def test_macro_f1_in_sentences_is_content_and_bare_labels_are_form() -> None:
    """A base that says the right label in a sentence has the content."""
    bare = [line(index, classes(index), classes(index)) for index in range(RECORDS)]
    wordy = [line(index, f"The category is {classes(index)}.", classes(index)) for index in range(RECORDS)]
    found = judged(bare, wordy, gate=MACRO)
    assert found.decision.split is not None
    assert (found.decision.split.gain, found.decision.split.content) == (100, 0)
    assert found.decision.verdict != "promote"
    assert judged(bare, wordy, gate={**MACRO, "form_counts": True}).decision.verdict == "promote"


def test_macro_f1_without_an_interval_promotes_nothing_and_says_what_is_missing() -> None:
    """With a label on two records alone, nobody can say how sure its F1 is."""
    rare = [classes(index) if index > 1 else "privacy" for index in range(RECORDS)]
    right = [line(index, one, one) for index, one in enumerate(rare)]
    wrong = [line(index, "delivery", one) for index, one in enumerate(rare)]
    found = judged(right, wrong, gate=MACRO).decision
    assert found.verdict == "inconclusive"
    assert "each label is the reference in at least 5 of them" in found.reasons[0]


def test_a_gain_of_form_alone_is_not_promoted_unless_form_counts() -> None:
    """A base that is right in a sentence has the content: bare figures are what a system text teaches as well."""
    bare = [line(index, f"{index}.5", f"{index}.5") for index in range(RECORDS)]
    wordy = [line(index, f"The answer is {index}.5 million.", f"{index}.5") for index in range(RECORDS)]
    found = judged(bare, wordy)
    assert found.task.metric == "numeric_match"
    assert found.decision.split is not None
    assert (found.decision.split.gain, found.decision.split.content, found.decision.split.form) == (100, 0, 100)
    assert found.decision.verdict != "promote"
    assert judged(bare, wordy, gate={"form_counts": True}).decision.verdict == "promote"


def test_a_metric_of_another_kind_decides_nothing() -> None:
    """A gate on labels says nothing of sentences, read leniently either."""
    found = judged(answers(1.0, "tuned"), answers(0.0, "base"), gate={"metric": "label_match"}).decision
    assert found.verdict == "inconclusive"
    assert any("has no meaning for these references" in reason for reason in found.reasons)


def test_a_model_that_is_right_in_a_form_that_breaks_is_not_promoted() -> None:
    """What reads the answers takes bare figures: content that it cannot read is no gain."""
    wordy = [line(index, f"The answer is {index}.5.", f"{index}.5") for index in range(RECORDS)]
    half = [line(index, f"{index}.5" if index % 2 else "9999", f"{index}.5") for index in range(RECORDS)]
    found = judged([replace(one, response=f"It is {index}.5, not 7.") for index, one in enumerate(wordy)], half)
    assert found.decision.verdict != "promote"


def test_wrong_answers_in_the_right_form_are_not_called_unreadable() -> None:
    """A reader who is told to mend the form would look in the wrong place."""
    right, wrong = ([line(index, f"{index}.{half}", f"{index}.5") for index in range(RECORDS)] for half in (5, 9))
    decision = judged(wrong, right).decision
    assert decision.verdict == "reject"
    assert not any("may not read" in reason for reason in decision.reasons)
    fenced = [replace(one, response=f"Of the 3 figures:\n```\n{one.response}\n```") for one in right]
    assert any("may not read" in reason for reason in judged(fenced, right).decision.reasons)


def test_a_kind_that_few_references_have_is_not_what_promotes() -> None:
    """A model that is right on the few numbers, and wrong on all texts, would win."""
    wanted = [str(3 * index) if index % 2 else reference(index) for index in range(RECORDS)]
    numbers, texts = (
        [line(index, one if index % 2 == odd else "7", one) for index, one in enumerate(wanted)] for odd in (1, 0)
    )
    decision = judged(numbers, texts, task_kind="numeric").decision
    assert decision.verdict == "inconclusive"
    assert any("30 (50.0 %) of 60 references" in one and "evaluation.task_kind" in one for one in decision.reasons)
    chosen = judged(numbers, texts, gate={"metric": "numeric_match"}).decision
    assert any("The other records do not count" in reason for reason in chosen.reasons)


def test_output_tokens_and_latency_are_compared_with_their_intervals() -> None:
    """One figure alone does not say whether a model is faster, or was by chance."""
    slower, fast = (
        [make_answer(index, "a", reference(index), latency_ms=least + index % spread) for index in range(RECORDS)]
        for least, spread in ((300, 7), (100, 5))
    )
    found = {entry.metric: entry for entry in judged(fast, slower).comparisons}
    assert found["output_tokens"].interval is None, "all are alike"
    latency = found["latency_ms"]
    assert latency.interval is not None
    assert latency.interval[1] < 0
    assert (latency.better, latency.same, latency.worse) == (RECORDS, 0, 0)


def test_right_answers_are_counted_by_what_the_gate_looks_at() -> None:
    """What a right answer costs follows from them; a fence is wrong only where form counts."""
    told: list[StoredLine] = [
        line(index, f"```text\n{reference(index)}\n```", reference(index)) for index in range(RECORDS)
    ]
    base = answers(0.0, "base")
    assert judged(told, base).right == {"tuned": RECORDS, "base": 0}
    assert judged(told, base, gate={"form_counts": True}).right["tuned"] == 0
    assert judged(told, base, gate={"metric": "numeric_match"}).right["tuned"] is None
