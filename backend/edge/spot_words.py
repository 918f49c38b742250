"""The words of a support point, the same on the leader's pages and on the residents'."""

from backend.core.messages import N_

WEEKDAYS = (
    N_("Thứ hai"),
    N_("Thứ ba"),
    N_("Thứ tư"),
    N_("Thứ năm"),
    N_("Thứ sáu"),
    N_("Thứ bảy"),
    N_("Chủ nhật"),
)
EQUIPMENT: dict[str, str] = {
    "computer": N_("Máy tính"),
    "printer": N_("Máy in"),
    "scanner": N_("Máy quét giấy tờ"),
    "screen": N_("Màn hình lớn"),
    "wifi": N_("Wifi"),
    "phone": N_("Điện thoại dùng thử"),
}
