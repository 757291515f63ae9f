"""Who may call the emulator and the simulated Bedrock: only who has the token of this start, and never a web page.

The token is the session token of the credentials that the embedded AWS gives its own processes. AWS's clients send it
by themselves, in a header or in the query of a presigned address. A request without it, with an `Origin` or with a
foreign `Host` gets a 403 before anything of it is read.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Scope, receive, send.
AsgiApplication = Callable[[Any, Any, Any], Awaitable[None]]

TOKEN_HEADER = "X-Amz-Security-Token"  # noqa: S105 - the header's name
# The token of a simulated Bedrock whose starter chooses it.
TOKEN_VARIABLE = "SIMULATED_BEDROCK_TOKEN"  # noqa: S105 - the variable's name
# XML, which clients of AWS's older protocols read; those of the others show it as it is.
REFUSAL = (
    b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>The embedded AWS serves its own processes only: use the "
    b"credentials that it gave them, session token included, and no browser.</Message></Error></ErrorResponse>\n"
)
REFUSAL_HEADERS = [("Content-Type", "text/xml"), ("Content-Length", str(len(REFUSAL))), ("Connection", "close")]


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_hex(32)


@dataclass(frozen=True)
class RequestGuard:
    """Tells the requests of the embedded AWS's own processes from all others, on one port."""

    port: int
    token: str

    def admits(self, headers: Iterable[tuple[str, str]], query: str) -> bool:
        """Whether a request with these headers and this query string may be served."""
        named: dict[str, list[str]] = {}
        for name, value in headers:
            named.setdefault(name.lower(), []).append(value)
        # Presigned addresses spell the name in two ways, by the version of the signature.
        asked = [value for name, value in parse_qsl(query) if name.lower() == TOKEN_HEADER.lower()]
        hosts = ([f"127.0.0.1:{self.port}"], [f"localhost:{self.port}"])
        if "origin" in named or named.get("host") not in hosts:
            return False
        tokens = [*named.get(TOKEN_HEADER.lower(), []), *asked]
        return any(hmac.compare_digest(token.encode(), self.token.encode()) for token in tokens)

    def asgi(self, app: AsgiApplication) -> AsgiApplication:
        """The application behind this guard; it serves no WebSocket, and no answer of its is for other origins."""

        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            async def send_to_own_processes(message: Any) -> None:
                if message["type"] == "http.response.start":
                    headers = message.get("headers", [])
                    kept = [header for header in headers if not header[0].lower().startswith(b"access-control-")]
                    message = {**message, "headers": kept}
                await send(message)

            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            elif scope["type"] != "http":
                await send({"type": "websocket.close"})
            elif self.admits(_decoded(scope["headers"]), scope["query_string"].decode("latin-1")):
                await app(scope, receive, send_to_own_processes)
            else:
                refused = [(name.lower().encode(), value.encode()) for name, value in REFUSAL_HEADERS]
                await send({"type": "http.response.start", "status": HTTPStatus.FORBIDDEN, "headers": refused})
                await send({"type": "http.response.body", "body": REFUSAL})

        return guarded

    def wsgi(self, app: "WSGIApplication") -> "WSGIApplication":
        """The application behind this guard."""

        def guarded(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            names = {"HTTP_" + name.upper().replace("-", "_"): name for name in ("Host", "Origin", TOKEN_HEADER)}
            headers = [(name, environ[key]) for key, name in names.items() if key in environ]
            if self.admits(headers, environ.get("QUERY_STRING", "")):
                return app(environ, start_response)
            start_response(f"{HTTPStatus.FORBIDDEN.value} {HTTPStatus.FORBIDDEN.phrase}", REFUSAL_HEADERS)
            return [REFUSAL]

        return guarded


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
