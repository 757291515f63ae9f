"""How a run is evaluated: `evaluation` in run.json."""

from pydantic import Field

from lambdas.domain.core.settings_model import ModelId, SettingsModel
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.evaluation.judging.rubric import Rubric, default_rubric
from lambdas.domain.evaluation.questions import InferenceSettings
from lambdas.domain.evaluation.task_kind import TaskKind


class EvaluationSettings(SettingsModel):
    """How the arms answer the test set, and how their answers are compared.

    Sampling parameters that a model refuses are left out for that model; its arm's figures say what was sent.
    `models` are asked beside the tuned model and its base. With `few_shot` k each model answers a second time, with k
    training records as examples: twice the arms, and twice the answers while the throughput bills. `judges` are models
    that compare the tuned model's and its base's answers to `judged_pairs` test records, each in both orders; none are
    asked by default, since each costs money. They look at the criteria of `rubric`. `task_kind` overrides what the
    references tell. `prices`, in USD per 1,000 tokens by model id, replace those of the price file in the report alone:
    caps and approvals do not count with them.
    """

    max_tokens: int = Field(default=512, ge=1, le=4096)
    temperature: float = Field(default=0.0, ge=0, le=1)
    top_p: float | None = Field(default=None, gt=0, le=1)
    models: list[ModelId] = Field(default=[], max_length=5)
    few_shot: int = Field(default=0, ge=0, le=20)
    judges: list[ModelId] = Field(default=[], max_length=5)
    judged_pairs: int = Field(default=100, ge=1, le=500)
    rubric: Rubric = Field(default_factory=default_rubric)
    task_kind: TaskKind | None = None
    gate: GateSettings = GateSettings()
    prices: dict[ModelId, TokenPrice] = Field(default={}, max_length=50)

    @property
    def inference(self) -> InferenceSettings:
        """How the arms are asked."""
        return InferenceSettings(max_tokens=self.max_tokens, temperature=self.temperature, top_p=self.top_p)
