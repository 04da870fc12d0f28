"""`connmgr explain`: what a problem's code or a setting means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from connmgr.cli.edge import CallError
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import write, write_json
from connmgr.problem import Code

if TYPE_CHECKING:
    from connmgr.config.explanations import Explanation
    from connmgr.config.explanations.setting import Setting


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from connmgr.config.explanations.setting import all_settings, registry_topics

    topics = [*map(str, Code), *all_settings(), *registry_topics()]
    return [CompletionItem(topic) for topic in topics if topic.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("topic", required=False, shell_complete=_complete)
@json_option
@shared_options
def command(*, topic: str | None, as_json: bool) -> None:
    """Explain a problem's code or a setting.

    A code such as CM303, or a setting such as pool.timeout, or one of _registry.yaml such as
    _registry.web.details. Without a TOPIC, all codes and settings are listed. No profiles are read.
    """
    from connmgr.cli import explain_view as view

    found = None if topic is None else _find(topic)
    if as_json:
        write_json(view.plain(found) if found else view.plain_overview())
    else:
        write(view.text(found) if found else view.overview())


def _find(topic: str) -> tuple[Code, Explanation] | Setting:
    """Return what explains a code or a setting, in capitals or not.

    Raises:
        CallError: it is neither.
    """
    from connmgr.config.explanations import EXPLANATIONS
    from connmgr.config.explanations.setting import all_settings, registry_settings, registry_topics

    if topic.upper() in set(Code):
        code = Code(topic.upper())
        return code, EXPLANATIONS[code]
    setting = {**registry_settings(), **all_settings(), **registry_topics()}.get(topic.lower())
    if setting is None:
        raise CallError(f"no code and no setting {topic!r}; {_nearest(topic)}")
    return setting


def _nearest(topic: str) -> str:
    from connmgr.config.explanations.setting import all_settings, registry_topics
    from connmgr.config.familiar import advice
    from connmgr.config.schema import settings

    # No code is offered: the one that looks most alike means something else.
    known = {**all_settings(), **registry_topics()}
    return advice(topic, known, settings()) or "`connmgr explain` lists all"
