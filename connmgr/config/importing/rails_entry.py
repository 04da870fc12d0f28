"""Put one entry of a Rails database.yml into a profile, key by key."""

from __future__ import annotations

from typing import Final

from connmgr.config.foreign import Branch, Text, Value
from connmgr.config.importing.draft import Draft, number
from connmgr.config.importing.erb import Erb
from connmgr.config.importing.imported import BadSource
from connmgr.config.importing.names import variable
from connmgr.config.importing.rails_keys import (
    ENCODINGS,
    LEFT_OUT,
    NO_SUCH_SETTING,
    POOL,
    TIMEOUTS,
    VARIABLE,
    WORDS,
    server_timeout,
)
from connmgr.config.importing.url import escaped_path, put_url
from connmgr.config.paths import is_word
from connmgr.config.references import Reference, parse_readable

_POSTGRES: Final = ("postgresql", "postgis")
_SQLITE: Final = ("sqlite3", "sqlite")
_NULLS: Final = ("", "~", "null")
_MEMORY: Final = ":memory:"
_ESSENTIAL: Final = ("url", "host", "port", "database", "username", "password")
_NO_RUBY: Final = "ERB that asks for more than a variable is not run"
_URL_DECIDES: Final = "the url says where the database is; write this into it if it does not say it"
_NO_POOL: Final = "SQLite has no pool: every session opens the file"


def put_entry(draft: Draft, entry: Branch, erb: Erb) -> bool:
    """Say in `draft` what an entry says; return whether its database is one that connmgr serves."""
    putter = _Putter(draft, erb)
    texts = putter.texts(entry)
    adapter = texts.pop("adapter", None)
    url = texts.pop("url", None)
    if url is None and (adapter is None or adapter.text not in (*_POSTGRES, *_SQLITE)):
        line = adapter.line if adapter else entry.line
        draft.leave("adapter", "no profile: connmgr serves postgresql, postgis and sqlite3", line)
        return False
    if url is not None and not putter.url(url):
        return False
    is_sqlite = (adapter is not None and adapter.text in _SQLITE) or _is_sqlite(draft)
    for key, value in texts.items():
        if is_sqlite:
            putter.sqlite(key, value)
        else:
            putter.postgres(key, value)
    if isinstance(variables := entry.values.get("variables"), Branch):
        if is_sqlite:
            draft.leave("variables", NO_SUCH_SETTING, variables.line)
        else:
            putter.variables(variables)
    return True


def _is_sqlite(draft: Draft) -> bool:
    return str(draft.values.get("url", "")).startswith("sqlite")


class _Putter:
    """Puts keys into a draft; its texts are those of a profile, references in the place of ERB."""

    def __init__(self, draft: Draft, erb: Erb) -> None:
        self._draft = draft
        self._erb = erb

    def texts(self, branch: Branch, prefix: str = "") -> dict[str, Text]:
        """Return the texts of a mapping that are known without Ruby and not null."""
        texts: dict[str, Text] = {}
        for key, value in branch.values.items():
            text = self._text(f"{prefix}{key}", value)
            if text is not None:
                texts[key] = text
        return texts

    def _text(self, key: str, value: Value) -> Text | None:
        if not is_word(key.removeprefix("variables.").replace(".", "_")) or self._erb.has_tag(key):
            self._draft.leave("…", "a key that is no word", value.line)
        elif isinstance(value, Text):
            if value.plain and value.text.lower() in _NULLS:
                return None
            expanded = self._erb.expand(value.text)
            if expanded is None:
                return self._unknown(key, value)
            return Text(expanded, value.line, value.plain)
        elif not (key == "variables" and isinstance(value, Branch)):
            self._draft.leave(
                key, LEFT_OUT.get(key, "a list or a mapping where a text was expected"), value.line
            )
        return None

    def _unknown(self, key: str, value: Text) -> Text | None:
        """Leave a value out that only Ruby knows; a variable of ours takes the place of an essential one.

        Without its host a profile would lead to the database of this machine.
        """
        if key not in _ESSENTIAL:
            self._draft.leave(key, _NO_RUBY, value.line)
            return None
        name = variable(self._draft.name, key)
        self._draft.leave(key, f"{_NO_RUBY}: set the variable {name} to it", value.line)
        return Text(f"${{{name}}}", value.line, plain=False)

    def url(self, url: Text) -> bool:
        """Say the url, and return whether it is one of a database that connmgr serves."""
        text = url.text
        if text.startswith("sqlite3:") and not text.startswith("sqlite3://"):
            text = f"sqlite:///{text.removeprefix('sqlite3:')}"
        try:
            put_url(self._draft, text, url.line)
        except BadSource as error:
            self._draft.leave("url", f"no profile: {error}", url.line)
            return False
        return True

    def postgres(self, key: str, value: Text) -> None:
        """Say one key of a PostgreSQL entry, or why it is left out."""
        draft, word = self._draft, WORDS.get(key, key)
        if key in LEFT_OUT:
            draft.leave(key, LEFT_OUT[key], value.line)
        elif key in POOL:
            self._pool(key, value)
        elif key == "encoding":
            if value.text.lower() not in ENCODINGS:
                draft.leave(key, "the encoding is always UTF-8, the server converts", value.line)
        elif "url" not in draft.values:
            draft.put_word(word, value.text, value.line)
        elif key == "password" and self._url_is_written() and "password" not in draft.values:
            draft.put_secret(key, value.text, value.line)
        else:
            draft.leave(key, _URL_DECIDES, value.line)

    def _url_is_written(self) -> bool:
        """Whether the url stands here, so that one can see that it has no password."""
        return not isinstance(parse_readable(self._draft.values["url"])[0], Reference)

    def _pool(self, key: str, value: Text) -> None:
        path = POOL[key]
        self._draft.put(path, number(value.text), value.line)
        if path == "pool.size" and "max_overflow" not in self._draft.values["pool"]:
            # Rails opens no connection beyond its pool.
            self._draft.put("pool.max_overflow", 0, value.line)

    def sqlite(self, key: str, value: Text) -> None:
        """Say one key of a SQLite entry, or why it is left out."""
        if key == "database" and "url" not in self._draft.values:
            path = "" if value.text == _MEMORY else f"/{escaped_path(value.text)}"
            self._draft.put("url", f"sqlite://{path}", value.line)
        elif key == "database":
            self._draft.leave(key, _URL_DECIDES, value.line)
        elif key in POOL:
            self._draft.leave(key, _NO_POOL, value.line)
        elif key != "encoding" or value.text.lower() not in ENCODINGS:
            self._draft.leave(key, LEFT_OUT.get(key, NO_SUCH_SETTING), value.line)

    def variables(self, variables: Branch) -> None:
        """Say the time-outs, and leave the other variables out."""
        texts = self.texts(variables, "variables.")
        for key, value in texts.items():
            length = server_timeout(value.text) if key in TIMEOUTS else None
            if length:
                self._draft.put(TIMEOUTS[key], length, value.line)
            elif length is None:
                self._draft.leave(f"variables.{key}", VARIABLE.format(key), value.line)
