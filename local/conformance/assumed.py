"""Which assumptions each check tests: the ids in local/bedrock/assumptions, by patterns of the checks' ids."""

from fnmatch import fnmatchcase

_RESTS_ON: dict[str, tuple[str, ...]] = {
    # Foundation models.
    "customizable-*": (
        "base-model-id-with-context-length",
        "base-model-region",
        "lifecycle-told-by-get-foundation-model",
    ),
    "asked-*": ("base-model-id-with-context-length",),
    "*-claude-3-haiku": ("lifecycle-claude-3-haiku-has-ended", "lifecycle-ended-model-is-not-found"),
    "available-*": ("access-is-told",),
    "list-foundation-models-*": ("base-models-list-with-filters",),
    "foundation-model-unknown": ("base-model-unknown-is-not-found",),
    "foundation-model-malformed": ("request-checked-against-the-service-model",),
    "availability-unknown": ("access-of-an-unknown-model-is-not-told",),
    "availability-malformed": ("request-checked-against-the-service-model",),
    # Unknown names.
    "get-model-customization-job-by-absent-*": ("job-by-name-or-arn", "job-unknown-is-not-found"),
    "stop-model-customization-job-by-absent-*": ("job-by-name-or-arn", "job-unknown-is-not-found"),
    "*-custom-model-by-absent-*": ("custom-model-by-name-or-arn", "custom-model-unknown-is-not-found"),
    "*-provisioned-model-by-absent-*": ("throughput-by-name-id-or-arn", "throughput-unknown-is-not-found"),
    "*-custom-model-deployment-by-absent-*": ("deployment-by-name-or-arn", "deployment-unknown-is-not-found"),
    "*-by-malformed-name": ("request-checked-against-the-service-model",),
    "rename-absent-throughput": ("throughput-unknown-is-not-found",),
    "update-absent-deployment": ("deployment-unknown-is-not-found",),
    "*-absent-arn": ("tags-of-what-is-gone-are-not-found",),
    # Constraints.
    "create-*": ("request-checked-against-the-service-model",),
    "create-job-*": ("job-parameters-checked-against-patterns",),
    "create-job-of-absent-model": ("job-unknown-base-model-is-invalid",),
    "create-throughput-of-absent-model": ("throughput-of-an-unknown-model-is-refused",),
    "create-deployment-of-absent-model": ("deployment-of-an-unknown-model-is-not-found",),
    # Lists and quotas.
    "list-jobs-*": ("jobs-list-in-pages",),
    "list-models-*": ("custom-models-list-in-pages",),
    "list-throughputs-*": ("throughputs-list-in-pages",),
    "list-deployments-*": ("deployments-list-in-pages",),
    "list-*-unknown-token": ("request-page-token-is-opaque",),
    "quotas-*": ("quota-told-by-service-quotas",),
    "quotas-*-units": ("quota-units-across-custom-models",),
    "quotas-*-jobs": ("quota-jobs-in-progress",),
    "quotas-*-models": ("quota-custom-models",),
    "quotas-deployments-by-name": ("quota-deployments", "quota-deployments-in-creation"),
    "quotas-default*": ("quota-unchanged-may-be-among-the-defaults-only",),
    "quotas-unknown-*": ("quota-unknown-is-no-such-resource",),
    # Questions.
    "ask-unknown-model": ("converse-unknown-model-is-invalid",),
    "ask-absent-*": ("converse-gone-is-not-found",),
    "ask-absent-custom-model": ("custom-model-is-not-asked-by-its-own-name",),
    "ask-context-length-id-*": ("converse-context-length-id-is-not-found",),
    "ask-without-profile-*": ("base-model-profile-only", "base-model-without-profile-is-refused"),
    "ask-no-tokens": ("request-checked-against-the-service-model",),
    "ask-*-too-high": ("request-checked-against-the-service-model",),
    "ask-unknown-role": ("request-checked-against-the-service-model",),
    "ask-empty-block": ("request-checked-against-the-service-model",),
    "count-tokens-of-absent-deployment": ("converse-gone-is-not-found",),
    "ask-base-*": ("converse-is-one-form-for-all", "converse-tells-tokens-and-latency", "converse-stop-reasons"),
    "ask-judge-*": ("converse-is-one-form-for-all", "base-model-current-claudes-by-profile-only"),
    "ask-claude-*-both-samplings": ("converse-one-of-temperature-and-top-p",),
    "ask-claude-*-temperature": ("converse-no-sampling-parameters",),
    "ask-few-shot": ("converse-roles-alternate",),
    "ask-with-top-p": ("converse-is-one-form-for-all",),
    "ask-cut-at-max-tokens": ("converse-max-tokens-cuts",),
    "ask-no-messages": ("converse-roles-alternate",),
    "ask-assistant-first": ("converse-roles-alternate",),
    "ask-two-users-in-a-row": ("converse-roles-alternate",),
    "ask-blank-text": ("converse-blank-texts-are-refused",),
    # The life cycle.
    "hyperparameter-*": ("job-hyperparameters-are-text", "job-hyperparameters-checked-at-create"),
    "job-starts": ("job-create-returns-its-arn-alone",),
    "job-token-repeated": ("job-token-makes-create-idempotent",),
    "job-name-taken": ("job-name-taken-for-ever",),
    "job-told-by-*": ("job-by-name-or-arn", "job-statuses"),
    "job-listed": ("jobs-list-in-pages",),
    "job-has-its-tags": ("job-tags-on-job-and-model", "tags-of-every-resource"),
    "job-completes": ("job-statuses", "job-phases-in-order", "job-metrics-are-told-by-get"),
    "job-ended-cannot-be-stopped": ("job-stop-of-an-ended-job-conflicts",),
    "job-writes-metrics": ("job-output-layout",),
    "model-told-by-*": (
        "custom-model-by-name-or-arn",
        "custom-model-of-a-job-is-active",
        "custom-model-tells-how-it-was-made",
    ),
    "model-listed": ("custom-models-list-in-pages",),
    "model-has-its-tags": ("job-tags-on-job-and-model", "tags-of-every-resource"),
    "model-is-not-asked-itself": ("custom-model-is-not-asked-by-its-own-name",),
    "deployment-starts": ("deployment-statuses",),
    "deployment-token-repeated": ("deployment-token-makes-create-idempotent",),
    "deployment-name-taken": ("deployment-name-taken-while-it-exists",),
    "deployment-told-by-*": ("deployment-by-name-or-arn",),
    "deployment-not-deleted-while-creating": ("deployment-deletion-while-creating-is-invalid",),
    "deployment-creating-answers-nothing": ("converse-not-ready-while-creating",),
    "deployment-becomes-active": ("deployment-statuses", "deployment-creation-takes-8-minutes"),
    "deployment-listed": ("deployments-list-in-pages",),
    "deployment-has-its-tags": ("deployment-tags-from-its-creation", "tags-of-every-resource"),
    "deployment-answers": ("deployment-answers-by-its-arn",),
    "deployment-update-*": ("deployment-update-keeps-arn-and-service", "deployment-update-tells-its-status"),
    "deployment-not-updated-while-*": ("deployment-update-while-mutating-is-invalid",),
    "deployment-not-deleted-while-updating": ("deployment-update-while-mutating-is-invalid",),
    "deployment-counts-no-tokens": ("deployment-answers-by-its-arn",),
    "model-in-use-is-not-deleted": ("deployment-keeps-its-model-from-deletion",),
    "deployment-is-deleted*": ("deployment-has-no-deleting-status",),
    "deployment-is-gone": ("deployment-has-no-deleting-status", "deployment-unknown-is-not-found"),
    "deployment-gone-answers-nothing": ("converse-gone-is-not-found",),
    "model-is-deleted": ("custom-model-deletion-is-immediate",),
    "model-is-gone": ("custom-model-deletion-is-immediate", "custom-model-unknown-is-not-found"),
}


def assumptions_of(check_id: str) -> tuple[str, ...]:
    """The ids of the assumptions that a check tests."""
    found = [ids for pattern, ids in _RESTS_ON.items() if fnmatchcase(check_id, pattern)]
    return tuple(dict.fromkeys(one for ids in found for one in ids))


def patterns() -> tuple[str, ...]:
    """All patterns."""
    return tuple(_RESTS_ON)
