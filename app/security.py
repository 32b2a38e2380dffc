"""What every answer tells the browser to refuse, and how the session cookie travels."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface

# No script at all, nothing inline, nothing from elsewhere.
SOURCES = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"
POLICY = f"{SOURCES}; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The CSRF check on HTTPS compares the referrer; other sites learn nothing from it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# A megabyte is 60 times the longest text that a column takes.
REQUEST_MAX = 1024 * 1024


class SessionCookies(SecureCookieSessionInterface):
    """Session cookies, marked secure wherever the request came by HTTPS; the lab also runs on plain loopback."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie may travel by HTTPS only."""
        return request.is_secure


def init_app(app: Flask) -> None:
    """Set the limits and the headers of every answer."""
    app.session_interface = SessionCookies()
    app.config.from_mapping(
        SESSION_COOKIE_NAME="lab_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=app.config.get("MAX_CONTENT_LENGTH") or REQUEST_MAX,
        # As long as the session lasts: a form left open over lunch still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.after_request(_harden)


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith("/static/"):
        # Pages hold a person's token, answers the present state.
        response.headers.setdefault("Cache-Control", "no-store")
    return response
