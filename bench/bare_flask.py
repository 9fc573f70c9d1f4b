"""What Marquee is held against: the least that Flask can do. Served by the same gunicorn settings."""

import os
import threading
from typing import Any
from uuid import uuid4

import psycopg2
from flask import Flask, jsonify

_local = threading.local()


def create_app() -> Flask:
    app = Flask(__name__)

    @app.get("/hello")
    def hello() -> Any:
        return jsonify(hello="world", films=12)

    @app.post("/insert")
    def insert() -> Any:
        """One row, one commit, nothing checked: what any booking costs at the very least."""
        connection = _connection()
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO reference (id, seat) VALUES (%s, %s)", (str(uuid4()), "C7"))
        return jsonify(ok=True), 201

    @app.get("/readyz")
    def readyz() -> Any:
        return jsonify(ok=True)

    return app


def _connection() -> Any:
    """One for each of gunicorn's threads."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg2.connect(os.environ["REFERENCE_DSN"])
    return _local.connection
