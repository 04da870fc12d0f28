"""CM4xx: profiles that start from other files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.explanations.explanation import Example, Explanation
from connmgr.problem import Code

_PROFILE: Final = "url: sqlite:///orders.db\n"
_USUAL: Final = "pool: {size: 10}\n"

# More links than any chain may have.
_CHAIN: Final = {f"_level-{n:02}.yaml": f"extends: _level-{n + 1:02}\n" for n in range(1, 12)}

COMPOSITION: Final[Mapping[Code, Explanation]] = {
    Code.BASE_MISSING: Explanation(
        "A base that does not exist",
        "`extends` names a profile or base that no file in the directory has. The settings that it should "
        "bring are unknown, so the profile is refused rather than taken without them. `_registry` is none: "
        "that file is about all profiles together.",
        "Correct the name, without directory or ending and with the _ of a base, or put the file there.",
        Example({"_server.yaml": _USUAL, "orders.yaml": f"extends: server\n{_PROFILE}"}),
        Example({"_server.yaml": _USUAL, "orders.yaml": f"extends: _server\n{_PROFILE}"}),
    ),
    Code.BASE_CYCLE: Explanation(
        "Bases in a circle",
        "A profile extends itself, directly or through its bases. Which one begins cannot be told, so what "
        "wins cannot either.",
        "Follow the names in the message and delete one `extends` of the circle.",
        Example({"orders.yaml": f"extends: stock\n{_PROFILE}", "stock.yaml": f"extends: orders\n{_PROFILE}"}),
        Example({"orders.yaml": _PROFILE, "stock.yaml": "extends: orders\nurl: sqlite:///stock.db\n"}),
    ),
    Code.BASE_DEPTH: Explanation(
        "Too many bases above one another",
        "A base extends a base that extends a base, more than 10 levels, further than anyone can follow. The "
        "bound also keeps a stranger's files from using up time.",
        "Merge bases into one. Two or three levels do for an organisation, its regions and a service.",
        Example({"orders.yaml": f"extends: _level-01\n{_PROFILE}", **_CHAIN, "_level-12.yaml": _USUAL}),
        Example({"orders.yaml": f"extends: _level-01\n{_PROFILE}", "_level-01.yaml": _USUAL}),
    ),
    Code.NOTHING_TO_CLEAR: Explanation(
        "Nothing to clear",
        "null takes away what a base sets, and no base of this profile sets anything here. Either the key "
        "lost its value, or the base no longer has the setting; both deserve a look. In a profile without "
        "bases, null is a value that does not fit: CM303.",
        "Give the key a value, or delete the line. A text that begins with # needs quotes: it is a comment.",
        Example({"_usual.yaml": _USUAL, "orders.yaml": f"extends: _usual\n{_PROFILE}timeouts: null\n"}),
        Example({"_usual.yaml": _USUAL, "orders.yaml": f"extends: _usual\n{_PROFILE}pool: null\n"}),
    ),
}
