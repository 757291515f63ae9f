"""`fine-tune ask`: a run's tuned model, asked exactly as it was trained to be, and its base model beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cli.environment import Environment
from cli.models import served_by_model
from cli.runs import read_prices
from cli.serve import kind_of, price_of
from cli.tuned_run import TunedRun, entry_of
from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.estimate import amount
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.dataset.formats.mapping import ColumnTemplate, parse_template
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.endpoint import PromptFormat
from lambdas.domain.evaluation.questions import InferenceSettings, Message, Question
from lambdas.domain.serving.kinds import IN_SERVICE, ON_DEMAND, ServedModel, noun
from lambdas.steps.serve_model import find_standing
from local.terminal import Console
from stacks.settings import Settings

DOCUMENT = "document"
# A token costs less than a cent.
_SMALLEST_USD = 0.000001


class NotAskableError(Exception):
    """The question cannot be made as the model was trained; the message says what is missing."""


class NothingServesError(Exception):
    """Nothing serves the model now; the message says what would, and what that costs."""


@dataclass(frozen=True)
class AskedModel:
    """A model to ask; `price` is None where its tokens are not billed, or their price is not known."""

    arm: str
    model_id: str
    billed_by_tokens: bool
    price: TokenPrice | None


class AskedAnswer(Fact):
    """What a model said; `error` where it said nothing. `usd` is null where the price is not known.

    Throughput is billed by the hour whether it is asked or not: its answers cost nothing by themselves.
    """

    arm: str
    model_id: str
    billed_by_tokens: bool
    answer: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None
    stop_reason: str | None = None
    usd: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class QuestionForm:
    """How questions are made: `given` fills the template but for the field that each question fills, if one is left."""

    template: ColumnTemplate
    given: Mapping[str, str]
    open_field: str | None
    system: str | None
    settings: InferenceSettings

    def question(self, text: str = "") -> Question:
        """The question of this text, as a record of the training set has it."""
        values = {**self.given, self.open_field: text} if self.open_field else self.given
        filled = self.template.fill({**values})
        return Question(0, self.system, (Message(role="user", content=filled),), "")


def make_form(
    trained: PromptFormat, fields: Mapping[str, str], document: str | None, system: str | None
) -> QuestionForm:
    """The form of the run's format with what is given. Raises NotAskableError."""
    settings = trained.settings()
    if trained.template is None or settings is None:
        raise NotAskableError(
            "The run's report does not say how its model was asked: an earlier version of the project wrote it. "
            "A new run on the same data does."
        )
    try:
        template = parse_template(trained.template)
    except ValueError as error:
        raise NotAskableError(f"The template in the run's report cannot be filled: {error}.") from None
    columns = list(dict.fromkeys(template.columns))
    given = _given(columns, fields, document)
    left = [column for column in columns if column not in given]
    if len(left) > 1:
        raise NotAskableError(_too_many(left))
    return QuestionForm(template, given, left[0] if left else None, _system(trained, system), settings)


def _given(columns: list[str], fields: Mapping[str, str], document: str | None) -> dict[str, str]:
    for name in fields:
        if name not in columns:
            raise NotAskableError(
                f"The prompt has no field {name!r}; it has {', '.join(columns)}.{did_you_mean(name, columns)}"
            )
    if document is None:
        return {**fields}
    if DOCUMENT not in columns:
        raise NotAskableError(f"The model was trained without documents: its prompt has {', '.join(columns)}.")
    return {**fields, DOCUMENT: document}


def _too_many(left: list[str]) -> str:
    if DOCUMENT in left and len(left) == 2:
        return "The model was trained on questions about documents: name one with --document <file>."
    return (
        f"The prompt has the fields {', '.join(left)}: give all but one with --field <name>=<text>; the question fills "
        "the last one."
    )


def _system(trained: PromptFormat, given: str | None) -> str | None:
    if not trained.system_varies:
        if given is not None and given != trained.system:
            raise NotAskableError("The model was trained with one system text, which is sent: leave out --system.")
        return trained.system
    if given is None:
        raise NotAskableError("The records had several system texts: give the one of this question with --system.")
    return given


def find_models(environment: Environment, tuned: TunedRun, settings: Settings, *, base: bool) -> list[AskedModel]:
    """The tuned model, by what serves it, and its base where wanted.

    Raises NothingServesError, NotServedError where the model is gone, and NoTunedModelError.
    """
    served, prices = _in_service(environment, tuned, settings), read_prices(environment)
    on_demand = served.kind == ON_DEMAND
    own = prices.base_models.get(tuned.base_model)
    found = [AskedModel(TUNED, served.arn, on_demand, own.on_demand if own and on_demand else None)]
    if base:
        model_id = entry_of(tuned).inference_id
        found.append(AskedModel(BASE, model_id, billed_by_tokens=True, price=prices.foundation_models.get(model_id)))
    return found


def _in_service(environment: Environment, tuned: TunedRun, settings: Settings) -> ServedModel:
    """What answers for the model now, whoever made it: a person, the environment for its champion, or a run."""
    adapters = environment.adapters
    # Lists may lag behind what a person has just made.
    named = [one for one in find_standing(environment.name, tuned.run_id, adapters) if one.model_arn == tuned.model_arn]
    found = [*named, *served_by_model(adapters).get(tuned.model_arn, [])]
    for one in found:
        if one.status == IN_SERVICE:
            return one
    if found:
        raise NothingServesError(f"The {noun(found[0].kind)} {found[0].arn} is {found[0].status}: ask once it serves.")
    raise NothingServesError(_what_serving_costs(environment, tuned, settings))


def _what_serving_costs(environment: Environment, tuned: TunedRun, settings: Settings) -> str:
    nothing = f"Nothing serves the model of run {tuned.run_id}."
    if kind_of(environment, tuned, entry_of(tuned)) == ON_DEMAND:
        price = _tokens_text(_on_demand(read_prices(environment), tuned))
        serve = environment.command(f"serve {tuned.run_id}")
        return f"{nothing} `{serve}` does on demand: it costs nothing by the hour; {price}."
    usd = price_of(environment, tuned.base_model, settings)
    bills = (
        "by the hour, at a price that is not known (`fine-tune prices`)"
        if usd is None
        else f"{amount(usd)} USD an hour"
    )
    return (
        f"{nothing} `{environment.command(f'serve {tuned.run_id} --hours 1')}` does by throughput: that bills {bills}."
    )


def _on_demand(prices: Prices, tuned: TunedRun) -> TokenPrice | None:
    own = prices.base_models.get(tuned.base_model)
    return own.on_demand if own else None


def _tokens_text(price: TokenPrice | None) -> str:
    if price is None:
        return "what a question costs is not known (`fine-tune prices`)"
    return f"1,000 tokens cost {price.input:g} USD in a question and {price.output:g} USD in an answer"


def ask(runtime: BedrockRuntime, asked: AskedModel, question: Question, settings: InferenceSettings) -> AskedAnswer:
    """The model's answer, or the error in its place."""
    known = {"arm": asked.arm, "model_id": asked.model_id, "billed_by_tokens": asked.billed_by_tokens}
    try:
        said = runtime.converse(asked.model_id, question, settings)
    except (Refused, ServiceBusy) as error:
        return AskedAnswer.model_validate({**known, "error": str(error)})
    usd = None if asked.billed_by_tokens else 0.0
    if asked.price is not None:
        usd = (said.input_tokens * asked.price.input + said.output_tokens * asked.price.output) / 1_000
    return AskedAnswer(
        arm=asked.arm,
        model_id=asked.model_id,
        billed_by_tokens=asked.billed_by_tokens,
        answer=said.text,
        input_tokens=said.input_tokens,
        output_tokens=said.output_tokens,
        latency_ms=said.latency_ms,
        stop_reason=said.stop_reason,
        usd=usd,
    )


def tell_answer(console: Console, answer: AskedAnswer) -> None:
    """The answer, and what it took."""
    console.write_line(f"{answer.arm.capitalize()} ({answer.model_id})", "bold")
    if answer.answer is None:
        console.write_lines(f"  Not answered: {answer.error}", "bold red")
        return
    for line in answer.answer.splitlines() or [""]:
        console.write_line(f"  {line}")
    cut = "" if answer.stop_reason == "end_turn" else f", ended by {answer.stop_reason}"
    console.write_line(
        f"  {answer.input_tokens} + {answer.output_tokens} tokens, {answer.latency_ms} ms, {_cost_text(answer)}{cut}",
        "dim",
    )


def _cost_text(answer: AskedAnswer) -> str:
    if not answer.billed_by_tokens:
        return "billed by the hour"
    if answer.usd is None:
        return "price unknown"
    return f"less than {_SMALLEST_USD:f} USD" if 0 < answer.usd < _SMALLEST_USD else f"{answer.usd:.6f} USD"
