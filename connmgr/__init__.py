"""A configuration-driven connection manager for async SQLAlchemy."""
