"""Every example of the README and of docs/ runs and does what the page says."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.page import Page

CHECKOUT = Path(__file__).resolve().parents[2]
README = CHECKOUT / "README.md"
GENERATED = {"problems.md", "settings.md"}
"""test_generated_pages.py sees to these: each of their hundred examples would be a process here."""
PAGES = [README, *sorted(page for page in (CHECKOUT / "docs").glob("*.md") if page.name not in GENERATED)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
async def test_the_examples_do_what_the_page_says(
    path: Path, tmp_path: Path, doc_environ: dict[str, str]
) -> None:
    await Page(path, tmp_path, doc_environ).run()


async def test_the_examples_of_the_readme_leave_the_directory_of_a_checkout_alone(
    tmp_path: Path, doc_environ: dict[str, str]
) -> None:
    """A reader may follow them in the clone, whose own profiles lie where `connmgr init` writes."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "production.yaml").write_text("url: sqlite://\n", encoding="utf-8")

    await Page(README, tmp_path, doc_environ).run()

    assert [path.name for path in (tmp_path / "profiles").iterdir()] == ["production.yaml"]


async def test_the_fastapi_application_of_the_readme_answers_requests(
    tmp_path: Path, doc_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION"):
        # A reader serves it; tests are refused by production, which is protected.
        monkeypatch.delenv(name, raising=False)
    with contextlib.closing(sqlite3.connect(tmp_path / "production.db")) as database:
        database.execute("CREATE TABLE orders (item TEXT)")
    page = Page(README, tmp_path, doc_environ)
    await page.run()
    app = page.namespace["app"]

    async with app.router.lifespan_context(app), requests_to(app) as client:
        ordered = await client.post("/orders", params={"item": "tea"})
        orders = await client.get("/orders")
        ready = await client.get("/ready")

    assert ordered.status_code == 201
    assert (orders.status_code, orders.json()) == (200, ["tea"])
    assert (ready.status_code, ready.json()["status"]) == (200, "healthy")


def requests_to(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
