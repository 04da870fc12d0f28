"""Real PostgreSQL servers, broken networks and scripted peers for tests."""
