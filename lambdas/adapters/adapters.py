"""Every adapter, made at its first use: a function loads what it calls, and nothing else."""
# ruff: noqa: PLC0415 - imports within the properties are the point: a cold start pays for each module

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambdas.adapters.aws.batch_inference import BatchInference
    from lambdas.adapters.aws.bedrock import Bedrock
    from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
    from lambdas.adapters.aws.clients import Clients
    from lambdas.adapters.aws.custom_model_deployments import CustomModelDeployments
    from lambdas.adapters.aws.executions import Executions
    from lambdas.adapters.aws.foundation_models import FoundationModels
    from lambdas.adapters.aws.identity import Identity
    from lambdas.adapters.aws.lambda_account import LambdaAccount
    from lambdas.adapters.aws.networks import Networks
    from lambdas.adapters.aws.object_store import ObjectStore
    from lambdas.adapters.aws.provisioned_throughputs import ProvisionedThroughputs
    from lambdas.adapters.aws.quotas import Quotas
    from lambdas.adapters.aws.served_models import ServedModels
    from lambdas.adapters.aws.stacks import Stacks
    from lambdas.adapters.aws.taken_names import TakenNames
    from lambdas.adapters.aws.topic import Topic
    from lambdas.adapters.stores.approvals import Approvals
    from lambdas.adapters.stores.batch_files import BatchFiles
    from lambdas.adapters.stores.champion_answers import StoredChampionAnswers
    from lambdas.adapters.stores.champion_parameter import ChampionParameter
    from lambdas.adapters.stores.champion_servings import ChampionServings
    from lambdas.adapters.stores.customization_output import CustomizationOutput
    from lambdas.adapters.stores.daily_runs import DailyRuns
    from lambdas.adapters.stores.endpoint_parameter import EndpointParameter
    from lambdas.adapters.stores.lineage import LineageReader
    from lambdas.adapters.stores.model_choice import ModelChoice
    from lambdas.adapters.stores.model_notices import ModelNotices
    from lambdas.adapters.stores.preflight_documents import PreflightDocuments
    from lambdas.adapters.stores.price_file import PriceFile
    from lambdas.adapters.stores.run_index import RunIndex
    from lambdas.adapters.stores.standing_notices import StandingNotices
    from lambdas.adapters.stores.stored_answers import StoredAnswers
    from lambdas.adapters.stores.stored_curation import StoredCuration
    from lambdas.adapters.stores.stored_judging import StoredJudging
    from lambdas.adapters.stores.test_set_uses import TestSetUses
    from lambdas.adapters.stores.throughput_slots import ThroughputSlots
    from lambdas.adapters.stores.told_uploads import ToldUploads


class Adapters:
    """The adapters of one account and Region. Steps take it as an argument."""

    def __init__(self, clients: "Clients") -> None:
        self.clients = clients

    @cached_property
    def objects(self) -> "ObjectStore":
        """Objects in S3. Every method raises ServiceBusy or Refused."""
        from lambdas.adapters.aws.object_store import ObjectStore

        return ObjectStore(self.clients.s3)

    @cached_property
    def bedrock(self) -> "Bedrock":
        """Bedrock's control plane."""
        from lambdas.adapters.aws.bedrock import Bedrock

        return Bedrock(self.clients.bedrock)

    @cached_property
    def batch(self) -> "BatchInference":
        """Bedrock's batch inference."""
        from lambdas.adapters.aws.batch_inference import BatchInference

        return BatchInference(self.clients.bedrock)

    @cached_property
    def runtime(self) -> "BedrockRuntime":
        """Bedrock's inference."""
        from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime

        return BedrockRuntime(self.clients.bedrock_runtime)

    @cached_property
    def throughputs(self) -> "ProvisionedThroughputs":
        """Bedrock's provisioned throughput."""
        from lambdas.adapters.aws.provisioned_throughputs import ProvisionedThroughputs

        return ProvisionedThroughputs(self.clients.bedrock)

    @cached_property
    def deployments(self) -> "CustomModelDeployments":
        """Bedrock's custom model deployments."""
        from lambdas.adapters.aws.custom_model_deployments import CustomModelDeployments

        return CustomModelDeployments(self.clients.bedrock)

    @cached_property
    def executions(self) -> "Executions":
        """The state machine's executions."""
        from lambdas.adapters.aws.executions import Executions

        return Executions(self.clients.step_functions)

    @cached_property
    def foundation_models(self) -> "FoundationModels":
        """Foundation models in this Region."""
        from lambdas.adapters.aws.foundation_models import FoundationModels

        return FoundationModels(self.clients.bedrock, self.runtime)

    @cached_property
    def identity(self) -> "Identity":
        """Roles and keys."""
        from lambdas.adapters.aws.identity import Identity

        return Identity(self.clients.iam, self.clients.kms)

    @cached_property
    def quotas(self) -> "Quotas":
        """The account's quotas in Bedrock."""
        from lambdas.adapters.aws.quotas import Quotas

        return Quotas(self.clients.service_quotas, self.clients.bedrock)

    @cached_property
    def networks(self) -> "Networks":
        """VPCs."""
        from lambdas.adapters.aws.networks import Networks

        return Networks(self.clients.ec2)

    @cached_property
    def lambda_account(self) -> "LambdaAccount":
        """The account's settings of AWS Lambda."""
        from lambdas.adapters.aws.lambda_account import LambdaAccount

        return LambdaAccount(self.clients.functions)

    @cached_property
    def topic(self) -> "Topic":
        """The topic that people read."""
        from lambdas.adapters.aws.topic import Topic

        return Topic(self.clients.sns)

    @cached_property
    def served_models(self) -> "ServedModels":
        """Throughputs and deployments alike."""
        from lambdas.adapters.aws.served_models import ServedModels

        return ServedModels(self.throughputs, self.deployments)

    @cached_property
    def stacks(self) -> "Stacks":
        """CloudFormation's stacks."""
        from lambdas.adapters.aws.stacks import Stacks

        return Stacks(self.clients.cloudformation)

    @cached_property
    def taken_names(self) -> "TakenNames":
        """What has the names of a run."""
        from lambdas.adapters.aws.taken_names import TakenNames

        return TakenNames(self.bedrock, self.served_models)

    @cached_property
    def approvals(self) -> "Approvals":
        """Runs' `approval.json`."""
        from lambdas.adapters.stores.approvals import Approvals

        return Approvals(self.objects)

    @cached_property
    def batch_files(self) -> "BatchFiles":
        """Questions and answers of batch jobs in the output bucket."""
        from lambdas.adapters.stores.batch_files import BatchFiles

        return BatchFiles(self.objects)

    @cached_property
    def champion(self) -> "ChampionParameter":
        """The environment's champion."""
        from lambdas.adapters.stores.champion_parameter import ChampionParameter

        return ChampionParameter(self.clients.ssm)

    @cached_property
    def endpoint(self) -> "EndpointParameter":
        """What applications call the environment's model by."""
        from lambdas.adapters.stores.endpoint_parameter import EndpointParameter

        return EndpointParameter(self.clients.ssm)

    @cached_property
    def champion_answers(self) -> "StoredChampionAnswers":
        """The champion's stored answers."""
        from lambdas.adapters.stores.champion_answers import StoredChampionAnswers

        return StoredChampionAnswers(self.champion, self.answers)

    @cached_property
    def champion_servings(self) -> "ChampionServings":
        """What was begun so that the champion is served."""
        from lambdas.adapters.stores.champion_servings import ChampionServings

        return ChampionServings(self.objects)

    @cached_property
    def customization_output(self) -> "CustomizationOutput":
        """The files that Bedrock writes for a job."""
        from lambdas.adapters.stores.customization_output import CustomizationOutput

        return CustomizationOutput(self.objects)

    @cached_property
    def lineage(self) -> "LineageReader":
        """The objects that a result was made from."""
        from lambdas.adapters.stores.lineage import LineageReader

        return LineageReader(self.objects)

    @cached_property
    def model_choice(self) -> "ModelChoice":
        """The stored choice among the models of a run."""
        from lambdas.adapters.stores.model_choice import ModelChoice

        return ModelChoice(self.objects)

    @cached_property
    def model_notices(self) -> "ModelNotices":
        """Of which custom models people were told that they go."""
        from lambdas.adapters.stores.model_notices import ModelNotices

        return ModelNotices(self.objects)

    @cached_property
    def preflight_documents(self) -> "PreflightDocuments":
        """Runs' `preflight.json`."""
        from lambdas.adapters.stores.preflight_documents import PreflightDocuments

        return PreflightDocuments(self.objects)

    @cached_property
    def price_file(self) -> "PriceFile":
        """The price file at the root of the input bucket."""
        from lambdas.adapters.stores.price_file import PriceFile

        return PriceFile(self.objects)

    @cached_property
    def run_index(self) -> "RunIndex":
        """The index of the runs that have ended."""
        from lambdas.adapters.stores.run_index import RunIndex

        return RunIndex(self.objects)

    @cached_property
    def standing_notices(self) -> "StandingNotices":
        """When people were told of throughput that is kept."""
        from lambdas.adapters.stores.standing_notices import StandingNotices

        return StandingNotices(self.objects)

    @cached_property
    def answers(self) -> "StoredAnswers":
        """The models' answers in the output bucket."""
        from lambdas.adapters.stores.stored_answers import StoredAnswers

        return StoredAnswers(self.objects)

    @cached_property
    def curation(self) -> "StoredCuration":
        """What models are asked in curation, and their replies, in the output bucket."""
        from lambdas.adapters.stores.stored_curation import StoredCuration

        return StoredCuration(self.objects)

    @cached_property
    def judging(self) -> "StoredJudging":
        """The judges' pairs and answers in the output bucket."""
        from lambdas.adapters.stores.stored_judging import StoredJudging

        return StoredJudging(self.objects)

    @cached_property
    def slots(self) -> "ThroughputSlots":
        """The slots in the output bucket."""
        from lambdas.adapters.stores.throughput_slots import ThroughputSlots

        return ThroughputSlots(self.objects)

    @cached_property
    def daily_runs(self) -> "DailyRuns":
        """How many runs started today."""
        from lambdas.adapters.stores.daily_runs import DailyRuns

        return DailyRuns(self.objects)

    @cached_property
    def test_set_uses(self) -> "TestSetUses":
        """Which runs were evaluated on a test set."""
        from lambdas.adapters.stores.test_set_uses import TestSetUses

        return TestSetUses(self.objects)

    @cached_property
    def told_uploads(self) -> "ToldUploads":
        """What was told of uploads that start no run."""
        from lambdas.adapters.stores.told_uploads import ToldUploads

        return ToldUploads(self.objects)
