"""From settings to a SQLAlchemy engine; knows nothing of files."""
