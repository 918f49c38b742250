"""Codes as values in, bytes out: tokens, addresses, symbols, print sheets. Imports nothing of ours.

The table of contents for the rest of the project; the modules name their limits and errors.
"""

from qr.codes.cards import Card, CardWords, card_pdf
from qr.codes.day_sheet import DaySheet, SheetDoor, SheetPerson, day_sheets_pdf
from qr.codes.pdf import LabelKind, TooDense
from qr.codes.posters import Poster, poster_pdf
from qr.codes.render import png, svg, terminal
from qr.codes.sheets import LAYOUTS, Label, Layout, label_sheet_pdf
from qr.codes.slip_pad import SlipPad, slip_pad_pdf
from qr.codes.slips import Slip, slips_pdf
from qr.codes.symbol import Symbol, TooLong, encode
from qr.codes.tokens import CREDENTIAL_LENGTH, NotAToken, grouped, new_token, normalise
from qr.codes.urls import BADGE, ENROLMENT, GUIDE, HOUSEHOLD, LIVE_BADGE, PAPER, NotAlphanumeric, code_url
from qr.codes.wifi import wifi_text

__all__ = [
    "BADGE",
    "CREDENTIAL_LENGTH",
    "ENROLMENT",
    "GUIDE",
    "HOUSEHOLD",
    "LAYOUTS",
    "LIVE_BADGE",
    "PAPER",
    "Card",
    "CardWords",
    "DaySheet",
    "Label",
    "LabelKind",
    "Layout",
    "NotAToken",
    "NotAlphanumeric",
    "Poster",
    "SheetDoor",
    "SheetPerson",
    "Slip",
    "SlipPad",
    "Symbol",
    "TooDense",
    "TooLong",
    "card_pdf",
    "code_url",
    "day_sheets_pdf",
    "encode",
    "grouped",
    "label_sheet_pdf",
    "new_token",
    "normalise",
    "png",
    "poster_pdf",
    "slip_pad_pdf",
    "slips_pdf",
    "svg",
    "terminal",
    "wifi_text",
]
