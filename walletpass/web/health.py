"""`/healthz`: this process answers. `/readyz`: it can do its work. `/`: where to go."""

from flask import Blueprint, Response, redirect, url_for
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from walletpass.database import reading
from walletpass.deps import Deps


def blueprint(deps: Deps) -> Blueprint:
    """Addresses for operators, and the front door."""
    bp = Blueprint("health", __name__)

    @bp.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @bp.get("/readyz")
    def readyz() -> Response:
        try:
            with reading(deps.engine) as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return Response("the database does not answer\n", status=503, mimetype="text/plain")
        return Response("ready\n", mimetype="text/plain")

    @bp.get("/")
    def front_door() -> AnyResponse:
        return redirect(url_for("studio.overview"))

    return bp
