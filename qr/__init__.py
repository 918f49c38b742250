"""The resident's door: codes, pages, guides."""
