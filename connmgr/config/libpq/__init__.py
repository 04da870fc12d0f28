"""Where a PostgreSQL database is, in libpq's own words: from a URL, `connection:`, a service, variables."""
