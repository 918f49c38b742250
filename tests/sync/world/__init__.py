"""A deterministic world: simulated phones, a bad network, and the real server on a real PostgreSQL."""
