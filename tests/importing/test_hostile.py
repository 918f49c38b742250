"""Files that mean harm: each refused with its reason, by a process of its own, while this one stays up and small."""

import io
import random
import resource
import zipfile
from pathlib import Path

import pytest

from backend.core.refusal import Refusal
from backend.services.importing.plan import make_plan
from backend.services.importing.reading import read, read_path
from backend.services.importing.records import build
from tests.importing.files import PEOPLE, text_csv, xls, xlsx

LIMIT = 16 * 1024 * 1024


def refused(data: bytes) -> str:
    with pytest.raises(Refusal) as refusal:
        make_plan(read(data))
    return refusal.value.code


def repacked(parts: dict[str, bytes], base: bytes | None = None) -> bytes:
    """A workbook with some parts replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base or xlsx(PEOPLE))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename not in parts:
                new.writestr(part, old.read(part))
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "haha">""" + b"".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9)
)
SHARED = LAUGHS + b"]><sst><si><t>&j;</t></si></sst>"


def test_a_zip_bomb() -> None:
    assert refused(repacked({"xl/media/image1.png": b"\0" * 40_000_000})) == "file_bomb"
    assert refused(repacked({"xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * 300_000_000})) == "file_bomb"


def test_a_zip_bomb_that_lies_about_its_size() -> None:
    data = bytearray(repacked({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData>" + b" " * 90_000_000}))
    true_size = len(b"<worksheet><sheetData>" + b" " * 90_000_000).to_bytes(4, "little")
    assert data.count(true_size) >= 2
    assert refused(bytes(data).replace(true_size, (5000).to_bytes(4, "little"))) in (
        "file_broken",
        "file_heavy",
    )


def test_an_archive_in_the_archive() -> None:
    assert refused(repacked({"xl/embeddings/more.zip": zipped({"a": b"\0" * 1000})})) == "file_bomb"
    assert refused(zipped({"a.zip": zipped({"b.zip": b"x"})})) == "file_bomb"


def test_too_many_parts() -> None:
    assert refused(repacked({f"xl/x{n}": b"" for n in range(3100)})) == "file_bomb"


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_billion_laughs(part: str) -> None:
    assert refused(repacked({part: SHARED})) == "file_xml"
    assert refused(repacked({part: SHARED.decode().encode("utf-16")})) == "file_xml"


def test_a_foreign_entity() -> None:
    harm = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><sst><si><t>&f;</t></si></sst>'
    assert refused(repacked({"xl/sharedStrings.xml": harm})) == "file_xml"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x.xml", "xl/../../x"])
def test_names_that_leave_the_archive(name: str) -> None:
    assert refused(repacked({name: b"x"})) == "file_names"


def test_two_hundred_megabytes_are_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(200 * 1024 * 1024)
    with pytest.raises(Refusal) as refusal:
        read_path(path, limit=LIMIT)
    assert (refusal.value.code, refusal.value.status) == ("too_large", 413)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\0" * 500, "file_empty"),
        (b"%PDF-1.7\n1 0 obj", "file_type"),
        (b"MZ\x90\0\x03\0\0\0", "file_type"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "file_type"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_type"),
        (bytes(range(256)) * 40, "file_type"),
        (zipped({"word/document.xml": b"<w/>", "[Content_Types].xml": b"<Types/>"}), "file_type"),
        (zipped({"hello.txt": b"hello"}), "file_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "file_type"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "file_locked",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"), "file_broken"),
    ],
)
def test_other_kinds_of_file(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_truncated_files() -> None:
    whole = xlsx(PEOPLE)
    for share in (0.1, 0.5, 0.9, 0.99):
        assert refused(whole[: int(len(whole) * share)]) == "file_broken"
    assert refused(xls(PEOPLE)[:3000]) in ("file_broken", "file_type")


def test_a_heading_of_a_million_columns() -> None:
    assert refused(b";".join(b"x" * 1 for _ in range(1_000_000)) + b"\n") == "file_wide"


def test_a_stray_cell_at_the_far_corner() -> None:
    far = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    assert refused(repacked({"xl/worksheets/sheet1.xml": far})) in ("file_heavy", "file_wide")


def test_too_many_rows() -> None:
    assert refused(b"a,b\n" * 200_002) == "file_long"


def test_formulas_are_never_evaluated() -> None:
    rows = [list(row) for row in PEOPLE]
    rows[1][2] = '=HYPERLINK("http://example.invalid","An")'
    records = build(make_plan(read(xlsx(rows))), this_year=2026)
    assert "HYPERLINK" not in str(records)  # openpyxl writes no cached value: the cell comes empty


def test_this_process_stays_small() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (
        repacked({"xl/media/image1.png": b"\0" * 40_000_000}),
        repacked({"xl/sharedStrings.xml": SHARED}),
        b"a,b\n" * 200_002,
    ):
        refused(data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 1024  # KiB; the test itself holds the 40 MB that it packs


def test_mutated_workbooks_are_read_or_refused() -> None:
    """A few hundred damaged files: every answer is a plan or a refusal, and the process lives."""
    source = random.Random(20261121)
    bases = (xlsx(PEOPLE), xls(PEOPLE), text_csv(PEOPLE))
    answers: dict[str, int] = {}
    for round_ in range(240):
        data = bytearray(bases[round_ % 3])
        for _ in range(source.randrange(1, 12)):
            place = source.randrange(len(data))
            kind = source.randrange(3)
            if kind == 0:
                data[place] = source.randrange(256)
            elif kind == 1:
                del data[place : place + source.randrange(1, 40)]
            else:
                data[place:place] = source.randbytes(source.randrange(1, 40))
        try:
            build(make_plan(read(bytes(data))), this_year=2026)
            answer = "read"
        except Refusal as refusal:
            answer = refusal.code
        answers[answer] = answers.get(answer, 0) + 1
    assert sum(answers.values()) == 240
    assert len(answers) >= 3


def test_a_cell_of_endless_text_is_cut_and_never_within_a_number() -> None:
    rows = [list(row) for row in PEOPLE]
    rows[1][7] = "Số 5 ngõ 34, " + "a" * 980 + " 001050000951" + " tổng" * 6_000
    address = read(xlsx(rows))[0].rows[1][7]
    assert isinstance(address, str)
    assert len(address) <= 1_000
    assert address.startswith("Số 5 ngõ 34, a")
    assert address.endswith("a")
