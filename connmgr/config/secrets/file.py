"""A secret that is the contents of a file: `{file: PATH}`."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import PurePath
from typing import Final, NamedTuple

from connmgr import logs
from connmgr.config.references import Reference
from connmgr.config.secrets.aside import Aside
from connmgr.config.secrets.base import Answer, Context, Source
from connmgr.config.secrets.contents import LIMIT, one_line, text_of, without_unsafe
from connmgr.config.secrets.opening import OutsideRoot, opened
from connmgr.config.secrets.template import Template
from connmgr.problem import Code, Problem
from connmgr.secret import Secret

DEADLINE: Final = 5.0
"""Seconds that a file may take: one on a network file system hangs for as long as its server is away."""

ACCEPTED: Final = f"a regular file of at most {LIMIT // 1024} KiB"


class _Found(NamedTuple):
    """What a reading came to. `warning` is None when nobody else may read the file."""

    answer: Answer
    warning: Problem | None = None


def source(written: object, context: Context) -> Source:
    """Return the source for a path: relative to the profile's directory and below it, or absolute."""
    return FileSource(Template.parse(written, context), context)


class FileSource(Source):
    """A file, read each time, off the event loop; a warning is logged once when others can read it."""

    __slots__ = ("_path", "_reading", "_warned")

    def __init__(self, path: Template, context: Context) -> None:
        super().__init__(context)
        self._path = path
        self._reading = Aside(self._read, "connmgr-secret-file")
        self._warned = False

    def describe(self) -> str:
        """Say which file, as it is written: `file /run/secrets/orders`."""
        parts = (str(part) if isinstance(part, Reference) else part.reveal() for part in self._path.parts)
        return f"file {''.join(parts)}"

    def problems(self) -> tuple[Problem, ...]:
        """Return what keeps the file from being used, and whether others can read it."""
        answer, warning = self._found_now()
        problems = () if isinstance(answer, Secret) else answer
        return (*problems, warning) if warning else problems

    def written(self) -> tuple[object, ...]:
        """Return the path and what it is relative to."""
        return (self._path, self._context.root)

    async def ask(self) -> Answer:
        """Return what the file holds now."""
        try:
            found = await self._reading.result(DEADLINE)
        except TimeoutError:
            found = self._late()
        return self._told(found)

    def ask_now(self) -> Answer:
        """Return what the file holds now, blocking for `DEADLINE` seconds at most."""
        return self._told(self._found_now())

    def _found_now(self) -> _Found:
        try:
            return self._reading.result_now(DEADLINE)
        except TimeoutError:
            return self._late()

    def _late(self) -> _Found:
        hint = "is it on a network file system whose server is away?"
        return self._refused(f"{self.describe()} could not be read within {DEADLINE:g} s", hint=hint)

    def _told(self, found: _Found) -> Answer:
        """Log the warning of the first reading that has one; later ones would say the same."""
        if found.warning and not self._warned:
            self._warned = True
            problem = found.warning
            facts = {"code": str(problem.code), "setting": problem.path, "place": str(problem.place)}
            logs.event("WARNING", f"{problem.found}; {problem.hint}", **facts)
        return found.answer

    def _read(self) -> _Found:
        if unset := self._path.unset(self._context):
            return _Found(unset)
        path = self._path.fill(self._context)
        safe = without_unsafe(path, self.describe(), self._context, "path")
        if not isinstance(safe, Secret):
            return _Found(safe)
        try:
            with opened(self._context.root, PurePath(safe.reveal())) as descriptor:
                return self._checked(descriptor, os.fstat(descriptor))
        except OutsideRoot as error:
            return self._outside(error)
        except OSError as error:
            return self._unreadable(error)

    def _checked(self, descriptor: int, status: os.stat_result) -> _Found:
        if not stat.S_ISREG(status.st_mode):
            return self._refused(f"{self.describe()} is {_kind(status.st_mode)}")
        if status.st_size > LIMIT:
            return self._refused(f"{self.describe()} has {status.st_size} bytes")
        contents = _contents(descriptor)
        if isinstance(contents, OSError):
            return self._unreadable(contents)
        if contents is None:
            return self._refused(f"{self.describe()} has more than {LIMIT} bytes")
        answer = one_line(contents, self.describe(), Code.FILE_REFERENCE, self._context)
        return _Found(answer, self._readable_by_others(status))

    def _readable_by_others(self, status: os.stat_result) -> Problem | None:
        readers = others_who_read(status.st_mode, status.st_uid, _user())
        if not readers:
            return None
        found = f"{readers} can read {self.describe()} (mode {stat.S_IMODE(status.st_mode):04o})"
        hint = "chmod 0400, or in Kubernetes defaultMode: 0400"
        return self._context.problem(Code.READABLE_BY_OTHERS, found, hint=hint)

    def _outside(self, error: OutsideRoot) -> _Found:
        found = f"{self.describe()} is outside of {self._context.root}: {error}"
        return self._refused(found, "a path below the profile's directory, or an absolute path")

    def _unreadable(self, error: OSError) -> _Found:
        if error.errno == errno.ENXIO:
            return self._refused(f"{self.describe()} is a socket, or a device that is not there")
        hint = {
            errno.ENOENT: f"a relative path begins at {self._context.root}",
            errno.EACCES: f"this process's user is {_user()}",
        }.get(error.errno or 0, "")
        return self._refused(f"{self.describe()} cannot be read: {error.strerror}", hint=hint)

    def _refused(self, found: str, accepted: str = ACCEPTED, hint: str = "") -> _Found:
        return _Found((self._context.problem(Code.FILE_REFERENCE, found, accepted, hint),))


def _contents(descriptor: int) -> Secret | OSError | None:
    """Read to the end; None when there is more than `LIMIT`, whatever size the file pretends to have."""
    contents = bytearray()
    try:
        while len(contents) <= LIMIT and (chunk := os.read(descriptor, LIMIT + 1 - len(contents))):
            contents += chunk
    except OSError as error:
        # Without its traceback, whose frame has the contents.
        return error.with_traceback(None)
    return text_of(contents) if len(contents) <= LIMIT else None


def others_who_read(mode: int, owner: int, user: int | None) -> str:
    """Say who else may read a file of `owner` that `user` reads, as libpq judges a client's key.

    A group is how a file reaches a process that does not own it: Kubernetes' fsGroup makes a secret root's,
    0440 or 0640, with a group that the pod's process alone is in. So the group counts only for a file of
    the process's own, which could be 0400; and not for root's, whose pods get the same files.
    """
    if user is None:  # Windows has no such bits
        return ""
    if mode & stat.S_IROTH:
        return "every user of the machine"
    return "its group" if mode & stat.S_IRGRP and owner == user != 0 else ""


def _user() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None


def _kind(mode: int) -> str:
    for matches, kind in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if matches(mode):
            return kind
    return "no regular file"
