"""What the account lets its Lambda functions have."""

from typing import Any

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.preflight.concurrency import AccountConcurrency


class LambdaAccount:
    """The account's settings of AWS Lambda in this Region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def concurrency(self) -> AccountConcurrency:
        """How many functions may run at a time; raises ServiceBusy or Refused."""
        with named_errors("GetAccountSettings"):
            limits = self._client.get_account_settings()["AccountLimit"]
        return AccountConcurrency(limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"])
