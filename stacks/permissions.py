"""What each function may do, in one table by the name of its state: the place to look at, and to review.

Resource types per action are those of "Actions, resources, and condition keys for Amazon Bedrock" in the Service Authorization
Reference. The run's id, the job's and the model's are not known at deployment, hence the `*` inside the ARNs.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from stacks.data_stack import DataStack

Statements = list[iam.PolicyStatement]


class Permissions:
    """`of(state)` gives the statements of the state's function."""

    def __init__(self, data: DataStack) -> None:
        self._data = data
        self._stack = cdk.Stack.of(data)
        self.table = self._table()

    def of(self, state: str) -> Statements:
        """The statements of one state's function; raises KeyError for a state that the table lacks."""
        return self.table[state]

    def _table(self) -> dict[str, Statements]:
        out, uploads = self._data.output_bucket, self._data.input_bucket
        job, model, throughput = (
            self._bedrock(kind) for kind in ("model-customization-job/*", "custom-model/*", "provisioned-model/*")
        )
        base = f"arn:{self._stack.partition}:bedrock:{self._stack.region}::foundation-model/*"
        answer = [_read(out, "runs/*/dataset/test.jsonl"), _read_write(out, "runs/*/shards/*"), _list(out, "runs/*")]
        return {
            "ClaimRun": [_read_write(out, "runs/*/claim.json"), _list(out, "runs/*"), *self._key_use()],
            "PrepareDataset": [
                _allow(["s3:GetObject", "s3:GetObjectVersion"], uploads.arn_for_objects("input/*")),
                _list(uploads, "input/*"),
                _read_write(out, "runs/*/dataset/*"),
                _read_write(out, "runs/*/shards/*"),
                _list(out, "runs/*"),
                *self._key_use(),
            ],
            "StartCustomization": [
                _allow(["bedrock:CreateModelCustomizationJob", "bedrock:TagResource"], job, model, base),
                _allow(["bedrock:GetModelCustomizationJob"], job),
                self._pass_role(),
                *self._model_key_use(),
            ],
            "CheckCustomization": [_allow(["bedrock:GetModelCustomizationJob"], job)],
            "StopCustomization": [
                _allow(["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"], job)
            ],
            "AnswerBaselineShard": [_allow(["bedrock:InvokeModel"], base), *answer, *self._key_use()],
            "PurchaseThroughput": [
                _allow(["bedrock:CreateProvisionedModelThroughput", "bedrock:TagResource"], model, base, throughput),
                _allow(["bedrock:GetProvisionedModelThroughput"], throughput),
                *self._model_key_use(),
            ],
            "CheckThroughput": [_allow(["bedrock:GetProvisionedModelThroughput"], throughput)],
            "AnswerShard": [_allow(["bedrock:InvokeModel"], throughput, model), *answer, *self._key_use()],
            "DeleteThroughput": [
                _allow(
                    ["bedrock:GetProvisionedModelThroughput", "bedrock:DeleteProvisionedModelThroughput"], throughput
                )
            ],
            "CollectResponses": [
                _read(out, "runs/*/dataset/*"),
                _read_write(out, "runs/*/shards/*"),
                _read_write(out, "runs/*/evaluation/*"),
                _list(out, "runs/*"),
                *self._key_use(),
            ],
            "WriteReport": [
                _read(out, "runs/*"),
                _allow(["s3:PutObject"], out.arn_for_objects("runs/*/report.*")),
                _list(out, "runs/*"),
                *self._key_use(),
            ],
            "ExplainFailure": [_read_write(out, "runs/*/report.json"), _list(out, "runs/*"), *self._key_use()],
        }

    def _bedrock(self, resource: str) -> str:
        return f"arn:{self._stack.partition}:bedrock:{self._stack.region}:{self._stack.account}:{resource}"

    def _pass_role(self) -> iam.PolicyStatement:
        """The one role, to the one service."""
        return iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[self._data.customization_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
        )

    def _key_use(self) -> Statements:
        """Objects, and a custom model's answers, under the customer's key."""
        key = self._data.key
        return [_allow(["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], key.key_arn)] if key else []

    def _model_key_use(self) -> Statements:
        """What Bedrock does with the key in the caller's name ("Encryption of custom models", Bedrock user guide)."""
        key = self._data.key
        if not key:
            return []
        return [
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"],
                resources=[key.key_arn],
                conditions={
                    "StringEquals": {"kms:ViaService": f"bedrock.{self._stack.region}.{self._stack.url_suffix}"}
                },
            )
        ]


def _allow(actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources))


def _read(bucket: s3.Bucket, keys: str) -> iam.PolicyStatement:
    return _allow(["s3:GetObject"], bucket.arn_for_objects(keys))


def _read_write(bucket: s3.Bucket, keys: str) -> iam.PolicyStatement:
    return _allow(["s3:GetObject", "s3:PutObject"], bucket.arn_for_objects(keys))


def _list(bucket: s3.Bucket, keys: str) -> iam.PolicyStatement:
    """With it S3 answers that a key is missing, without it that access is denied. GetObject brings no prefix, hence IfExists."""
    return iam.PolicyStatement(
        actions=["s3:ListBucket"], resources=[bucket.bucket_arn], conditions={"StringLikeIfExists": {"s3:prefix": keys}}
    )
