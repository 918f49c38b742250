"""Words per language: the source text is Vietnamese, `backend/translations/en/*.po` hold the English.

One catalogue file per room, merged at start; no compile step.
"""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from backend.core.messages import MESSAGES

FOLDER = Path(__file__).resolve().parents[1] / "translations"
LOCALES = ("vi", "en")


def catalogues(locale: str) -> Iterable[Path]:
    """The catalogue files of `locale`, in order of their names."""
    return sorted((FOLDER / locale).glob("*.po"))


@cache
def translations(locale: str) -> Translations:
    """The merged catalogue of `locale`; Vietnamese is the source and needs none."""
    merged = Catalog(locale=locale)
    for path in catalogues(locale):
        with path.open("rb") as file:
            for message in read_po(file, locale=locale):
                if message.id and message.string:
                    merged.add(message.id, message.string)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def translate(text: str, locale: str) -> str:
    """`text` in `locale`; an unknown text stays Vietnamese."""
    if locale == "vi":
        return text
    return str(translations(locale).ugettext(text))


def sentence(code: str, locale: str = "vi", **values: object) -> str:
    """What a refusal `code` says in `locale`, its values filled in; an unknown code gets the general sentence."""
    template = translate(MESSAGES.get(code, MESSAGES["bad_request"]), locale)
    try:
        return template.format(**values)
    except (KeyError, IndexError):
        return template
