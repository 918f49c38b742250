"""Vietnamese text: search keys, sort keys, names. Pure functions, no database."""
