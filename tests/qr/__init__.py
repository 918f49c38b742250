"""The resident's door: codes, guides, pages."""
