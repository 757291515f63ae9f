"""What the checks that cost dollars create: its names, its tags, and the bucket and the role that the job needs.

All of it belongs to an environment of a name that no environment of the pipeline can have (more than 20 characters), so
that neither touches what the other has.
"""

import json
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from lambdas.domain.core.run import CANDIDATE_TAG, KEEP_JOB_TAG, KEEP_MODEL_TAG, LEASE_TAG, bedrock_name, bedrock_tags
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.models.catalogue import BaseModelEntry

ENVIRONMENT = "fine-tuning-conformance"
LEASE_HOURS = 24
CANDIDATE = 1
_RECORD_CHARACTERS = 60
_DIGEST = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True)
class Belongings:
    """The names of one start of the checks in a Region; `digest` tells it from all others."""

    region: str
    digest: str = field(default_factory=lambda: secrets.token_hex(6))

    @property
    def run_id(self) -> str:
        """As a run of the pipeline would have it."""
        return f"check-{self.digest}"

    @property
    def name(self) -> str:
        """The deployment's."""
        return bedrock_name(ENVIRONMENT, self.run_id)

    @property
    def job_name(self) -> str:
        """The job's and the model's."""
        return bedrock_name(ENVIRONMENT, self.run_id, CANDIDATE)

    @property
    def bucket(self) -> str:
        """The bucket's, and the role's."""
        return f"{ENVIRONMENT}-{self.region}-{self.digest}"

    @property
    def role_path(self) -> str:
        """IAM's own folder of the roles, by which those of earlier starts are found."""
        return f"/{ENVIRONMENT}/{self.region}/"

    def tags(self) -> dict[str, str]:
        """Of all that is created: as the pipeline's, without an execution, which says that nobody keeps it."""
        tags = bedrock_tags(ENVIRONMENT, self.run_id, "")
        del tags["execution-arn"]
        lease = {LEASE_TAG: later(now(), LEASE_HOURS * 3600)}
        return {**tags, **lease, CANDIDATE_TAG: str(CANDIDATE), KEEP_MODEL_TAG: "false", KEEP_JOB_TAG: "false"}


def records(entry: BaseModelEntry) -> list[dict[str, Any]]:
    """The least training set that a job of the model takes: brief conversations."""
    return [
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Reply with the number only."}],
            "messages": [
                {"role": "user", "content": [{"text": f"What is {number} plus one?"}]},
                {"role": "assistant", "content": [{"text": str(number + 1)}]},
            ],
        }
        for number in range(entry.limits.train.min_records)
    ]


def most_tokens(entry: BaseModelEntry) -> int:
    """A bound of the training set's tokens: no token is shorter than a character."""
    return entry.limits.train.min_records * _RECORD_CHARACTERS


def make_bucket(s3: Any, own: Belongings, lines: Sequence[dict[str, Any]]) -> None:
    """The bucket with the training set."""
    where = {} if own.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": own.region}}
    s3.create_bucket(Bucket=own.bucket, **where)
    tags = [{"Key": key, "Value": value} for key, value in own.tags().items()]
    s3.put_bucket_tagging(Bucket=own.bucket, Tagging={"TagSet": tags})
    body = "".join(f"{json.dumps(line)}\n" for line in lines)
    s3.put_object(Bucket=own.bucket, Key="train.jsonl", Body=body.encode())


def make_role(iam: Any, account: str, own: Belongings) -> str:
    """The job's role, which may use the bucket and nothing else; returns its ARN."""
    trust = _policy(
        {
            "Principal": {"Service": "bedrock.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnEquals": {"aws:SourceArn": f"arn:aws:bedrock:{own.region}:{account}:model-customization-job/*"},
            },
        }
    )
    use = _policy(
        {
            "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{own.bucket}", f"arn:aws:s3:::{own.bucket}/*"],
        }
    )
    tags = [{"Key": key, "Value": value} for key, value in own.tags().items()]
    made = iam.create_role(Path=own.role_path, RoleName=own.bucket, AssumeRolePolicyDocument=trust, Tags=tags)
    iam.put_role_policy(RoleName=own.bucket, PolicyName="data", PolicyDocument=use)
    arn: str = made["Role"]["Arn"]
    return arn


def buckets(s3: Any, own: Belongings) -> list[str]:
    """The buckets of all starts of the checks in the Region."""
    prefix = f"{ENVIRONMENT}-{own.region}-"
    names = (one["Name"] for one in s3.list_buckets()["Buckets"])
    return [name for name in names if name.startswith(prefix) and _DIGEST.fullmatch(name.removeprefix(prefix))]


def roles(iam: Any, own: Belongings) -> list[str]:
    """The roles of all starts of the checks in the Region."""
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=own.role_path)
    return [one["RoleName"] for page in pages for one in page["Roles"]]


def delete_bucket(s3: Any, bucket: str) -> None:
    """With all that it has; one that does not exist is deleted already."""
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def delete_role(iam: Any, role: str) -> None:
    """With its policy; one that does not exist is deleted already."""
    with suppress(iam.exceptions.NoSuchEntityException):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=policy)
        iam.delete_role(RoleName=role)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
