"""The one door to loguru; silent until the application calls `logger.enable("connmgr")`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loguru import Logger

NAME = "connmgr"


@cache
def _logger() -> Logger:
    """Import loguru at the first event: commands that only read files need not pay for it."""
    from loguru import logger

    if not _application_has_decided(logger):
        logger.disable(NAME)
    return logger


def _application_has_decided(logger: Logger) -> bool:
    """Whether `enable` or `disable` was called for us before our first event.

    loguru's public face cannot say. Disabling regardless would undo an `enable` that the application
    made before the first event, and its operators would see no log at all.
    """
    core = getattr(logger, "_core", None)
    activations = getattr(core, "activation_list", ())
    return any(name.rstrip(".") == NAME for name, _ in activations)


def prepare() -> None:
    """Import loguru now, which takes tens of milliseconds: for a thread to do, not an event loop."""
    _logger()


def event(level: str, message: str, **fields: object) -> None:
    """Log an event of the caller's module, facts bound as fields (`profile=…`)."""
    _logger().bind(**fields).opt(depth=1).log(level, message)
