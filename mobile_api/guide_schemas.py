"""The shapes of what a phone keeps for offline beside its doors."""

from marshmallow import Schema, fields


class SectionOut(Schema):
    """`text`: paragraphs, a line feed inside one is a new line, **bold**; `picture` names one of the pack."""

    title = fields.Str(required=True)
    text = fields.Str(required=True)
    picture = fields.Str()


class GuideOut(Schema):
    slug = fields.Str(required=True)
    title = fields.Str(required=True)
    summary = fields.Str(required=True)
    minutes = fields.Int(required=True)
    taps = fields.Str(required=True)
    needs = fields.List(fields.Str(), required=True)
    checked_on = fields.Date(required=True)
    review_by = fields.Date(required=True)
    intro = fields.Str(required=True)
    steps = fields.List(fields.Nested(SectionOut), required=True)
    troubles = fields.List(fields.Nested(SectionOut), required=True)


class GroupOut(Schema):
    """A heading of the list and the slugs below it."""

    name = fields.Str(required=True)
    guides = fields.List(fields.Str(), required=True)


class HotlineOut(Schema):
    number = fields.Str(required=True)
    dial = fields.Str(required=True)
    use = fields.Str(required=True)


class ContactOut(Schema):
    ward = fields.Str(required=True)
    phone = fields.Str(required=True)
    dial = fields.Str(required=True)


class SymbolOut(Schema):
    """A QR code: `side` in modules with the quiet zone, `path` the dark modules in that space (SVG)."""

    url = fields.Str(required=True)
    side = fields.Int(required=True)
    path = fields.Str(required=True)


class GuidePackOut(Schema):
    """`groups`, `guides` and `hotlines` per language; `codes` per slug: the ward's code of a guide."""

    groups = fields.Dict(
        keys=fields.Str(), values=fields.List(fields.Nested(GroupOut), required=True), required=True
    )
    guides = fields.Dict(
        keys=fields.Str(), values=fields.List(fields.Nested(GuideOut), required=True), required=True
    )
    codes = fields.Dict(keys=fields.Str(), values=fields.Nested(SymbolOut), required=True)
    pictures = fields.Dict(keys=fields.Str(), values=fields.Str(), required=True)
    hotlines = fields.Dict(
        keys=fields.Str(), values=fields.List(fields.Nested(HotlineOut), required=True), required=True
    )
    contact = fields.Nested(ContactOut, required=True)


class VisitCodeOut(Schema):
    """A code that one of the teams announced: good on these days, between these hours in Vietnam."""

    code = fields.Str(required=True)
    team = fields.Str(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    opens = fields.Str(required=True)
    closes = fields.Str(required=True)


class BadgeOut(Schema):
    given_name = fields.Str(required=True)
    initials = fields.Str(required=True)
    team = fields.Str(required=True)
    team_title = fields.Str(required=True)
    ward = fields.Str(required=True)
    areas = fields.List(fields.Str(), required=True)
    phone = fields.Str(required=True)
    code = fields.Nested(SymbolOut, required=True, metadata={"description": "of the printed badge"})
    live_handle = fields.Str(
        required=True,
        allow_none=True,
        metadata={"description": "names the key of this phone's rotating code; null: ask for one"},
    )
    visit_codes = fields.List(fields.Nested(VisitCodeOut), required=True)


class BadgeKeyOut(Schema):
    """What the rotating code is made from; told once. `secret`: 32 bytes, base64url without padding."""

    handle = fields.Str(required=True)
    secret = fields.Str(required=True)
    address = fields.Str(
        required=True, metadata={"description": "what stands before the token in the symbol"}
    )


class PlatesOut(Schema):
    plates = fields.Dict(keys=fields.Str(), values=fields.UUID(), required=True)


class CampaignDoorsOut(Schema):
    """My doors of the running campaign: `done` were knocked at, `total` with those that are given to me now."""

    name = fields.Str(required=True)
    done = fields.Int(required=True)
    total = fields.Int(required=True)
    days = fields.Int(required=True)


class AttendanceOut(Schema):
    """My days worked in the last 31 days, as the server counts them."""

    days = fields.List(fields.Date(), required=True)
    campaign = fields.Nested(CampaignDoorsOut, required=True, allow_none=True)
