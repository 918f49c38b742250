"""Settings from the environment, read once, all mistakes named together.

Every key is documented in `.env.example`; a test holds the two together.
"""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

KEYS_FILE = "keys.env"
PROJECT = Path(__file__).resolve().parents[2]

# Every key that `load` reads, in the order of .env.example.
KEYS = (
    "DATABASE_URL",
    "GOCUA_DATA_DIR",
    "GOCUA_BASE_URL",
    "GOCUA_TRUSTED_HOSTS",
    "GOCUA_SECRET_KEY",
    "GOCUA_DATA_KEY",
    "GOCUA_WEB_PROCESSES",
    "GOCUA_PROXIES",
    "GOCUA_LOG_LEVEL",
    "GOCUA_FIREBASE_CREDENTIALS",
    "GOCUA_UPLOAD_LIMIT_MB",
    "GOCUA_MAP_TILES",
)

T = TypeVar("T")


class BadSettings(Exception):
    """Every missing or odd setting, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Cấu hình chưa đúng:\n" + "\n".join(f"  - {line}" for line in problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """What one installation is told from outside. Build it with `load`."""

    data_dir: Path
    database_url: str | None
    base_url: str
    trusted_hosts: tuple[str, ...]
    secret_key: bytes
    data_key: bytes
    web_processes: int
    proxies: int
    log_level: str
    firebase_credentials: Path | None
    upload_limit: int
    map_tiles: str = ""

    @property
    def map_host(self) -> str:
        """Where the ward's own map tiles come from, for the content policy; "" without any."""
        parts = urlsplit(self.map_tiles)
        return f"{parts.scheme}://{parts.netloc}" if self.map_tiles else ""

    @property
    def secure(self) -> bool:
        """True where people come by HTTPS, so that cookies may be marked Secure."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """The domain printed under each code."""
        return urlsplit(self.base_url).netloc


def load(environment: Mapping[str, str] | None = None, *, base_url: str | None = None) -> Settings:
    """Read the settings from `environment` (default: the process's, over the keys file of the data folder).

    `base_url`: what `gocua up --port` serves when GOCUA_BASE_URL is not set.
    Raises BadSettings naming every missing or odd value at once.
    """
    given = dict(os.environ if environment is None else environment)
    data_dir = Path(given.get("GOCUA_DATA_DIR") or "var")
    values = {
        **_read_keys_file(data_dir / KEYS_FILE),
        **{key: value for key, value in given.items() if value},
    }
    problems: list[str] = []

    def read(key: str, parse: Callable[[str], T], default: T | None = None) -> T:
        raw = values.get(key)
        if raw is None:
            if default is None:
                problems.append(f"{key}: chưa có")
            return default  # type: ignore[return-value]  # the load fails below before anybody reads it
        try:
            return parse(raw)
        except ValueError as error:
            problems.append(f"{key}: {error}")
            return default  # type: ignore[return-value]

    address = read("GOCUA_BASE_URL", _base_url, base_url or "http://127.0.0.1:8000")
    database_url = values.get("DATABASE_URL")
    credentials = values.get("GOCUA_FIREBASE_CREDENTIALS")
    if values.get("FIREBASE_AUTH_EMULATOR_HOST"):
        # With this variable set, firebase-admin accepts unsigned tokens.
        problems.append("FIREBASE_AUTH_EMULATOR_HOST: phải bỏ, vì khi đó mã không ký cũng được nhận")
    settings = Settings(
        data_dir=data_dir.resolve(),
        database_url=read("DATABASE_URL", _database_url) if database_url else None,
        base_url=address,
        trusted_hosts=read("GOCUA_TRUSTED_HOSTS", _hosts, ()),
        secret_key=read("GOCUA_SECRET_KEY", _key),
        data_key=read("GOCUA_DATA_KEY", _key),
        web_processes=read("GOCUA_WEB_PROCESSES", _between(1, 64), 2),
        proxies=read("GOCUA_PROXIES", _between(0, 5), 0),
        log_level=read("GOCUA_LOG_LEVEL", _log_level, "INFO"),
        firebase_credentials=read("GOCUA_FIREBASE_CREDENTIALS", _credentials) if credentials else None,
        upload_limit=read("GOCUA_UPLOAD_LIMIT_MB", _between(1, 64), 16) * 1024 * 1024,
        map_tiles=read("GOCUA_MAP_TILES", _tiles, ""),
    )
    if problems:
        raise BadSettings(problems)
    return settings


def make_keys_file(data_dir: Path) -> Path:
    """Give a new installation its own random keys, readable by its owner alone; an existing file is kept."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / KEYS_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(descriptor, "w") as file:
        file.write(
            "# Khoá riêng của máy chủ này. Sao lưu ở nơi khác: mất GOCUA_DATA_KEY là mất tên và số điện thoại.\n"
        )
        for key in ("GOCUA_SECRET_KEY", "GOCUA_DATA_KEY"):
            file.write(f"{key}={base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return path


def _read_keys_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.partition("=") for line in path.read_text().splitlines() if "=" in line and line[0] != "#")
    return {key.strip(): value.strip() for key, _, value in lines}


def _key(raw: str) -> bytes:
    try:
        key = base64.b64decode(raw, validate=True)
    except binascii.Error:
        raise ValueError("cần 32 byte ngẫu nhiên viết bằng base64") from None
    if len(key) != 32 or len(set(key)) < 8:
        raise ValueError("cần 32 byte ngẫu nhiên viết bằng base64")
    return key


def _base_url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError("cần địa chỉ dạng https://gocua.phuong.vn, không có đường dẫn")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _tiles(raw: str) -> str:
    """An address of map tiles: any host of one's own, no user, nothing that could leave the content policy."""
    parts = urlsplit(raw)
    if (
        parts.scheme not in ("http", "https")
        or not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", parts.netloc)
        or any(slot not in parts.path for slot in ("{z}", "{x}", "{y}"))
    ):
        raise ValueError("cần địa chỉ dạng https://bando.phuong.vn/{z}/{x}/{y}.png")
    return raw


def _database_url(raw: str) -> str:
    scheme, separator, rest = raw.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError("cần địa chỉ postgresql://…")
    return f"postgresql+psycopg://{rest}"


def _hosts(raw: str) -> tuple[str, ...]:
    return tuple(host.strip().lower() for host in raw.split(",") if host.strip())


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not raw.isdigit() or not low <= int(raw) <= high:
            raise ValueError(f"cần số từ {low} đến {high}")
        return int(raw)

    return parse


def _log_level(raw: str) -> str:
    if raw.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("cần DEBUG, INFO, WARNING hoặc ERROR")
    return raw.upper()


def _credentials(raw: str) -> Path:
    path = Path(raw).resolve()
    if not path.is_file():
        raise ValueError("không thấy tệp")
    if path.is_relative_to(PROJECT):
        raise ValueError("tệp khoá phải nằm ngoài thư mục mã nguồn")
    if path.stat().st_mode & 0o077:
        raise ValueError("tệp khoá chỉ chủ máy được đọc (chmod 600)")
    return path
