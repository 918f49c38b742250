"""The phone in Python, once: its protocol rules without a line, its cycle, and a phone on a real line."""
