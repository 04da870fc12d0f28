"""CM1xx: files that cannot be taken as profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.explanations.explanation import Example, Explanation, one
from connmgr.problem import Code

_PROFILE: Final = "url: sqlite:///orders.db\n"

FILES: Final[Mapping[Code, Explanation]] = {
    Code.UNREADABLE: Explanation(
        "The file cannot be read",
        "Something has the name of a profile file, and nothing can be read from it: this user may not read "
        "it, it is a directory or a FIFO, or it is a link that leads nowhere. It is not skipped, for then a "
        "profile would be missing without a word.",
        "Let the user that runs connmgr read it (`ls -l` shows who may), mend the link, or give what is no "
        "profile another name. A name that begins with a dot is ignored.",
        Example({"orders.yaml/notes.txt": "Ask Kim.\n"}, note="orders.yaml is a directory"),
        Example({"orders.yaml": _PROFILE, "orders-notes.txt": "Ask Kim.\n"}),
    ),
    Code.ENCODING: Explanation(
        "Not UTF-8",
        "The file holds bytes that are not UTF-8; an editor wrote it in Latin-1, UTF-16 or the like. Taken "
        "for another encoding than it has, a password would become another password, so nothing is guessed.",
        "Save the file again as UTF-8, or convert it: `iconv -f latin1 -t utf-8 orders.yaml`.",
        one(b"description: Caf\xe9\n" + _PROFILE.encode()),
        one(f"description: Café\n{_PROFILE}"),
    ),
    Code.CHARACTER: Explanation(
        "A character that no text has",
        "The file holds a control character, or another one that no editor shows. It came with a copy from "
        "a terminal or a web page, or the file is damaged. Inside a setting it could end a field of "
        "PostgreSQL's start-up message and begin another.",
        "Delete it: go to the line and column of the message, and type the text anew around it.",
        one(f"description: Orders\a\n{_PROFILE}"),
        one(f"description: Orders\n{_PROFILE}"),
    ),
    Code.TAB: Explanation(
        "A tab in the indentation",
        "A line begins with a tab. YAML indents with spaces alone, because a tab is as wide as each editor "
        "likes, and two people would see two structures.",
        "Replace every tab at the beginning of a line by two spaces, and tell the editor to do so in YAML.",
        one(f"{_PROFILE}pool:\n\tsize: 10\n"),
        one(f"{_PROFILE}pool:\n  size: 10\n"),
    ),
    Code.TOO_LARGE: Explanation(
        "The file is too large",
        "The file is larger than 1 MiB. A profile has a few dozen lines; this is another file under a "
        "profile's name, or one that someone made to use up memory.",
        "Move the file away, or give it a name that does not end in .yaml or .yml.",
        one(f"{_PROFILE}# {'x' * 1024 * 1024}\n"),
        one(_PROFILE),
    ),
    Code.FILE_NAME: Explanation(
        "A name that no profile can have",
        "The file's name without its ending is the profile's name, which stands on command lines, in URLs of "
        "health checks and in metrics. So it is a letter, then up to 62 letters, digits, _ or -. One _ in "
        "front makes the file a base, which others extend.",
        "Rename the file, and the name where code asks for the profile.",
        Example({"2024 orders.yaml": _PROFILE}),
        Example({"orders-2024.yaml": _PROFILE}),
    ),
    Code.NO_PROFILES: Explanation(
        "No profiles there",
        "The directory does not exist, or no file in it has the name of a profile. An application that "
        "starts with no database at all is seldom what someone meant.",
        "Name the directory with --profiles or CONNMGR_PROFILES, or write first profiles: `connmgr init`.",
        Example({"orders.txt": _PROFILE}),
        Example({"orders.yaml": _PROFILE}),
    ),
    Code.NAME_TWICE: Explanation(
        "One name, two profiles",
        "Two files, or two entries of files that hold several profiles, have the same name. Which one "
        "counts would depend on the order in which a file system lists them, so neither does.",
        "Delete one of the two places that the message names, or rename it.",
        Example({"orders.yaml": _PROFILE, "orders.yml": _PROFILE}),
        Example({"orders.yaml": _PROFILE, "orders-archive.yml": _PROFILE}),
    ),
}
