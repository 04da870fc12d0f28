"""Prints cells as a table for people, or as JSON for programs."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version

from benchmarks.harness import MIN_PAIRS, Cell, Spread


def arguments(
    description: str | None, *, pairs: int = 2 * MIN_PAIRS, least: int = MIN_PAIRS
) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pairs", type=int, default=pairs, help=f"pairs per cell, {least} or more")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    return parser


def environment() -> dict[str, object]:
    """Say what may move the figures: versions, processors, load and the state of the garbage collector."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "connmgr": version("connmgr"),
        "sqlalchemy": version("sqlalchemy"),
        "asyncpg": version("asyncpg"),
        "aiosqlite": version("aiosqlite"),
        "pyyaml": version("pyyaml"),
        "jsonschema": version("jsonschema"),
        "gc": "enabled" if gc.isenabled() else "disabled",
        "gc_threshold": gc.get_threshold(),
        "gc_before_each_visit": True,
    }


def show(
    title: str, cells: Iterable[Cell], *, figures: Mapping[str, str] | None = None, as_json: bool
) -> None:
    """Print the cells, under which circumstances they were measured, and `figures` that need no control."""
    if as_json:
        values = {"title": title, "environment": environment(), "cells": [asdict(cell) for cell in cells]}
        print(json.dumps({**values, "figures": figures or {}}, indent=2))
        return
    print(f"{title}\n  {', '.join(f'{name} {value}' for name, value in environment().items())}")
    print("  ratio: ours / control, as median [quartiles] (ends)")
    for cell in cells:
        print("\n".join(_lines(cell)), flush=True)
    for name, figure in (figures or {}).items():
        print(f"{name}: {figure}")


def _lines(cell: Cell) -> list[str]:
    return [
        f"{cell.situation}: {cell.ours} against {cell.control}, {cell.pairs} pairs",
        f"  throughput  {_spread(cell.throughput_ratio)}   {cell.throughput:8,.1f} against "
        f"{cell.control_throughput:8,.1f} per second",
        f"  CPU each    {_spread(cell.cpu_ratio)}   {cell.cpu * 1e6:8,.0f} against "
        f"{cell.control_cpu * 1e6:8,.0f} microseconds",
    ]


def _spread(ratio: Spread) -> str:
    return f"{ratio.median:6.3f} [{ratio.q1:.3f} to {ratio.q3:.3f}] ({ratio.low:.3f} to {ratio.high:.3f})"
