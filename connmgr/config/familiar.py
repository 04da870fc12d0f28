"""Advice for words that other tools use, and for values of the wrong kind.

One name per setting: another tool's word is refused with the word to write, never taken silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from connmgr.config.paths import Path, dotted
from connmgr.nearest import did_you_mean

_URL: Final = "or write it into the url: postgresql://user@host:5432/dbname"
_EXTENDS: Final = "write extends: NAME, or a list of names; a base is a file whose name begins with _"

# Advice, and the words that get it. They are compared without case, "_" and "-": maxPoolSize,
# max_pool_size and MAX-POOL-SIZE are one. What is a setting elsewhere, by the same name, needs no row.
_WORDS: Final = {
    "write pool.max_lifetime": "recycle poolrecycle maxlifetime poolmaxlifetime maxage",
    "write pool.idle_timeout": "idletimeout poolidletimeout maxidle maxidletime",
    "write pool.size": "poolsize",
    "write pool.min_idle": "minidle minimumidle minsize minpoolsize poolmin minconnections",
    "write pool.size for the connections that are kept, and pool.max_overflow for those beyond": "maxsize "
    "maximumpoolsize maxpoolsize maxconnections poolmax",
    "write pool.max_overflow": "overflow poolmaxoverflow maxoverflow",
    "write pool.timeout": "checkouttimeout connectiontimeout pooltimeout acquiretimeout",
    "write pool.use_lifo": "lifo pooluselifo",
    "write pool.mode": "poolclass pooltype",
    "write timeouts.connect": "connecttimeout logintimeout",
    "write pool.keepalive": "keepalive keepalivetime keepaliveinterval",
    "write pool.pre_ping: auto, always or never": "preping poolpreping testonborrow",
    "leave it out; connmgr asks with SELECT 1, and pool.pre_ping says when": "connectiontestquery "
    "validationquery",
    "write pool.liveness_timeout": "livenesstimeout validationtimeout",
    "write pool.liveness_window": "livenesswindow alivebypasswindow alivebypasswindowms",
    "write pool.connecting_limit": "connectinglimit maxconnecting",
    "write pool.max_waiting": "maxwaiting maxwaitqueuesize",
    "write pool.reset": "resetonreturn poolresetonreturn serverresetquery",
    "write pool.leak_detection_threshold": "leakdetectionthreshold",
    "write timeouts.statement": "statementtimeout querytimeout",
    "write timeouts.lock": "locktimeout",
    "write timeouts.idle_in_transaction": "idleintransaction idleintransactiontimeout "
    "idleintransactionsessiontimeout",
    "write timeouts.command": "commandtimeout",
    "write health.timeout": "healthtimeout healthchecktimeout",
    "write session.expire_on_commit": "expireoncommit",
    "write password": "pass passwd pwd secret",
    "write url": "uri dsn connectionstring jdbcurl databaseurl",
    f"write connection.host, {_URL}": "host hostname server socket unixsocket",
    f"write connection.port, {_URL}": "port",
    f"write connection.dbname, {_URL}": "database dbname db databasename",
    f"write connection.user, {_URL}": "user username login",
    "leave it out; the url's scheme or the key connection says which database it is": "adapter driver "
    "drivername dialect scheme engine",
    "write connection.sslmode, or at the end of the url: ?sslmode=…": "ssl tls sslmode",
    "write connection.options: -c search_path=…": "schemasearchpath searchpath currentschema",
    "write connection.client_encoding": "encoding charset",
    "write libpq_env: true, and libpq's variables count; or write the value under connection": "pghost "
    "pghostaddr pgport pgdatabase pguser pgpassword pgpassfile pgservice pgservicefile pgoptions pgappname "
    "pgsslmode pgsslrootcert pgsslcert pgsslkey pgsslcrl pgconnecttimeout pgtargetsessionattrs",
    _EXTENDS: "<< inherit inherits inheritfrom base bases parent include includes import template $ref",
    f"{_EXTENDS}; defaults is for files named *.profiles.yaml": "defaults default",
    "a file of several profiles has a name that ends in .profiles.yaml: rename it": "profiles",
    "leave it out; the file's name is the profile's": "name",
    "write it as a comment: # yaml-language-server: $schema=…": "$schema",
    "write it below a secret, as in password: {env: NAME}": "env",
    "write it below a secret, as in password: {file: PATH}": "file",
    "write it below a password, as in password: {command: [program, argument]}": "command",
    "leave it out; the logger sqlalchemy.engine shows statements at level INFO": "echo",
    "not in this version; leave it out": "draintimeout",
}
_ADVICE: Final = {word: advice for advice, words in _WORDS.items() for word in words.split()}

# SQLAlchemy's pool_pre_ping is true or false.
_PRE_PING: Final = {
    "true": "write always, or auto to leave out those that were used a moment ago",
    "false": "write never",
}

_BARE_VARIABLE: Final = re.compile(r"\$(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


def advice(key: str, known: Iterable[str], settings: Iterable[tuple[Path, Any]]) -> str:
    """Say which setting an unknown `key` should be; empty when nothing is near.

    `known` are the keys that may stand in its place, `settings` all there are.
    """
    word = key.casefold().replace("_", "").replace("-", "")
    elsewhere = [path for path, _ in settings if path[-1] == key]
    return _ADVICE.get(word) or _elsewhere(elsewhere) or did_you_mean(key, known)


def _elsewhere(paths: list[Path]) -> str:
    if not paths:
        return ""
    # A word of libpq's that the profile has too, such as password, is written there.
    own = [path for path in paths if path[0] != "connection" or len(path) == 1]
    if own:
        return f"write {' or '.join(map(dotted, own))}"
    return f"write {dotted(paths[0])}, or at the end of the url: ?{paths[0][-1]}=…"


def value_advice(path: Path, value: object, *, secret: bool, text: bool) -> str:
    """Say what to do about a value of the wrong kind; empty when nothing helps more than the rule."""
    if path == ("pool", "pre_ping") and (word := str(value).lower()) in _PRE_PING:
        return _PRE_PING[word]
    if value is None:
        # What begins with # is a comment to YAML, and a password may begin with it.
        quoted = "; quote a text that begins with #" if text or secret else ""
        return f"give it a value, or delete the line{quoted}"
    if (text or secret) and isinstance(value, bool | int | float):
        return "quote it"
    if isinstance(value, str) and (bare := _BARE_VARIABLE.fullmatch(value)):
        return "write a reference with braces: ${NAME}" if secret else f"write ${{{bare['name']}}}"
    if isinstance(value, str) and not secret and re.fullmatch(r"[0-9.]+|true|false", value):
        return "delete the quotes"
    return ""
