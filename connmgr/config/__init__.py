"""Profile files in, checked profiles and settings out.

Knows YAML, JSON Schema and the environment; knows nothing of SQLAlchemy.
"""
