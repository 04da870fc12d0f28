"""Advice for words that other tools use, and for values of the wrong kind.

One name per setting: another tool's word is refused with the word to write, never taken silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from connmgr.config.diagnostics import did_you_mean

_NOT_YET: Final = "not in this version"
_IN_URL: Final = "write it into the url: postgresql://user@host:5432/dbname"
_IN_QUERY: Final = "write it at the end of the url"
_BOTH_SIZES: Final = (
    "write pool.size for the connections that are kept, and pool.max_overflow for those beyond"
)

# Advice, and the words that get it. They are compared without case, "_" and "-": maxPoolSize,
# max_pool_size and MAX-POOL-SIZE are one.
_WORDS: Final = {
    "write pool.max_lifetime": "recycle poolrecycle maxlifetime poolmaxlifetime maxage",
    "write pool.size": "poolsize minsize minpoolsize",
    "write pool.max_overflow": "overflow poolmaxoverflow maxoverflow",
    "write pool.timeout": "checkouttimeout connectiontimeout pooltimeout acquiretimeout",
    "write pool.use_lifo": "lifo pooluselifo",
    "write pool.mode": "poolclass pooltype",
    "write timeouts.connect": "connecttimeout",
    "write timeouts.statement": "statementtimeout commandtimeout querytimeout",
    "write health.timeout": "healthtimeout healthchecktimeout",
    "write session.expire_on_commit": "expireoncommit",
    "write password": "pass passwd pwd secret",
    _BOTH_SIZES: "maxsize maximumpoolsize maxpoolsize maxconnections poolmax",
    _IN_URL: "adapter driver drivername dialect scheme host hostname server port database dbname db user "
    "username login uri dsn connectionstring jdbcurl databaseurl",
    f"{_IN_QUERY}: ?sslmode=…": "ssl tls sslmode",
    f"{_IN_QUERY}: ?sslrootcert=…": "sslrootcert",
    f"{_IN_QUERY}: ?sslcert=…": "sslcert",
    f"{_IN_QUERY}: ?sslkey=…": "sslkey",
    f"{_IN_QUERY}: ?application_name=…": "applicationname",
    f"{_NOT_YET}; leave it out: pool.max_lifetime bounds a connection's age": "preping poolpreping",
    f"{_NOT_YET}; write the settings out in every file": "extends",
    f"{_NOT_YET}; {_IN_URL}": "connection",
    "leave it out; the logger sqlalchemy.engine shows statements at level INFO": "echo",
    f"{_NOT_YET}; leave it out": "minidle minimumidle idletimeout keepalive keepalivetime maxwaiting "
    "leakdetectionthreshold connectinglimit draintimeout",
}
_ADVICE: Final = {word: advice for advice, words in _WORDS.items() for word in words.split()}

_BARE_VARIABLE: Final = re.compile(r"\$(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


def advice(
    key: str,
    known: Iterable[str],
    settings: Iterable[tuple[tuple[str, ...], Any]],
) -> str:
    """Say which setting an unknown `key` should be; empty when nothing is near.

    `known` are the keys that may stand in its place, `settings` all there are.
    """
    word = key.casefold().replace("_", "").replace("-", "")
    elsewhere = [".".join(path) for path, _ in settings if path[-1] == key]
    if elsewhere:
        return f"write {' or '.join(elsewhere)}"
    return _ADVICE.get(word) or did_you_mean(key, known)


def value_advice(value: object, *, secret: bool, text: bool) -> str:
    """Say what to do about a value of the wrong kind; empty when nothing helps more than the rule."""
    if value is None:
        # What begins with # is a comment to YAML, and a password may begin with it.
        quoted = "; quote a text that begins with #" if text else ""
        return f"give it a value, or delete the line{quoted}"
    if text and isinstance(value, bool | int | float):
        return "quote it"
    if isinstance(value, str) and (bare := _BARE_VARIABLE.fullmatch(value)):
        return "write a reference with braces: ${NAME}" if secret else f"write ${{{bare['name']}}}"
    if isinstance(value, str) and not secret and re.fullmatch(r"[0-9.]+|true|false", value):
        return "delete the quotes"
    return ""
