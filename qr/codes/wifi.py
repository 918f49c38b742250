"""The text by which phones join a network: WIFI:T:WPA;S:name;P:password;; with its five letters escaped."""

_ESCAPED = str.maketrans({char: f"\\{char}" for char in '\\;,":'})


def wifi_text(ssid: str, password: str = "") -> str:
    """What the symbol of a network holds; an empty password means an open one."""
    name = ssid.translate(_ESCAPED)
    if not password:
        return f"WIFI:T:nopass;S:{name};;"
    return f"WIFI:T:WPA;S:{name};P:{password.translate(_ESCAPED)};;"
