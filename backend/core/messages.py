"""The sentence of every refusal code, in Vietnamese; the English ones stand in the catalogue.

Short, spoken, says what happens and what to do. `{name}` takes the refusal's values. `N_` marks for the catalogue.
"""


def N_(text: str) -> str:
    """Mark a text for translation without translating it here."""
    return text


MESSAGES: dict[str, str] = {
    "not_found": N_("Không có ở đây. Có thể đã bị xoá, hoặc thuộc phường khác."),
    "sign_in": N_("Mời đăng nhập để tiếp tục."),
    "not_allowed": N_("Vai trò của bạn không làm được việc này. Nhờ tổ trưởng hoặc cán bộ phường."),
    "bad_form": N_("Có ô chưa đúng. Sửa các ô được đánh dấu rồi gửi lại; những gì đã nhập vẫn còn."),
    "stale_form": N_("Trang mở đã lâu. Tải lại trang rồi gửi lại."),
    "too_many": N_("Thử quá nhiều lần. Đợi {minutes} phút rồi thử lại."),
    "too_large": N_("Tệp lớn quá {limit} MB. Chia nhỏ rồi tải lại."),
    "bad_request": N_("Yêu cầu không đúng dạng."),
    "unexpected": N_(
        "Máy chủ gặp trục trặc, không mất dữ liệu nào. Thử lại sau ít phút; mã sự cố: {request_id}."
    ),
    "revoked": N_("Máy này đã bị thu hồi. Gọi tổ trưởng nếu bạn vẫn là tình nguyện viên."),
    "wrong_password": N_("Tên đăng nhập hoặc mật khẩu chưa đúng."),
    "method_not_allowed": N_("Địa chỉ này không nhận kiểu gửi đó."),
}
