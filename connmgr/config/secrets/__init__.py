"""Where the secrets of a profile come from: its own text, the environment, a file, or a command's output."""

from connmgr.config.secrets.base import Source
from connmgr.config.secrets.providers import PROVIDERS, secret_source

__all__ = ["PROVIDERS", "Source", "secret_source"]
