"""The keys that buckets and topics of a template encrypt with: ministack's CloudFormation drops them, AWS's does not.

Nothing is encrypted here, but who may not use the key may not use the bucket or topic either (`local.permissions`).
"""

from typing import Any
from xml.sax.saxutils import escape

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from local import patches

TOPIC = "AWS::SNS::Topic"
DEFAULT = "ServerSideEncryptionByDefault"
PLACE = '            "SubscriptionsDeleted": "0",\n'
KEY = '            **{name: props[name] for name in ("KmsMasterKeyId",) if props.get(name)},\n'


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    for name in ("_put_bucket_encryption", "_delete_bucket_encryption"):
        patches._expect(s3, name)
    patches._expect(provisioners, "_S3_BUCKET_CONFIGURATIONS")
    provisioners._S3_BUCKET_CONFIGURATIONS = (
        *provisioners._S3_BUCKET_CONFIGURATIONS,
        ("BucketEncryption", encryption, keep, s3._delete_bucket_encryption),
    )
    patches._rewrite(provisioners, "_sns_create", (PLACE, PLACE + KEY))
    patches._require(TOPIC in provisioners._RESOURCE_HANDLERS, "provisioners._RESOURCE_HANDLERS", TOPIC)
    provisioners._RESOURCE_HANDLERS[TOPIC]["create"] = provisioners._sns_create


def keep(bucket: str, document: bytes | None) -> None:
    """The bucket's encryption from now on."""
    if document is not None:
        s3._put_bucket_encryption(bucket, document)


def encryption(configuration: dict[str, Any]) -> bytes | None:
    """The property of a template as the document of PutBucketEncryption; None where AWS's own key is enough."""
    if not any("KMSMasterKeyID" in rule[DEFAULT] for rule in configuration["ServerSideEncryptionConfiguration"]):
        return None
    rules = "".join(map(_rule, configuration["ServerSideEncryptionConfiguration"]))
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return (
        f'<ServerSideEncryptionConfiguration xmlns="{namespace}">{rules}</ServerSideEncryptionConfiguration>'.encode()
    )


def _rule(rule: dict[str, Any]) -> str:
    default = rule[DEFAULT]
    named = "".join(
        f"<{name}>{escape(default[name])}</{name}>" for name in ("SSEAlgorithm", "KMSMasterKeyID") if name in default
    )
    enabled = "true" if rule.get("BucketKeyEnabled") in (True, "true") else "false"
    return (
        f"<Rule><ApplyServerSideEncryptionByDefault>{named}</ApplyServerSideEncryptionByDefault>"
        f"<BucketKeyEnabled>{enabled}</BucketKeyEnabled></Rule>"
    )
