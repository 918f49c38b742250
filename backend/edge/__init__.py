"""What the three doors share at the edge of a request: who may, one commit, errors, headers, words."""
