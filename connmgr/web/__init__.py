"""Health and metrics over HTTP, as an ASGI application: `connmgr.web.health_app(registry)`.

Needs Starlette: `pip install connmgr[web]`.
"""

try:
    import starlette as _starlette  # noqa: F401 - asked for here, where the answer can name the extra
except ImportError as error:
    raise ImportError("connmgr.web needs Starlette: pip install 'connmgr[web]'") from error

from connmgr.web.app import health_app

__all__ = ["health_app"]
