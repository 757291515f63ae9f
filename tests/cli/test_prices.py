"""`fine-tune prices`: what AWS's Price List says goes into the price file, and nothing else does."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from typer.testing import CliRunner

from cli import account, environment, main, prices
from cli.account import Account
from cli.price_list import NoPricesError, PriceList, read_price_list
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.price_file import LARGEST_FILE_BYTES, Prices, SourcedTokenPrice, default_prices, parse_prices

TODAY = date(2026, 12, 1)
NOVA_LITE, HAIKU = "amazon.nova-lite-v1:0:300k", "anthropic.claude-3-haiku-20240307-v1:0:200k"
JUDGE = "anthropic.claude-haiku-4-5-20251001-v1:0"


def sku(usage_type: str, *rates: tuple[str, str], description: str = "", **attributes: str) -> str:
    """A product as the Price List gives it: JSON in a text, numbers in texts, keys that nobody asks for."""
    code = usage_type[-16:].upper()
    dimensions = {
        f"{code}.JRTCKXETXF.{place}": {
            "unit": unit,
            "beginRange": "0",
            "endRange": "Inf",
            "description": description,
            "appliesTo": [],
            "rateCode": f"{code}.JRTCKXETXF.{place}",
            "pricePerUnit": {"USD": usd},
        }
        for place, (usd, unit) in enumerate(rates)
    }
    term = {"priceDimensions": dimensions, "sku": code, "effectiveDate": "2026-11-01T00:00:00Z", "termAttributes": {}}
    given = {"regionCode": "us-east-1", "servicecode": "AmazonBedrock", "usagetype": usage_type, **attributes}
    return json.dumps(
        {
            "product": {"productFamily": "Amazon Bedrock", "attributes": given, "sku": code},
            "serviceCode": "AmazonBedrock",
            "terms": {"OnDemand": {f"{code}.JRTCKXETXF": term}},
            "version": "20261120170000",
            "publicationDate": "2026-11-20T17:00:00Z",
        }
    )


def claude(usage_type: str, usd: str, side: str, model: str = "Claude Haiku 4.5") -> str:
    """A product of the marketplace: its unit does not say how many tokens are priced."""
    return sku(
        f"USE1-MP:USE1_{usage_type}-Units",
        (usd, "Units"),
        description=f"AWS Marketplace software usage|us-east-1|Million {side} Tokens",
        servicename=f"{model} (Amazon Bedrock Edition)",
    )


LISTED = [
    sku("USE1-NovaLite-Customization-Training", ("0.0021000000", "1K tokens")),
    sku("USE1-NovaLite-Customization-Storage", ("1.9500000000", "Model/month")),
    sku("USE1-NovaLite-ProvisionedThroughput-NoCommit-ModelUnits", ("60.5000000000", "hour")),
    sku("USE1-NovaLite-ProvisionedThroughput-1month-ModelUnits", ("55.0000000000", "hour")),
    sku("USE1-NovaLite-input-tokens-custom-model", ("0.0600000000", "1M tokens")),
    sku("USE1-NovaLite-output-tokens-custom-model", ("0.2400000000", "1M tokens")),
    sku("USE1-NovaLite-input-tokens", ("0.0000700000", "1K tokens")),
    sku("USE1-NovaLite-output-tokens", ("0.0002400000", "1K tokens")),
    sku("USE1-NovaLite-input-tokens-batch", ("0.0000300000", "1K tokens")),
    sku("USW2-NovaLite-input-tokens", ("9.0000000000", "1K tokens")),
    sku("USE1-NovaCanvas-Customization-Training", ("5.0000000000", "1K images")),
    claude("InputTokenCount", "1.1000000000", "Input"),
    claude("OutputTokenCount", "5.5000000000", "Output"),
    claude("InputTokenCount_Global", "1.0000000000", "Input"),
    claude("OutputTokenCount_Global", "5.0000000000", "Output"),
    claude("CacheReadInputTokenCount", "0.1100000000", "Cache Read Input"),
    claude("input_tokens_standard", "6.0000000000", "Input", "Claude Opus 5"),
    claude("output_tokens_standard", "30.0000000000", "Output", "Claude Opus 5"),
    json.dumps(
        {"product": {"attributes": {"usagetype": "USE1-NovaPro-Customization-Training"}}, "terms": {"Reserved": {}}}
    ),
    "no JSON",
]


def merged(items: list[str], region: str = "us-east-1") -> prices.Merged:
    return prices.merge(default_prices(), PriceList(items), region, TODAY)


def tokens(found: SourcedTokenPrice | None) -> TokenPrice | None:
    return found and TokenPrice(input=found.input, output=found.output)


def test_prices_of_tuning_are_those_of_the_price_list() -> None:
    """By the model's own usage types, whatever the number of tokens that each of them prices."""
    own = merged(LISTED).prices.base_models[NOVA_LITE]
    assert own.training_per_1000_tokens and own.storage_per_month and own.model_unit_per_hour
    assert own.training_per_1000_tokens.usd == 0.0021
    assert (own.storage_per_month.usd, own.model_unit_per_hour.usd) == (1.95, 60.5)
    assert tokens(own.on_demand) == TokenPrice(input=0.00006, output=0.00024)
    assert own.training_per_1000_tokens.source == "AWS Price List, us-east-1"
    assert own.training_per_1000_tokens.as_of == TODAY
    assert own.model_unit_per_hour.confirmed


def test_asking_a_model_is_priced_by_its_profile() -> None:
    """A global profile is cheaper than a geographic one, and old and new usage types mean the same."""
    asked = merged(LISTED).prices.foundation_models
    assert tokens(asked["amazon.nova-lite-v1:0"]) == TokenPrice(input=0.00007, output=0.00024)
    assert tokens(asked[f"us.{JUDGE}"]) == TokenPrice(input=0.0011, output=0.0055)
    assert tokens(asked[f"global.{JUDGE}"]) == TokenPrice(input=0.001, output=0.005)
    assert tokens(asked["us.anthropic.claude-opus-5"]) == TokenPrice(input=0.006, output=0.03)


def test_prices_of_batch_jobs_are_those_of_the_price_list_where_both_are_known() -> None:
    """Half a price would be a cheap one."""
    output = sku("USE1-NovaLite-output-tokens-batch", ("0.0001300000", "1K tokens"))
    shipped, half, both = (
        found.prices.foundation_models["amazon.nova-lite-v1:0"]
        for found in (merged([]), merged(LISTED), merged([*LISTED, output]))
    )
    assert shipped and half and both
    assert (shipped.batch, half.batch, both.batch) == (None, None, TokenPrice(input=0.00003, output=0.00013))


def test_what_the_price_list_lacks_stays_as_it_is_shipped_and_is_told() -> None:
    """A price that vanishes would refuse runs, one that is made up would let them through."""
    shipped, found = default_prices(), merged(LISTED)
    for model_id in shipped.base_models.keys() - {NOVA_LITE}:
        assert found.prices.base_models[model_id] == shipped.base_models[model_id]
    assert f"/base_models/{HAIKU}/training_per_1000_tokens" in found.kept
    assert f"/base_models/{NOVA_LITE}/training_per_1000_tokens" not in found.kept
    # The age of the oldest price is the file's.
    assert found.prices.as_of == shipped.as_of


def test_changes_are_told_by_place_and_by_figure() -> None:
    """A person decides by them whether to upload the file."""
    assert set(merged(LISTED).changes) == {
        prices.Change(f"/base_models/{NOVA_LITE}/training_per_1000_tokens", 0.002, 0.0021),
        prices.Change("/foundation_models/amazon.nova-lite-v1:0/input", 0.00006, 0.00007),
        prices.Change("/foundation_models/us.amazon.nova-lite-v1:0/input", 0.00006, 0.00007),
        prices.Change("/foundation_models/us.anthropic.claude-opus-5/input", 0.0055, 0.006),
        prices.Change("/foundation_models/us.anthropic.claude-opus-5/output", 0.0275, 0.03),
    }
    assert merged([]).changes == []


def test_of_several_products_the_dearest_counts_and_is_not_confirmed() -> None:
    """Which of them is billed is not known; a cap has to hold for each."""
    usage_type = "USE1-NovaLite-Customization-Training"
    two = [sku(usage_type, ("0.0020000000", "1K tokens")), sku(usage_type, ("0.0040000000", "1K tokens"))]
    training = merged(two).prices.base_models[NOVA_LITE].training_per_1000_tokens
    assert training and (training.usd, training.confirmed) == (0.004, False)
    tiers = [sku(usage_type, ("0.0050000000", "1K tokens"), ("0.0000000000", "1K tokens"))]
    training = merged(tiers).prices.base_models[NOVA_LITE].training_per_1000_tokens
    assert training and (training.usd, training.confirmed) == (0.005, True)


@pytest.mark.parametrize("unit", ["Images", "hour", "", "Units"])
def test_a_unit_that_is_not_understood_gives_no_price(unit: str) -> None:
    """Off by a factor of a thousand is worse than not known."""
    found = merged([sku("USE1-NovaLite-Customization-Training", ("0.0030000000", unit))])
    assert found.changes == []


def test_half_a_price_of_tokens_is_none() -> None:
    """Output that costs nothing would make a run look cheap."""
    assert merged([sku("USE1-NovaLite-input-tokens", ("9.0", "1K tokens"))]).changes == []


@pytest.fixture
def pricing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    # Not tried again by botocore: each answer is one of the script.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    client: Any = boto3.client("pricing", region_name="us-east-1")
    stubber = Stubber(client)
    stubber.activate()
    with mock_aws():
        yield client, stubber


def asked(service: str, region: str, **more: str) -> dict[str, Any]:
    filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}]
    return {"ServiceCode": service, "FormatVersion": "aws_v1", "Filters": filters, **more}


def test_all_pages_of_both_services_and_regions_are_read(pricing: Any) -> None:
    """Prices on a second page are as good."""
    client, stubber = pricing
    first = {"PriceList": [LISTED[0]], "FormatVersion": "aws_v1", "NextToken": "more"}
    stubber.add_response("get_products", first, asked("AmazonBedrock", "us-east-1"))
    for service, token, items in (
        ("AmazonBedrock", {"NextToken": "more"}, LISTED[1:11]),
        ("AmazonBedrockFoundationModels", {}, LISTED[11:]),
    ):
        answer = {"PriceList": items, "FormatVersion": "aws_v1"}
        stubber.add_response("get_products", answer, asked(service, "us-east-1", **token))
    for service in ("AmazonBedrock", "AmazonBedrockFoundationModels"):
        stubber.add_response("get_products", {"PriceList": []}, asked(service, "us-west-2"))
    listed = read_price_list(client, prices.asked_regions("us-east-1"))
    stubber.assert_no_pending_responses()
    assert prices.merge(default_prices(), listed, "us-east-1", TODAY) == merged(LISTED)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "allow your credentials pricing:GetProducts"),
        ("ThrottlingException", "repeat the command in a few minutes"),
        ("InternalErrorException", "gave no answer"),
    ],
)
def test_a_refusal_of_the_price_list_is_told_in_a_sentence(pricing: Any, code: str, said: str) -> None:
    """Who has no such permission has to know which one."""
    client, stubber = pricing
    stubber.add_client_error("get_products", code)
    with pytest.raises(NoPricesError, match=said):
        read_price_list(client, ["us-east-1"])


def test_a_region_without_tuning_is_refused_by_name() -> None:
    with pytest.raises(NoPricesError, match=r"us-east-1.*--region"):
        prices.asked_regions("eu-west-3")


def stacks(outputs: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs of the account's stacks."""
    monkeypatch.setattr(environment, "outputs_of", lambda _cloudformation, stack: outputs.get(stack))


class Called(Account):
    """The caller's account: the Price List after a script, all else moto's."""

    pricing: Any

    def client(self, service: str) -> Any:
        return self.pricing if service == "pricing" else super().client(service)


@pytest.fixture
def command(pricing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command with the Price List's answer; gives the outcome and the file."""
    client, stubber = pricing
    for service, region in (
        ("AmazonBedrock", "us-east-1"),
        ("AmazonBedrockFoundationModels", "us-east-1"),
        ("AmazonBedrock", "us-west-2"),
        ("AmazonBedrockFoundationModels", "us-west-2"),
    ):
        items = LISTED if (service, region) == ("AmazonBedrock", "us-east-1") else []
        stubber.add_response("get_products", {"PriceList": items}, asked(service, region))
    monkeypatch.setattr(Called, "pricing", client, raising=False)
    monkeypatch.setattr(account, "Account", Called)
    out = tmp_path / "new" / "prices.json"

    def run(*words: str) -> tuple[Any, Path]:
        return CliRunner().invoke(main.app, ["prices", "--region", "us-east-1", "--out", str(out), *words]), out

    return run


def test_the_command_writes_a_price_file_and_says_what_changed_and_where_it_belongs(command: Any) -> None:
    done, out = command()
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert f"/base_models/{NOVA_LITE}/training_per_1000_tokens: 0.002 USD, now 0.0021 USD" in text
    assert "Changed: 5 of the shipped prices." in text
    assert "s3://<input bucket>/prices.json" in text
    written = parse_prices(out.read_bytes())
    assert isinstance(written, Prices)
    training = written.base_models[NOVA_LITE].training_per_1000_tokens
    assert training and training.usd == 0.0021
    assert len(out.read_bytes()) < LARGEST_FILE_BYTES / 4


def test_the_file_is_uploaded_where_the_runs_of_the_environment_read_it(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is the stack's, which nobody has to look up."""
    s3: Any = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="in-bucket")
    pipeline = {"StateMachineArn": "arn:machine", "BaseModel": NOVA_LITE}
    data = {"InputBucket": "in-bucket", "OutputBucket": "out-bucket"}
    stacks({"team-data": data, "team-pipeline": pipeline}, monkeypatch)
    done, out = command("--upload", "--deployment", "team")
    assert done.exit_code == 0, done.output
    assert "s3://in-bucket/prices.json" in done.output
    assert s3.get_object(Bucket="in-bucket", Key="prices.json")["Body"].read() == out.read_bytes()


@pytest.fixture
def in_bucket(monkeypatch: pytest.MonkeyPatch, command: Any) -> Any:
    """Puts a price file into the input bucket of the environment `team`; gives the bucket's client."""
    s3: Any = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="in-bucket")
    pipeline = {"StateMachineArn": "arn:machine", "BaseModel": NOVA_LITE}
    data = {"InputBucket": "in-bucket", "OutputBucket": "out-bucket"}
    stacks({"team-data": data, "team-pipeline": pipeline}, monkeypatch)
    return s3


def test_prices_that_somebody_has_filled_in_outlive_an_upload(command: Any, in_bucket: Any) -> None:
    """The Price List has none for Claude 3 Haiku; who knows one has no other place for it."""
    own = json.loads(prices.text_of(default_prices()))
    own["base_models"][HAIKU]["training_per_1000_tokens"] = 0.5
    own["foundation_models"]["my.own-model"] = {"input": 0.1, "output": 0.2}
    # Two of which the bucket knows less than the project ships.
    own["base_models"]["amazon.nova-pro-v1:0:300k"]["storage_per_month"] = None
    del own["foundation_models"][f"us.{JUDGE}"]
    own["throughput_billing_seconds"] = 60
    in_bucket.put_object(Bucket="in-bucket", Key="prices.json", Body=json.dumps(own).encode())
    done, out = command("--upload", "--deployment", "team")
    assert done.exit_code == 0, done.output
    stored = parse_prices(in_bucket.get_object(Bucket="in-bucket", Key="prices.json")["Body"].read())
    assert isinstance(stored, Prices)
    assert stored == parse_prices(out.read_bytes())
    filled = stored.base_models[HAIKU].training_per_1000_tokens
    assert filled and filled.usd == 0.5
    assert tokens(stored.foundation_models["my.own-model"]) == TokenPrice(input=0.1, output=0.2)
    assert stored.throughput_billing_seconds == 60
    # The Price List's, and the shipped ones, all the same.
    assert tokens(stored.foundation_models["amazon.nova-lite-v1:0"]) == TokenPrice(input=0.00007, output=0.00024)
    assert tokens(stored.foundation_models[f"us.{JUDGE}"]) == TokenPrice(input=0.0011, output=0.0055)
    pro = "amazon.nova-pro-v1:0:300k"
    assert stored.base_models[pro].storage_per_month == default_prices().base_models[pro].storage_per_month


def test_a_price_file_with_faults_is_not_replaced(command: Any, in_bucket: Any) -> None:
    """What somebody has filled in there is nowhere else."""
    in_bucket.put_object(Bucket="in-bucket", Key="prices.json", Body=b"{")
    done, _ = command("--upload", "--deployment", "team")
    assert done.exit_code == 1
    assert "s3://in-bucket/prices.json has faults, and is not replaced" in " ".join(done.output.split())
    assert in_bucket.get_object(Bucket="in-bucket", Key="prices.json")["Body"].read() == b"{"


def test_an_upload_to_an_environment_that_does_not_exist_says_so(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there all the same."""
    stacks({}, monkeypatch)
    done, out = command("--upload", "--deployment", "nobody")
    assert done.exit_code == 1
    assert "There is no stack nobody-data" in " ".join(done.output.split())
    assert out.is_file()


def test_a_file_that_is_no_price_file_is_not_written_over(command: Any, tmp_path: Path) -> None:
    """`--out run.json` is a slip of the hand."""
    mine = tmp_path / "run.json"
    mine.write_text("{}")
    done, _ = command("--out", str(mine))
    assert done.exit_code == 2
    assert "is no price file" in " ".join(done.output.split())
    assert mine.read_text() == "{}"


def test_an_earlier_price_file_is_replaced(command: Any) -> None:
    _, out = command()
    assert out.is_file()
    prices.write(out, prices.text_of(default_prices()))
    assert parse_prices(out.read_bytes()) == default_prices()


def test_without_credentials_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    done = CliRunner().invoke(main.app, ["prices", "--out", str(tmp_path / "prices.json")])
    assert done.exit_code == 1
    assert "There are no AWS credentials" in " ".join(done.output.split())
