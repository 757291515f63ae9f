"""What S3 checks ("Required permissions for Amazon S3 API operations" in its user guide).

Where an object is not there, S3 says so only to who may list the bucket. A bucket under a customer's key needs the key
in the caller's name; with a bucket key, as here, the encryption context is the bucket's ARN.
"""

from collections.abc import Iterator
from urllib.parse import unquote

from local.permissions.calls import AccountState, AwsCall, Needed, Needs, key_use
from local.permissions.request import ContextValue


def _bucket(call: AwsCall) -> str:
    return f"arn:aws:s3:::{call.text('Bucket')}"


def _object(call: AwsCall) -> str:
    return f"{_bucket(call)}/{call.text('Key')}"


def _key(call: AwsCall, account: AccountState, *actions: str) -> Iterator[Needed]:
    context: dict[str, ContextValue] = {
        "kms:EncryptionContext:aws:s3:arn": _bucket(call),
        "kms:EncryptionContextKeys": ("aws:s3:arn",),
    }
    yield from key_use(account.bucket_key(call.text("Bucket")), "s3", call, *actions, **context)


def _reads(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    yield Needed("s3:GetObjectVersion" if call.text("VersionId") else "s3:GetObject", (_object(call),))
    if account.object_exists(call.text("Bucket"), call.text("Key"), call.text("VersionId")):
        yield from _key(call, account, "Decrypt")
    else:
        yield Needed("s3:ListBucket", (_bucket(call),))


def _writes(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    yield Needed("s3:PutObject", (_object(call),))
    if call.text("IfMatch"):
        yield Needed("s3:GetObject", (_object(call),))
    if call.text("Tagging"):
        yield Needed("s3:PutObjectTagging", (_object(call),))
    # The parts of an upload are decrypted to be put together.
    parts = ("Decrypt",) if call.operation != "PutObject" else ()
    yield from _key(call, account, "GenerateDataKey", *parts)


def _aborts(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    yield Needed("s3:AbortMultipartUpload", (_object(call),))


def _copies(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    source = call.parameters["CopySource"]
    if isinstance(source, str):
        # As botocore writes it into the header.
        path, _, version = unquote(source).removeprefix("/").partition("?versionId=")
        bucket, _, key = path.partition("/")
    else:
        bucket, key, version = source["Bucket"], source["Key"], source.get("VersionId", "")
    read = {"Bucket": bucket, "Key": key, "VersionId": version}
    yield from _reads(AwsCall("s3", "GetObject", read, call.region, call.account), account)
    yield from _writes(call, account)


def _lists(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    # A list names its prefix, be it empty; HeadBucket has none.
    asked = {"s3:prefix": call.text("Prefix")} if call.operation != "HeadBucket" else {}
    yield Needed("s3:ListBucket", (_bucket(call),), asked)


def _lists_versions(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    yield Needed("s3:ListBucketVersions", (_bucket(call),), {"s3:prefix": call.text("Prefix")})


def _deletes(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    yield Needed("s3:DeleteObjectVersion" if call.text("VersionId") else "s3:DeleteObject", (_object(call),))


def _deletes_many(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    for each in call.parameters["Delete"]["Objects"]:
        action = "s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject"
        yield Needed(action, (f"{_bucket(call)}/{each['Key']}",))


def _of_the_bucket(action: str) -> Needs:
    def needs(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
        yield Needed(action, (_bucket(call),))

    return needs


NEEDS: dict[str, Needs] = {
    "GetObject": _reads,
    "HeadObject": _reads,
    "PutObject": _writes,
    "CreateMultipartUpload": _writes,
    "UploadPart": _writes,
    "CompleteMultipartUpload": _writes,
    "AbortMultipartUpload": _aborts,
    "CopyObject": _copies,
    "ListObjects": _lists,
    "ListObjectsV2": _lists,
    "HeadBucket": _lists,
    "ListObjectVersions": _lists_versions,
    "DeleteObject": _deletes,
    "DeleteObjects": _deletes_many,
    "GetBucketLocation": _of_the_bucket("s3:GetBucketLocation"),
}
