"""What each function may do, in one table by the name of its state: the place to look at, and to review.

The resources of an action are those of "Actions, resources, and condition keys for Amazon Bedrock" in the Service
Authorization Reference. Why some of them hold a `*` is told in `acknowledgements.py`.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.bedrock_access import ask_models, bedrock_arn
from stacks.data_stack import Data

Statements = list[iam.PolicyStatement]

SLOTS = "throughput-slots/*"
DAILY_RUNS = "run-limits/*"
TEST_SETS = "test-sets/*"
TOLD = "told-uploads/*"
SWEEP = "runs/*/sweep.json"
# Written where the chosen candidate could not be served.
GIVEN_UP = "runs/*/given-up.json"
# Asks, replies, and the items of the maps of a run's curation; and what it writes beside the split's sets.
CURATION = "runs/*/curation/*"
CURATED = ("train-cleaned", "train-synthetic", "cleaning", "synthesis")
MODEL_NOTICES = "model-notices/*"
# Of throughput that is kept for applications.
STANDING_NOTICES = "standing-notices/*"
CHAMPION_SERVING = "champion-serving.json"
# The tag `project` of all that runs make.
OWN_PROJECT = "bedrock-fine-tuning"
RUN_INDEX, RUN_INDEX_PAGE = "run-index/*", "runs/index.html"
BATCH_JOBS = "model-invocation-job/*"
BATCH_INPUTS, BATCH_OUTPUTS = "runs/*/batch/*/asks.jsonl", "runs/*/batch/*/output/*"
# What the preflight asks of a VPC; EC2's Describe actions know no resources.
NETWORK_PARTS = ("Subnets", "SecurityGroups", "VpcEndpoints")
# Lists that know no resources.
LISTED = (
    "ProvisionedModelThroughputs",
    "CustomModelDeployments",
    "ModelCustomizationJobs",
    "ModelInvocationJobs",
    "CustomModels",
)


def permissions_by_state(
    scope: Construct, data: Data, *, topic: sns.ITopic, alarm_topic: sns.ITopic, deployment: str, in_vpc: bool
) -> dict[str, Statements]:
    """The statements of each state's function, beside its logs and traces."""
    out, uploads = data.output_bucket, data.input_bucket
    base = bedrock_arn(scope, "foundation-model/*", account="")
    job = bedrock_arn(scope, "model-customization-job/*")
    model = bedrock_arn(scope, "custom-model/*")
    throughput, deployed = bedrock_arn(scope, "provisioned-model/*"), bedrock_arn(scope, "custom-model-deployment/*")
    runs, slots = _list(out, "runs/*"), _list(out, SLOTS)
    key, model_key = _key_use(data), _model_key_use(scope, data)
    look = [
        _allow(["bedrock:GetProvisionedModelThroughput"], throughput),
        _allow(["bedrock:GetCustomModelDeployment"], deployed),
    ]
    questions = [_read(out, f"runs/*/dataset/{name}.jsonl") for name in ("test", "examples")]
    answer = [*questions, _read_write(out, "runs/*/shards/*"), runs, *key]
    prices = [_read(uploads, "prices.json"), _list(uploads, "prices.json")]
    champion = _champion(scope, deployment)
    return {
        "ClaimRun": [
            _read_write(out, "runs/*/claim.json"),
            _read(out, "runs/*/report.json"),
            _read_write(out, DAILY_RUNS),
            # Covers a missing report, too: a GetObject has no prefix.
            _list(out, DAILY_RUNS),
            *key,
        ],
        "ValidateDataset": [
            _allow(["s3:GetObject", "s3:GetObjectVersion"], uploads.arn_for_objects("input/*")),
            _list(uploads, "input/*"),
            _write_parts(out, "runs/*/dataset/*"),
            _write_parts(out, "runs/*/shards/*"),
            *key,
        ],
        "RunPreflight": [
            _allow(["bedrock:GetFoundationModel"], base),
            *ask_models(scope),
            _allow(["bedrock:GetModelCustomizationJob"], job),
            _allow(["bedrock:GetCustomModel"], model),
            _allow(["bedrock:GetProvisionedModelThroughput"], throughput),
            _allow(["bedrock:GetCustomModelDeployment"], deployed),
            _allow(["bedrock:ListTagsForResource"], model, throughput, deployed),
            _allow(["bedrock:ListProvisionedModelThroughputs", "bedrock:ListModelCustomizationJobs"], "*"),
            _allow(["bedrock:ListCustomModelDeployments", "bedrock:ListCustomModels"], "*"),
            _allow(["bedrock:GetFoundationModelAvailability"], "*"),
            _allow(["servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"], "*"),
            _allow(["s3:GetBucketLocation"], uploads.bucket_arn, out.bucket_arn),
            _allow(["iam:GetRole", "iam:SimulatePrincipalPolicy"], data.customization_role_arn),
            _allow(["lambda:GetAccountSettings"], "*"),
            *([_allow([f"ec2:Describe{each}" for each in NETWORK_PARTS], "*")] if in_vpc else []),
            _allow(["sns:GetTopicAttributes"], topic.topic_arn, alarm_topic.topic_arn),
            _read(uploads, "prices.json"),
            _list(uploads, "prices.json"),
            _list(uploads, "input/*"),
            _allow(["s3:PutObject"], out.arn_for_objects("runs/*/preflight.json")),
            *key,
        ],
        "CurateTrainingSet": [
            *[_read(out, f"runs/*/dataset/{name}.jsonl") for name in ("train", "validation", "test", "documents")],
            *[_write_parts(out, f"runs/*/dataset/{name}.jsonl") for name in CURATED],
            _read_write(out, CURATION),
            # What a person is shown before records are removed.
            _allow(["s3:PutObject"], out.arn_for_objects("runs/*/dataset/removal.txt")),
            # The final sets are held against the cap by the preflight's estimate.
            _read(out, "runs/*/preflight.json"),
            *_run_batch_jobs(scope, data, deployment),
            runs,
            *key,
        ],
        "AskCuratorShard": [*ask_models(scope), _read_write(out, CURATION), runs, *key],
        "StartJobs": [
            # The job among them as in CDK's own grant, although IAM's reference does not list it.
            _allow(["bedrock:CreateModelCustomizationJob"], job, model, base),
            _tag(deployment, job, model),
            _allow(["bedrock:GetModelCustomizationJob"], job),
            # The model that run.json names.
            _allow(["bedrock:GetCustomModel"], model),
            _pass_role(data.customization_role_arn),
            *model_key,
        ],
        "CheckJobs": [
            _allow(["bedrock:GetModelCustomizationJob"], job),
            # One that does not begin to train.
            _allow_ours(["bedrock:StopModelCustomizationJob"], deployment, job),
            _read(out, "runs/*/customization/*"),
            _allow(["sns:Publish"], topic.topic_arn),
            runs,
            *key,
        ],
        "ChooseModel": [_allow(["s3:PutObject"], out.arn_for_objects(SWEEP)), *key],
        "StopJobs": [
            _allow(["bedrock:GetModelCustomizationJob"], job),
            _allow_ours(["bedrock:StopModelCustomizationJob"], deployment, job),
            *_stop_batch_jobs(scope, deployment),
        ],
        "AskBaselinesInBatch": [
            *questions,
            _read_write(out, "runs/*/shards/*"),
            *_run_batch_jobs(scope, data, deployment),
            runs,
            *key,
        ],
        "AnswerBaselineShard": [*ask_models(scope), *answer],
        "RequestApproval": [
            _read(out, "runs/*/preflight.json"),
            # Reads how an earlier request of the run was answered.
            _read_write(out, "runs/*/approval.json"),
            _allow(["sns:Publish"], topic.topic_arn),
            runs,
            *key,
        ],
        "AcquireSlot": [_read_write(out, SLOTS), _read(out, GIVEN_UP), slots, *key],
        "PurchaseThroughputOrDeploy": [
            _allow_ours(
                ["bedrock:CreateProvisionedModelThroughput", "bedrock:CreateCustomModelDeployment"], deployment, model
            ),
            _tag(deployment, throughput, deployed),
            *look,
            # What a full quota is in use by: lists know no resources.
            _allow(["bedrock:ListProvisionedModelThroughputs", "bedrock:ListCustomModelDeployments"], "*"),
            _read(out, SLOTS),
            # Told of a quota that is waited for.
            _allow(["sns:Publish"], topic.topic_arn),
            # Given back while a quota is waited for.
            _delete_versions(out, SLOTS),
            slots,
            *key,
            *model_key,
        ],
        "CheckServing": look,
        "AnswerShard": [_allow_ours(["bedrock:InvokeModel"], deployment, throughput, deployed), *answer],
        "DeleteThroughputOrDeployment": [
            *look,
            _allow_ours(["bedrock:DeleteProvisionedModelThroughput"], deployment, throughput),
            _allow_ours(["bedrock:DeleteCustomModelDeployment"], deployment, deployed),
            # Written where the deletion has failed for good.
            _read_write(out, SLOTS),
            _allow(["s3:PutObject"], out.arn_for_objects(GIVEN_UP)),
            _delete_versions(out, SLOTS),
            slots,
            *key,
        ],
        "DiscardModels": [
            _allow(["bedrock:GetCustomModel", "bedrock:ListTagsForResource"], model),
            _delete_candidates(model, deployment),
            _read(out, SWEEP),
            runs,
            *key,
        ],
        "CollectAnswers": [
            _read(out, "runs/*/dataset/*"),
            _read(out, "runs/*/shards/*"),
            _read(out, "runs/*/evaluation/*"),
            *(_write_parts(out, f"runs/*/{keys}") for keys in ("shards/*", "evaluation/*", "judging/pairs.jsonl")),
            runs,
            *key,
        ],
        "AskJudgesInBatch": [
            _read(out, "runs/*/shards/judges.jsonl"),
            _read(out, "runs/*/judging/pairs.jsonl"),
            _read_write(out, "runs/*/judging/*/*.jsonl"),
            *_run_batch_jobs(scope, data, deployment),
            runs,
            *key,
        ],
        "JudgeShard": [
            *ask_models(scope),
            _read(out, "runs/*/judging/pairs.jsonl"),
            _read_write(out, "runs/*/judging/*/*.jsonl"),
            runs,
            *key,
        ],
        "EvaluateAndReport": [
            _read(out, "runs/*"),
            _allow(
                ["s3:PutObject"],
                *map(out.arn_for_objects, ("runs/*/report.*", "runs/*/human_review.html", TEST_SETS)),
            ),
            _write_parts(out, "runs/*/errors.csv"),
            _list(out, TEST_SETS),
            _allow(["ssm:GetParameter"], champion),
            runs,
            *prices,
            *key,
        ],
        "PromoteChampion": [
            _read(out, "runs/*/report.json"),
            _allow(["ssm:GetParameter", "ssm:PutParameter"], champion, _parameter(scope, deployment, "endpoint")),
            runs,
            *key,
        ],
        "ExplainFailure": [
            _read_write(out, "runs/*/report.json"),
            _read(out, "runs/*/shards/*"),
            _read(out, "runs/*/approval.json"),
            _read(out, "runs/*/preflight.json"),
            # What a curation that has ended the run has come to, and has cost.
            _read(out, CURATION),
            *[_read(out, f"runs/*/dataset/{name}.jsonl") for name in ("cleaning", "synthesis")],
            runs,
            *key,
        ],
    }


def preflight_of(starter: iam.IRole) -> iam.PolicyStatement:
    """RunPreflight asks IAM whether the role that starts jobs may pass the customization role to Bedrock."""
    return _allow(["iam:SimulatePrincipalPolicy"], starter.role_arn)


def owner_of_a_run(state_machine: stepfunctions.StateMachine) -> iam.PolicyStatement:
    """ClaimRun asks what became of the execution that has the run already."""
    return _allow(["states:DescribeExecution"], _executions(state_machine))


def teller_permissions(data: Data, *, topic: sns.ITopic) -> Statements:
    """What tells people of an upload that starts no run: it looks for train.jsonl, and records what was told."""
    out = data.output_bucket
    return [
        _list(data.input_bucket, "input/*"),
        _allow(["s3:GetObject", "s3:PutObject"], out.arn_for_objects(TOLD)),
        _list(out, TOLD),
        _allow(["sns:Publish"], topic.topic_arn),
        *_key_use(data),
    ]


def reconciler_permissions(
    scope: Construct,
    data: Data,
    *,
    state_machine: stepfunctions.StateMachine,
    topic: sns.ITopic,
    deployment: str,
    expire_models: bool,
    serve_champion: bool,
) -> Statements:
    """What the reconciler may do. It cannot end what carries another environment's tag, whatever its code decides.

    Models that were chosen are in its reach only where the environment deletes them by their age. It makes nothing but
    the champion's deployment, and that only where the environment serves it.
    """
    out, stack = data.output_bucket, cdk.Stack.of(scope)
    throughput, deployed = bedrock_arn(scope, "provisioned-model/*"), bedrock_arn(scope, "custom-model-deployment/*")
    job, model = bedrock_arn(scope, "model-customization-job/*"), bedrock_arn(scope, "custom-model/*")
    batch_job = bedrock_arn(scope, BATCH_JOBS)
    executions = _executions(state_machine)
    return [
        _allow([f"bedrock:List{kind}" for kind in LISTED], "*"),
        _allow(["bedrock:ListTagsForResource"], throughput, deployed, job, batch_job, model),
        _allow(["bedrock:GetProvisionedModelThroughput"], throughput),
        _allow(["bedrock:GetCustomModelDeployment"], deployed),
        _allow(["bedrock:GetModelCustomizationJob"], job),
        _allow(["bedrock:GetModelInvocationJob"], batch_job),
        _allow(["bedrock:GetCustomModel"], model),
        _allow_ours(["bedrock:DeleteProvisionedModelThroughput"], deployment, throughput),
        _allow_ours(["bedrock:DeleteCustomModelDeployment"], deployment, deployed),
        _allow_ours(["bedrock:StopModelCustomizationJob"], deployment, job),
        _allow_ours(["bedrock:StopModelInvocationJob"], deployment, batch_job),
        _delete_candidates(model, deployment),
        _allow(["states:ListExecutions"], state_machine.state_machine_arn),
        _allow(["states:DescribeExecution", "states:StopExecution"], executions),
        _read(out, "runs/*/claim.json"),
        _read(out, "runs/*/preflight.json"),
        _read(out, SWEEP),
        # Read for the index of the runs.
        _read_write(out, "runs/*/report.json"),
        _read_write(out, RUN_INDEX),
        _list(out, RUN_INDEX),
        _read_write(out, RUN_INDEX_PAGE),
        _read(out, SLOTS),
        _delete_versions(out, SLOTS),
        _list(out, SLOTS),
        _read_write(out, STANDING_NOTICES),
        _list(out, STANDING_NOTICES),
        _list(out, "runs/*"),
        _allow(["sns:Publish"], topic.topic_arn),
        _allow(["cloudformation:DescribeStacks"], stack.stack_id),
        *([_allow(["ssm:GetParameter"], _champion(scope, deployment))] if expire_models or serve_champion else []),
        *(_expire_models(out, model, deployment) if expire_models else []),
        # It names nothing that is gone, whatever served it.
        _allow(["ssm:GetParameter", "ssm:PutParameter"], _parameter(scope, deployment, "endpoint")),
        _read_write(out, CHAMPION_SERVING),
        _list(out, CHAMPION_SERVING),
        *(_serve_champion(scope, data, deployment) if serve_champion else []),
        *_key_use(data),
    ]


def _serve_champion(scope: Construct, data: Data, deployment: str) -> Statements:
    """A deployment of the environment's model, with the environment's tag, and another model for it later."""
    deployed, model = bedrock_arn(scope, "custom-model-deployment/*"), bedrock_arn(scope, "custom-model/*")
    return [
        _allow_ours(["bedrock:CreateCustomModelDeployment"], deployment, model),
        _allow_ours(["bedrock:UpdateCustomModelDeployment"], deployment, deployed, model),
        _tag(deployment, deployed),
        *_model_key_use(scope, data),
    ]


def _expire_models(out: s3.IBucket, model: str, deployment: str) -> Statements:
    """Any model that a run of this environment has made, by its tags."""
    ours = {"aws:ResourceTag/deployment": deployment, "aws:ResourceTag/project": OWN_PROJECT}
    return [
        iam.PolicyStatement(
            actions=["bedrock:DeleteCustomModel"], resources=[model], conditions={"StringEquals": ours}
        ),
        _read_write(out, MODEL_NOTICES),
        _list(out, MODEL_NOTICES),
    ]


def _champion(scope: Construct, deployment: str) -> str:
    return _parameter(scope, deployment, "champion")


def _parameter(scope: Construct, deployment: str, name: str) -> str:
    return cdk.Stack.of(scope).format_arn(service="ssm", resource="parameter", resource_name=f"{deployment}/{name}")


def _run_batch_jobs(scope: Construct, data: Data, deployment: str) -> Statements:
    """Questions go up, a job asks them, answers come down: of any model that can be asked here."""
    job, out = bedrock_arn(scope, BATCH_JOBS), data.output_bucket
    base, profile = bedrock_arn(scope, "foundation-model/*", account=""), bedrock_arn(scope, "inference-profile/*")
    return [
        _allow(["bedrock:CreateModelInvocationJob"], job, base, profile),
        _tag(deployment, job),
        *_stop_batch_jobs(scope, deployment),
        _pass_role(data.batch_role_arn),
        _read(out, BATCH_OUTPUTS),
        _write_parts(out, BATCH_INPUTS),
    ]


def _stop_batch_jobs(scope: Construct, deployment: str) -> Statements:
    """A list, which knows no resources, finds a job by its name."""
    job = bedrock_arn(scope, BATCH_JOBS)
    return [
        _allow(["bedrock:ListModelInvocationJobs"], "*"),
        _allow(["bedrock:GetModelInvocationJob"], job),
        _allow_ours(["bedrock:StopModelInvocationJob"], deployment, job),
    ]


def _executions(state_machine: stepfunctions.StateMachine) -> str:
    return cdk.Stack.of(state_machine).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{state_machine.state_machine_name}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def _allow(actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources))


def _allow_ours(actions: list[str], deployment: str, *resources: str) -> iam.PolicyStatement:
    """Not on what carries another environment's tag.

    "IfExists": what has lost its tags would otherwise bill for ever, and a model that was paid for could not be served.
    That a model without the tag is not served, the preflight sees to.
    """
    return iam.PolicyStatement(
        actions=actions,
        resources=list(resources),
        conditions={"StringEqualsIfExists": {"aws:ResourceTag/deployment": deployment}},
    )


def _tag(deployment: str, *resources: str) -> iam.PolicyStatement:
    """With this environment's tag among the tags, on what is made with them or is its own already."""
    return iam.PolicyStatement(
        actions=["bedrock:TagResource"],
        resources=list(resources),
        conditions={
            "StringEquals": {"aws:RequestTag/deployment": deployment},
            "StringEqualsIfExists": {"aws:ResourceTag/deployment": deployment},
        },
    )


def _read(bucket: s3.IBucket, keys: str) -> iam.PolicyStatement:
    return _allow(["s3:GetObject"], bucket.arn_for_objects(keys))


def _read_write(bucket: s3.IBucket, keys: str) -> iam.PolicyStatement:
    """Objects that go up whole."""
    return _allow(["s3:GetObject", "s3:PutObject"], bucket.arn_for_objects(keys))


def _write_parts(bucket: s3.IBucket, keys: str) -> iam.PolicyStatement:
    """Objects that go up in parts where they are large; an upload that fails is taken back."""
    return _allow(["s3:PutObject", "s3:AbortMultipartUpload"], bucket.arn_for_objects(keys))


def _delete_versions(bucket: s3.IBucket, keys: str) -> iam.PolicyStatement:
    """One version at a time, as it was read: what somebody has written since stays."""
    return _allow(["s3:DeleteObjectVersion"], bucket.arn_for_objects(keys))


def _list(bucket: s3.IBucket, keys: str) -> iam.PolicyStatement:
    """With it S3 says that a key is missing, without it that access is denied; a GetObject has no prefix: IfExists."""
    conditions = {"StringLikeIfExists": {"s3:prefix": keys}}
    return iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn], conditions=conditions)


def _delete_candidates(model: str, deployment: str) -> iam.PolicyStatement:
    """Models of this environment's candidates that nothing keeps: no other is in reach, whatever the code decides."""
    return iam.PolicyStatement(
        actions=["bedrock:DeleteCustomModel"],
        resources=[model],
        conditions={
            "StringEquals": {"aws:ResourceTag/deployment": deployment, "aws:ResourceTag/keep-model": "false"},
            "Null": {"aws:ResourceTag/sweep-candidate": "false"},
        },
    )


def _pass_role(role_arn: str) -> iam.PolicyStatement:
    """The one role, to the one service."""
    return iam.PolicyStatement(
        actions=["iam:PassRole"],
        resources=[role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
    )


def _key_use(data: Data) -> Statements:
    """Objects, and the answers of a custom model, under the customer's key."""
    actions = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
    return [_allow(actions, data.key.key_arn)] if data.key else []


def _model_key_use(scope: Construct, data: Data) -> Statements:
    """What Bedrock does with the key in the caller's name ("Encryption of custom models", Bedrock user guide)."""
    if not data.key:
        return []
    stack = cdk.Stack.of(scope)
    return [
        iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"],
            resources=[data.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"bedrock.{stack.region}.{stack.url_suffix}"}},
        )
    ]
