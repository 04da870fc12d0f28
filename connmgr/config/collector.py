"""Pause the cyclic garbage collector while very many objects are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Switch the collector off for a block, and on again when it was on before.

    Among ten thousand profiles it takes a fifth of the time to load them, for it goes through those that are
    loaded already, again and again, and finds nothing to free. The price: the collector is the process's, so
    cyclic garbage of other threads waits for the block to end, and a thread that switches it off meanwhile
    finds it on again. So a block is to be a second or two, and not to wait for anything.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # Into the oldest generation in one step: else the first collection goes through all of it at once.
        # Not where the application froze what it has, for that would be thawed with it.
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        gc.enable()
