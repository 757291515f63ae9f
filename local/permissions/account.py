"""What the needs of a call depend on, on the embedded AWS: ministack's state, and the simulated Bedrock's."""

import json
import urllib.request
from urllib.parse import urlencode

from ministack.services import kms, s3, sns

from local.permissions import policies
from local.permissions.calls import TaggedResource
from local.request_guard import TOKEN_HEADER

# A key that AWS manages itself needs no grant.
AWS_MANAGED = "alias/aws/"


class EmbeddedAccount:
    """Implements `local.permissions.calls.Account` in the emulator's process."""

    def __init__(self, bedrock_endpoint: str, token: str) -> None:
        self._bedrock = bedrock_endpoint
        self._token = token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def bedrock_resource(self, kind: str, identifier: str) -> TaggedResource | None:
        """As the simulated Bedrock has it now; it counts no call."""
        query = urlencode({"kind": kind, "identifier": identifier})
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self._bedrock}/_simulation/resource?{query}", headers={TOKEN_HEADER: self._token}
        )
        with self._opener.open(request) as answer:
            found = json.load(answer)
        return TaggedResource(found["arn"], found["tags"], found["key"]) if found else None

    def bucket_key(self, bucket: str) -> str | None:
        """By the bucket's default encryption."""
        key = s3._bucket_default_sse_headers(bucket).get("x-amz-server-side-encryption-aws-kms-key-id")
        return self.key_arn(key) if key else None

    def key_arn(self, key: str) -> str | None:
        """By id, ARN or alias."""
        record = kms._resolve_key(key)
        return str(record["Arn"]) if record else None

    def topic_key(self, topic: str) -> str | None:
        """By the topic's attribute."""
        found = sns._topic_by_arn_any_scope(topic)
        key = str((found or {}).get("attributes", {}).get("KmsMasterKeyId") or "")
        return None if not key or AWS_MANAGED in key else self.key_arn(key)

    def role_arn(self, name: str) -> str | None:
        """With its path."""
        return policies.role_arn(name)

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        """Its named version, or else its latest one, is no delete marker."""
        held = s3._buckets.get(bucket)
        if held is None:
            return False
        latest = held["objects"].get(key)
        # An object from before the bucket had versions has none.
        if not version or (latest is not None and version == (latest.get("version_id") or "null")):
            return latest is not None
        versions = s3._object_versions.get((bucket, key), [])
        return any(each["version_id"] == version and not each.get("is_delete_marker") for each in versions)
