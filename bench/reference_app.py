"""The yardstick: the smallest honest server for the same two requests on the same tables.

Flask and the driver's own SQL: pull a walk's doors, push 10 visits idempotently. No protocol: no feed, no derived
state, no scope beyond the token, no savepoints. What ours costs above this is the price of the protocol.
"""

import json
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask, Response, request
from psycopg_pool import ConnectionPool

from backend.core.crypto import token_hash

_WHO = "SELECT id, account_id, ward_id FROM device WHERE token_hash = %s AND revoked_at IS NULL"
_DOORS = """
    SELECT h.id, h.v, h.code, h.address, a.position,
           (SELECT json_agg(json_build_object('id', r.id, 'n', r.ordinal, 'born', r.birth_year) ORDER BY r.ordinal)
            FROM resident r WHERE r.household_id = h.id)
    FROM walk_member m JOIN assignment a ON a.walk_id = m.walk_id AND a.ended_at IS NULL
    JOIN household h ON h.id = a.household_id
    WHERE m.account_id = %s AND m.ended_at IS NULL ORDER BY a.position
"""
_STORE = """
    INSERT INTO visit_event (id, ward_id, payload_sha256, author, device_id, household_id, kind, schema, core_enc,
                             est_time, received_at, flags)
    VALUES (%s, %s, %s, %s, %s, %s, 'visit', 1, %s, now(), now(), '{}') ON CONFLICT (id) DO NOTHING
"""


def make_reference(conninfo: str) -> tuple[Flask, ConnectionPool[psycopg.Connection[Any]]]:
    """The reference application on the PostgreSQL at `conninfo`, and its pool (close it)."""
    app = Flask("reference")
    pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
        conninfo, min_size=1, max_size=2, open=True, kwargs={"autocommit": False}
    )

    def answer(value: Any) -> Response:
        return Response(json.dumps(value, separators=(",", ":")), mimetype="application/json")

    @app.post("/pull")
    def pull() -> Response:
        with pool.connection() as connection:
            who = connection.execute(_WHO, (token_hash(request.cookies["gocua_device"]),)).fetchone()
            if who is None:
                return Response(status=401)
            rows = connection.execute(_DOORS, (who[1],)).fetchall()
        names = ("v", "code", "address", "position", "people")
        return answer([{"id": str(row[0]), **dict(zip(names, row[1:], strict=True))} for row in rows])

    @app.post("/push")
    def push() -> Response:
        body = request.get_json()
        with pool.connection() as connection:
            who = connection.execute(_WHO, (token_hash(request.cookies["gocua_device"]),)).fetchone()
            if who is None:
                return Response(status=401)
            device, account, ward = who
            rows = []
            for item in body["items"]:
                core = json.loads(item["core"])
                digest, text = bytes.fromhex(item["sha256"]), item["core"].encode()
                rows.append((UUID(item["id"]), ward, digest, account, device, UUID(core["household"]), text))
            with connection.cursor() as cursor:
                cursor.executemany(_STORE, rows)
        return answer({"n": len(rows), "results": [{"id": str(row[0]), "code": "accepted"} for row in rows]})

    return app, pool
