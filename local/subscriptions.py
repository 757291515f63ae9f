"""Subscriptions of topics as on AWS: an email address gets nothing until its owner has confirmed the subscription.

In ministack it is confirmed at once. An SQS queue of the same account needs no confirmation, here as there.
"""

from ministack.services import sns
from ministack.services.cloudformation import provisioners

from local import patches

_KIND = "AWS::SNS::Subscription"
_IMMEDIATE = 'protocol in ("http", "https")'
_CONFIRMED_BY_A_PERSON = 'protocol in ("http", "https", "email", "email-json")'


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    request = "    if needs_confirmation:\n        asyncio"
    patches._rewrite(
        sns,
        "_subscribe",
        (f"needs_confirmation = {_IMMEDIATE}", f"needs_confirmation = {_CONFIRMED_BY_A_PERSON}"),
        # Only an endpoint of HTTP gets the request for the confirmation from here.
        (request, request.replace("needs_confirmation", _IMMEDIATE)),
    )
    patches._rewrite(
        provisioners,
        "_sns_sub_create",
        ('protocol not in ("http", "https")', f"not ({_CONFIRMED_BY_A_PERSON})"),
    )
    patches._require(_KIND in provisioners._RESOURCE_HANDLERS, "provisioners._RESOURCE_HANDLERS", _KIND)
    provisioners._RESOURCE_HANDLERS[_KIND]["create"] = provisioners._sns_sub_create
