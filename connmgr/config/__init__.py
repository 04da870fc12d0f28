"""Profile files in, checked profiles and settings out.

Knows YAML, JSON Schema and the environment; knows nothing of SQLAlchemy.

A dataclass here that nothing compares says so, `eq=False`: to make the methods is half of what a class
costs, and every start of a command pays for it.
"""
