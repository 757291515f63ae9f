"""Credentials that the emulator gives out carry the token that it asks for (`local.request_guard`).

Its Lambda workers get it without a patch: their credentials are those of the emulator's own environment.
"""

from ministack.services import sts
from ministack.services.cloudformation import custom_resource

from local import patches
from local.request_guard import TOKEN_HEADER


def apply(token: str) -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    give_out_with_roles(token)
    presign_response_urls(token)


def give_out_with_roles(token: str) -> None:
    """The CDK CLI assumes the roles of its bootstrap stack and goes on with their credentials."""
    patches._expect(sts, "_gen_session_token")
    sts._gen_session_token = lambda: token


def presign_response_urls(token: str) -> None:
    """On AWS, too, the address to which a custom resource answers is presigned: what calls it has no credentials."""
    patches._expect(custom_resource, "_response_url")
    response_url = custom_resource._response_url
    custom_resource._response_url = lambda request: f"{response_url(request)}?{TOKEN_HEADER}={token}"
