"""The core of Gõ Cửa and the team leader's door."""
