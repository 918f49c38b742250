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

# --- the desk (forms, sign-in, households, people) ---
MESSAGES.update(
    {
        "needed": N_("Mời điền ô này."),
        "bad_value": N_("Ô này chưa đúng."),
        "too_long": N_("Dài quá."),
        "bad_year": N_("Năm sinh gồm 4 số, ví dụ 1958."),
        "bad_phone": N_("Số điện thoại chưa đúng. Ví dụ: 0912 345 678."),
        "password_short": N_("Mật khẩu cần ít nhất 10 ký tự."),
        "password_is_login": N_("Mật khẩu không được trùng tên đăng nhập."),
        "password_not_current": N_("Mật khẩu đang dùng chưa đúng."),
        "password_differs": N_("Hai lần nhập chưa giống nhau."),
        "login_taken": N_("Tên đăng nhập này đã có người dùng. Chọn tên khác."),
        "bad_login": N_("Tên đăng nhập chỉ gồm chữ không dấu, số, dấu chấm, dấu gạch; từ 3 đến 40 ký tự."),
        "last_leader": N_("Đây là tổ trưởng duy nhất của tổ. Chọn tổ trưởng mới trước, rồi mới cho nghỉ."),
        "not_yourself": N_("Bạn không tự làm việc này cho mình được. Nhờ cán bộ phường."),
        "area_not_empty": N_("Chọn ít nhất một tổ dân phố, thôn cho tổ này."),
    }
)

# --- running (commands, the demo ward) ---
MESSAGES.update(
    {
        "demo_size": N_("Phường mẫu cần 1 đến 200 tình nguyện viên, và ít nhất mỗi người một hộ."),
        "no_free_ward": N_("Mọi phường đều đã có người dùng: không còn chỗ cho phường mẫu."),
    }
)
