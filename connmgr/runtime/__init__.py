"""Engines in service: leases, sessions, health; knows nothing of files."""
