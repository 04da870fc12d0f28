"""What a connect that the server refused raises, whatever SQLAlchemy makes of it."""

from __future__ import annotations

from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

REFUSED = (DBAPIError, PostgresError)
"""SQLAlchemy 2.1 wraps what the driver raises while it connects; 2.0 lets it through, word for word."""
