"""The posts' tables, made from a run's report, and what the product's code makes of the posts' own inputs."""

from collections.abc import Mapping, Sequence
from typing import Literal

from cli.seeds.cited import Cited, CitedComparison, CitedEarlyStopping, CitedF1Example, CitedTokens
from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.metrics import scoring
from lambdas.domain.report.arm_figures import token_reduction
from lambdas.domain.report.run_report import ArmFigures, TokenFigures
from lambdas.domain.training.curve import summarise_training
from lambdas.domain.training.early_stopping import EarlyStopping
from lambdas.domain.training.losses import Epoch

# The posts print F1 with one decimal.
_HALF_A_DIGIT = 0.05


class ComparisonRow(Fact):
    """An arm of the run: F1 as the post counts it and as SQuAD does.

    The improvements say by how many per cent the tuned model's F1 is above it.
    """

    arm: str
    name: str
    model_id: str | None
    f1_seed: float | None
    f1_seed_improvement: float | None
    f1: float | None
    f1_improvement: float | None


class TokenRow(Fact):
    """An arm's output tokens, and by how many per cent they are below the base's; `records` were answered."""

    arm: str
    name: str
    records: int
    tokens: TokenFigures
    reduction: TokenFigures | None


class StoppingRow(Fact):
    """What the product's code makes of a scenario of early stopping: null where training goes on."""

    threshold: float
    patience: int
    last_epoch: int | None
    best_epoch: int | None
    best_loss: float | None


class F1Words(Fact):
    """The worked example by the product's metrics: F1 as the post counts it, and as SQuAD does."""

    f1_seed: float
    f1: float


class SeedCheck(Fact):
    """A figure that a post prints, and what the product's code makes of the post's own inputs.

    The inputs are printed figures, too: `lowest` to `highest` is what the code makes of all that they may be rounded
    from. `note` says why the two differ.
    """

    what: str
    document: str
    printed: float
    computed: float | None
    digits: int
    lowest: float | None = None
    highest: float | None = None
    note: str = ""

    @property
    def result(self) -> Literal["same", "same within rounding", "differs"]:
        """Whether the post and the code agree."""
        if self.computed is not None and round(self.computed, self.digits) == self.printed:
            return "same"
        if self.lowest is None or self.highest is None:
            return "differs"
        is_near = round(self.lowest, self.digits) <= self.printed <= round(self.highest, self.digits)
        return "same within rounding" if is_near else "differs"


def improvement(tuned: float | None, other: float | None) -> float | None:
    """By how many per cent the tuned model's score is above another's; None where there is nothing to divide."""
    return 100 * (tuned / other - 1) if tuned is not None and other else None


def comparison_rows(arms: Mapping[str, ArmFigures], cited: CitedComparison) -> list[ComparisonRow]:
    """The post's comparison from a run's arms, in the post's order; an arm that the run does not have is left out."""
    tuned = arms[TUNED]
    return [
        ComparisonRow(
            arm=arm,
            name=known.name,
            model_id=own.model_id,
            f1_seed=own.f1_seed,
            f1_seed_improvement=improvement(tuned.f1_seed, own.f1_seed) if own is not tuned else None,
            f1=own.f1,
            f1_improvement=improvement(tuned.f1, own.f1) if own is not tuned else None,
        )
        for arm, known in cited.by_arm.items()
        if (own := arms.get(arm)) is not None
    ]


def token_rows(arms: Mapping[str, ArmFigures], cited: CitedComparison) -> list[TokenRow]:
    """The post's table of output tokens from a run's arms: the base first, as there, and the larger models besides."""
    names = cited.by_arm
    return [
        TokenRow(
            arm=arm,
            name=names[arm].name,
            records=arms[arm].n - arms[arm].errors,
            tokens=arms[arm].output_tokens,
            reduction=arms[arm].token_reduction_percent,
        )
        for arm in dict.fromkeys([BASE, TUNED, *names])
        if arm in arms
    ]


def stopping_rows(cited: CitedEarlyStopping) -> list[StoppingRow]:
    """The post's scenarios by the product's code."""
    return [_stopping(EarlyStopping(one.threshold, one.patience), cited.losses) for one in cited.scenarios]


def _stopping(stopping: EarlyStopping, losses: Sequence[float]) -> StoppingRow:
    last = stopping.last_epoch(losses)
    run = [Epoch(epoch=number, training_loss=None, validation_loss=loss) for number, loss in enumerate(losses, 1)]
    best = summarise_training(run[:last], len(losses), stopping).best_epoch
    return StoppingRow(
        threshold=stopping.threshold,
        patience=stopping.patience,
        last_epoch=last,
        best_epoch=best,
        best_loss=losses[best - 1] if best else None,
    )


def f1_words(cited: CitedF1Example) -> F1Words:
    """The post's example by the product's metrics."""
    return F1Words(
        f1_seed=scoring.f1_seed(cited.response, cited.reference),
        f1=scoring.f1(cited.response, cited.reference),
    )


def checks(cited: Cited) -> list[SeedCheck]:
    """Every figure that a post derives from others that it prints."""
    return [
        *_improvement_checks(cited.comparison),
        *_token_checks(cited.tokens),
        *_stopping_checks(cited.early_stopping),
        _f1_check(cited.f1_example),
    ]


def _improvement_checks(cited: CitedComparison) -> list[SeedCheck]:
    tuned = cited.arms[TUNED].f1
    return [
        SeedCheck(
            what=f"Improvement over {arm.name}, %",
            document=cited.document,
            printed=arm.improvement,
            computed=improvement(tuned, arm.f1),
            digits=1,
            lowest=improvement(tuned - _HALF_A_DIGIT, arm.f1 + _HALF_A_DIGIT),
            highest=improvement(tuned + _HALF_A_DIGIT, arm.f1 - _HALF_A_DIGIT),
        )
        for arm in cited.arms.values()
        if arm.improvement is not None
    ]


def _token_checks(cited: CitedTokens) -> list[SeedCheck]:
    computed = token_reduction(cited.arms[TUNED], cited.arms[BASE])
    return [
        SeedCheck(
            what=f"Output tokens, {name}: reduction, %",
            document=cited.document,
            printed=printed,
            computed=getattr(computed, name),
            digits=0,
        )
        for name, printed in cited.reduction
        if printed is not None
    ]


def _stopping_checks(cited: CitedEarlyStopping) -> list[SeedCheck]:
    return [
        SeedCheck(
            what=f"{scenario}: {what}", document=cited.document, printed=printed, computed=computed, digits=digits
        )
        for printed_row, row in zip(cited.scenarios, stopping_rows(cited), strict=True)
        for scenario in [f"Threshold {row.threshold:g}, patience {row.patience}"]
        for what, printed, computed, digits in (
            ("last epoch", printed_row.last_epoch, row.last_epoch, 0),
            ("best epoch", printed_row.best_epoch, row.best_epoch, 0),
            ("loss of the best epoch", printed_row.best_loss, row.best_loss, 2),
        )
    ]


def _f1_check(cited: CitedF1Example) -> SeedCheck:
    rounded = 100 * 2 * cited.precision * cited.recall / (cited.precision + cited.recall)
    return SeedCheck(
        what="F1 of the example",
        document=cited.document,
        printed=cited.f1,
        computed=f1_words(cited).f1_seed,
        digits=2,
        note=f"The post's formula gives {rounded:.2f} for its rounded precision and recall, not {cited.f1:.2f}.",
    )
