"""A base that is missing is told with what there is, in bounded time however many profiles name it."""

from __future__ import annotations

from connmgr.config.document import Document
from connmgr.config.entry import single
from connmgr.config.missing import MOST_LISTED, Missing
from connmgr.nearest import MOST_ASKED
from connmgr.problem import Place, Problem


def ask(missing: Missing, name: str, by: str = "orders") -> Problem:
    entry = single(by, f"{by}.yaml", Document({}))
    return missing.problem(entry, name, entry.place, "extends")


def test_bases_are_listed_and_where_there_are_none_other_profiles() -> None:
    with_bases = ask(Missing(lambda: ["orders", "_slow", "_server", "users"]), "_sever")
    without = ask(Missing(lambda: ["orders", "users", "1st"]), "user")

    assert (with_bases.accepted, with_bases.hint) == ("_server, _slow", 'did you mean "_server"?')
    assert (without.accepted, without.hint) == ("users", 'did you mean "users"?')
    assert without.place == Place("orders.yaml")


def test_a_profile_is_never_told_to_extend_itself() -> None:
    alone = ask(Missing(lambda: ["orders"]), "order")
    base = ask(Missing(lambda: ["_server"]), "_sever", by="_server")

    assert (alone.accepted, alone.hint) == ("another file's name without its ending", "")
    assert (base.accepted, base.hint) == ("another file's name without its ending", "")


def test_of_many_names_the_first_are_listed_and_the_others_counted() -> None:
    names = [f"_base{number:03}" for number in range(100)]

    accepted = ask(Missing(lambda: names), "x").accepted
    accepted_by_one_of_them = ask(Missing(lambda: names), "x", by=names[0]).accepted

    assert accepted == f"{', '.join(names[:MOST_LISTED])} and 80 more"
    assert accepted_by_one_of_them == f"{', '.join(names[1 : MOST_LISTED + 1])} and 79 more"


def test_names_are_asked_for_once_and_near_ones_looked_for_a_bounded_number_of_times() -> None:
    asked = []

    def names() -> list[str]:
        asked.append(True)
        return [f"_base{number}" for number in range(200)]

    missing = Missing(names)
    hints = [ask(missing, f"_bese{number}").hint for number in range(MOST_ASKED + 1)]

    assert len(asked) == 1
    assert all(hints[:MOST_ASKED])
    assert hints[MOST_ASKED] == ""
    assert ask(missing, "_bese0").hint == hints[0]
