"""Prefect's server, and beside its UI the reports that flows of this machine write.

A browser opens no file that a page of a server links to, so the server must show them.
"""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI
from prefect.server.api.server import create_app
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from flows.pages import SERVED


class Reports(StaticFiles):
    """Pages that are strangers to the server that shows them: they can ask nothing of its API."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Content-Security-Policy"] = "sandbox allow-scripts"
        response.headers["Cache-Control"] = "no-cache"  # they are written anew
        return response


def app() -> FastAPI:
    """What `nearsight up` has served."""
    served = create_app()
    if folder := os.environ.get(SERVED):
        served.router.routes.insert(0, Mount("/reports", Reports(directory=folder)))
    return served
