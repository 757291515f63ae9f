"""The posts' own figures, as `cited.json` has them: each with the document that prints it. No other file has any."""

from functools import cache
from pathlib import Path

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.report.run_report import TokenFigures
from lambdas.domain.settings.run_settings import arm_name

FILE = Path(__file__).parent / "cited.json"


class Document(Fact):
    """A post."""

    title: str
    publisher: str


class CitedArm(Fact):
    """A model's F1, and by how many per cent the tuned model's is above it."""

    name: str
    f1: float
    improvement: float | None


class CitedComparison(Fact):
    """The comparison of the tuned model with its base and larger models, on TAT-QA; further arms by the model's id."""

    document: str
    train: int
    test: int
    arms: dict[str, CitedArm]
    base_model: str

    @property
    def larger_models(self) -> list[str]:
        """The ids of the models that are neither tuned nor the base."""
        return [key for key in self.arms if key not in (TUNED, BASE)]

    @property
    def by_arm(self) -> dict[str, CitedArm]:
        """By the names of a run's arms."""
        return {key if key in (TUNED, BASE) else arm_name(key): arm for key, arm in self.arms.items()}


class CitedTokens(Fact):
    """The output tokens of an answer by arm, and by how many per cent the tuned model's are below the base's."""

    document: str
    test: int
    arms: dict[str, TokenFigures]
    reduction: TokenFigures


class CitedPicture(Fact):
    """A picture whose figures no text gives: what the post says of it."""

    document: str
    says: str


class CitedScenario(Fact):
    """Two settings of early stopping, the epoch after which training ends, and the one whose weights are kept."""

    threshold: float
    patience: int
    last_epoch: int
    best_epoch: int
    best_loss: float


class CitedEarlyStopping(Fact):
    """The validation loss of each epoch, and what two scenarios make of them."""

    document: str
    losses: list[float]
    scenarios: list[CitedScenario]


class CitedF1Example(Fact):
    """The worked example of F1: two sentences, their words, and the figures that follow."""

    document: str
    response: str
    reference: str
    common: int
    response_words: int
    reference_words: int
    precision: float
    recall: float
    f1: float


class CitedArms(Fact):
    """How often judges prefer few originals with synthetic records to each other arm, in per cent without ties.

    `people` is how many pairs the post's people judged, `says` what it says of their result, which no text gives.
    """

    document: str
    test: int
    few: int
    many: int
    synthetic: int
    preferred: dict[str, dict[str, float | None]]
    people: int
    says: str


class Cited(Fact):
    """All of it."""

    documents: dict[str, Document]
    comparison: CitedComparison
    tokens: CitedTokens
    histograms: CitedPicture
    curve: CitedPicture
    early_stopping: CitedEarlyStopping
    f1_example: CitedF1Example
    arms: CitedArms


@cache
def read_cited() -> Cited:
    """The file's content."""
    return Cited.model_validate_json(FILE.read_bytes())
