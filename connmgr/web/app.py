"""The ASGI application: probes for an orchestrator, reports for people and programs, metrics."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connmgr.errors import RegistryClosed, UnknownGroup, WrongEventLoop
from connmgr.registry import Registry
from connmgr.registry_settings import WebSettings
from connmgr.web.access import Access
from connmgr.web.bodies import TEXT, body, liked_best
from connmgr.web.damping import Damper
from connmgr.web.scrape import Scrape
from connmgr.web.watch import Watch

Names = Callable[[], Sequence[str]]


def health_app(registry: Registry, *, settings: WebSettings | None = None) -> Starlette:
    """Return an application for `registry`, which is opened and closed by whoever else uses it.

    It serves by itself or mounted in another one. `settings` stand in for `web:` of `_registry.yaml`. A
    reload of the registry holds from the next request on.
    No number of requests asks a database more often than `health.ttl` allows, opens more than the monitors'
    connections, or touches a pool.
    """
    pages = Pages(registry, settings)
    routes: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/livez": pages.live,
        "/readyz": pages.ready,
        "/startupz": pages.started,
        "/health": pages.health,
        "/health/{profile}": pages.profile,
        "/metrics": pages.metrics,
    }
    return Starlette(routes=[Route(path, page) for path, page in routes.items()])


class Pages:
    """Answers requests; each page has its watch, and all of them share the dampers."""

    def __init__(self, registry: Registry, settings: WebSettings | None) -> None:
        self._registry = registry
        self._given = settings
        self._dampers: defaultdict[str, Damper] = defaultdict(self._new_damper)
        self._has_started = False
        self._built_for: object = None
        self._follow()

    async def live(self, request: Request) -> Response:
        """Say that the process goes on, without a look at any database.

        A member of the group `liveness` whose pool is stuck says otherwise: a restart would help there.
        """
        stuck = any(self._registry.is_stuck(name) for name in self._registry.group("liveness"))
        return PlainTextResponse(
            "unhealthy\n" if stuck else "healthy\n",
            status_code=503 if stuck else 200,
            headers={"Cache-Control": "no-store"},
        )

    async def ready(self, request: Request) -> Response:
        """Say whether the group `readiness` can be used."""
        return await self._answer(request, "group readiness", self._registry.group("readiness"))

    async def started(self, request: Request) -> Response:
        """Say whether the group `startup` could be used once: what starts does so one time."""
        response = await self._answer(request, "group startup", self._registry.group("startup"))
        if response.status_code == 200:
            self._has_started = True
        elif self._has_started:
            response.status_code = 200
        return response

    async def health(self, request: Request) -> Response:
        """Say how all profiles are, or those of `?group=`."""
        group = request.query_params.get("group")
        if group is None:
            return await self._answer(request, "all", tuple(self._registry))
        try:
            return await self._answer(request, f"group {group}", self._registry.group(group))
        except UnknownGroup:
            return _not_found("no such group\n")

    async def profile(self, request: Request) -> Response:
        """Say how one profile is."""
        name = request.path_params["profile"]
        if name in self._registry:
            answer = await self._answer(request, f"profile {name}", (name,))
            if name in self._registry:
                return answer
        return _not_found("no such profile\n")

    async def metrics(self, request: Request) -> Response:
        """Write the metrics of all profiles in use, for Prometheus."""
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        self._follow()
        if self._access.needs_token and not await self._is_allowed(request):
            return PlainTextResponse(
                "the token is needed\n", status_code=401, headers={"WWW-Authenticate": "Bearer"}
            )
        try:
            content, kind = await self._scrape.text(request.headers.get("accept"))
        except ImportError as error:
            return PlainTextResponse(f"{error}\n", status_code=501)
        return Response(content, headers={"Content-Type": kind, "Cache-Control": "no-store"})

    async def _answer(self, request: Request, key: str, names: Sequence[str]) -> Response:
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        self._follow()
        watch = self._watches.get(key)
        if watch is None:
            for name in names:
                self._dampers[name]
            watch = self._watches[key] = Watch(self._registry, names, self._dampers)
        try:
            look = await watch.look()
        except RegistryClosed:
            return PlainTextResponse("unhealthy\n", status_code=503, headers={"Cache-Control": "no-store"})
        self._follow()
        details = await self._is_allowed(request)
        kind = liked_best(",".join(request.headers.getlist("accept")))
        return Response(
            body(look, kind, details=details),
            status_code=200 if look.is_up else 503,
            headers={
                "Content-Type": f"{kind}; charset=utf-8" if kind == TEXT else kind,
                "Cache-Control": f"{'private, ' if details else ''}max-age={math.floor(look.serves_for)}",
                "Vary": "Accept, Authorization",
            },
        )

    async def _is_allowed(self, request: Request) -> bool:
        return await self._access.is_allowed(request.headers.get("authorization"))

    # What a reload changes --------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Begin anew where the registry was reloaded since the last request: no answer of before serves any
        more, and details are for whom they are now. Dampers go on: a reload is no check.
        """
        # Another loop too: locks are those of the loop in which somebody first had to wait for them.
        now = self._registry.reloads.applied, _loop()
        if now == self._built_for:
            return
        self._built_for = now
        self._access, self._scrape = Access(self._settings), Scrape(self._registry)
        self._watches: dict[str, Watch] = {}
        for name in self._dampers.keys() - self._registry.keys():
            del self._dampers[name]
        for damper in self._dampers.values():
            damper.rise, damper.fall = self._settings.rise, self._settings.fall

    @property
    def _settings(self) -> WebSettings:
        return self._given or self._registry.options.web

    def _new_damper(self) -> Damper:
        return Damper(self._settings.rise, self._settings.fall)

    def _elsewhere(self) -> Response | None:
        """Say that this is not the event loop that the registry is open in, if it is not."""
        try:
            self._registry.require_open()
        except WrongEventLoop as error:
            return PlainTextResponse(f"{error}\n", status_code=503, headers={"Cache-Control": "no-store"})
        except RegistryClosed:
            pass  # each page has its answer to that
        return None


def _loop() -> asyncio.AbstractEventLoop | None:
    """Return the running event loop; the application may be made before there is one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _not_found(what: str) -> Response:
    return PlainTextResponse(what, status_code=404, headers={"Cache-Control": "no-store"})
