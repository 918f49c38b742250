"""The sentence of every refusal code, in Vietnamese; the English ones stand in the catalogue.

Short, spoken, says what happens and what to do. `{name}` takes the refusal's values. `N_` marks for the catalogue.
"""


def N_(text: str) -> str:
    """Mark a text for translation without translating it here."""
    return text


MESSAGES: dict[str, str] = {
    "no_such_ward": N_("Không có phường, xã nào mang mã đó. Mã có 5 số, ví dụ 00004."),
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
    "busy": N_("Máy chủ đang bận, không mất dữ liệu nào. Thử lại sau ít giây."),
    "revoked": N_("Máy này đã bị thu hồi. Gọi tổ trưởng nếu bạn vẫn là tình nguyện viên."),
    "wrong_password": N_("Tên đăng nhập hoặc mật khẩu chưa đúng."),
    "method_not_allowed": N_("Địa chỉ này không nhận kiểu gửi đó."),
}

# --- phones (pairing, sync) ---
MESSAGES.update(
    {
        "enrol_unknown": N_("Mã này không đúng hoặc đã được thay bằng mã khác. Nhờ tổ trưởng đưa mã mới."),
        "enrol_used": N_("Mã này đã dùng rồi, mỗi mã chỉ ghép được một máy. Nhờ tổ trưởng đưa mã mới."),
        "enrol_expired": N_("Mã này đã hết hạn. Nhờ tổ trưởng đưa mã mới."),
        "enrol_revoked": N_("Mã này đã được thay bằng mã khác. Nhờ tổ trưởng đưa mã mới."),
        "stream_gone": N_("Bạn không còn trong tổ này."),
        "upgrade": N_("Ứng dụng trên máy này đã cũ. Mở lại khi có mạng để cập nhật."),
        "epoch": N_("Máy chủ vừa được khôi phục. Máy sẽ tự gửi lại những gì còn giữ."),
        "too_many_items": N_("Mỗi lần gửi nhiều nhất {limit} mục."),
        "unknown_field": N_("Không có ô này."),
    }
)

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
        "password_same": N_("Đây là mật khẩu vừa được cấp. Đặt mật khẩu khác, chỉ mình bạn biết."),
        "password_first": N_("Mời đổi mật khẩu lần đầu trước."),
        "login_taken": N_("Tên đăng nhập này đã có người dùng. Chọn tên khác."),
        "bad_login": N_("Tên đăng nhập chỉ gồm chữ không dấu, số, dấu chấm, dấu gạch; từ 3 đến 40 ký tự."),
        "people_line": N_(
            "Dòng {line} chưa đúng: cần họ tên, sau dấu phẩy là số điện thoại (nếu có). Chưa thêm ai."
        ),
        "people_twice": N_(
            "Dòng {line} trùng tên với dòng trên. Thêm chữ để phân biệt, ví dụ “Lan A”. Chưa thêm ai."
        ),
        "people_many": N_("Mỗi lần thêm nhiều nhất {limit} người."),
        "slips_none": N_("Ai trong tổ cũng đã có máy. Cần phiếu cho máy mới thì mở trang của người ấy."),
        "last_leader": N_("Đây là tổ trưởng duy nhất của tổ. Chọn tổ trưởng mới trước, rồi mới cho nghỉ."),
        "not_yourself": N_("Bạn không tự làm việc này cho mình được. Nhờ cán bộ phường."),
        "no_id_numbers": N_("Có dãy số dài. Xin đừng ghi số căn cước, mã OTP hay số tài khoản."),
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

# --- guides rewritten by a ward ---
MESSAGES.update(
    {
        "guide_rules": N_("Chưa lưu: còn {n} chỗ phải sửa. Những gì đã viết vẫn còn nguyên bên dưới."),
        "guide_see_above": N_("Xem chỗ phải sửa ở đầu trang."),
        "guide_changed": N_(
            "Người khác vừa lưu bài này. Chép phần của bạn ra, tải lại trang để xem bản mới rồi sửa tiếp."
        ),
        "guide_unreadable": N_("Không đọc được bài. Mỗi bước bắt đầu bằng dòng “## Tên bước”."),
        "guide_steps": N_("Bài có {n} bước. Cần từ 2 đến {most} bước, mỗi bước bắt đầu bằng “## ”."),
        "guide_troubles": N_("Thiếu phần khi chưa được: thêm dòng “# Khi chưa được”, rồi từng mục “## ”."),
        "guide_minutes": N_("Số phút từ 1 đến {most}."),
        "guide_empty": N_("Mục “{title}” chưa có lời nào. Viết một, hai câu."),
        "guide_picture": N_("Không có hình tên “{name}”. Chọn tên hình trong danh sách."),
        "guide_long_sentence": N_("Câu dài {n} chữ, nhiều nhất {most}. Tách làm hai: “{sentence}”."),
        "guide_secret": N_(
            "Mục “{title}” nói đến mã hay mật khẩu. Phải nói rõ ông/bà tự gõ, hoặc không cho ai biết."
        ),
        "guide_asks": N_("“{words}”: không được hỏi xin mã, mật khẩu hay số của người dân. Bỏ câu này."),
        "guide_no_source": N_("Cần ít nhất một nguồn có địa chỉ và ngày."),
        "guide_source_address": N_("Nguồn “{name}” cần địa chỉ đầy đủ, bắt đầu bằng https://."),
        "guide_source_date": N_(
            "Nguồn “{name}” cần ngày như 2026-11-21, 2026-11 hoặc 2026, không ở tương lai."
        ),
        "guide_source_line": N_("Mỗi dòng một nguồn: tên | địa chỉ | ngày."),
        "guide_checked_later": N_("Ngày kiểm tra không thể ở sau hôm nay."),
        "guide_review": N_("Hạn kiểm tra lại phải sau ngày kiểm tra, nhiều nhất {most} ngày."),
        "guide_number": N_("Số {number} không có trong danh sách số đã kiểm tra. Bỏ số này ra khỏi bài."),
        "guide_html": N_("Không dùng thẻ HTML như “{tag}”. Chữ đậm thì viết **như thế này**."),
        "guide_link": N_(
            "Đường link “{target}” không dùng được. Chỉ nhận https://, tel: và bài khác (/huong-dan/…)."
        ),
        "guide_link_unknown": N_("Không có bài nào ở “{target}”."),
    }
)

# --- places and walks ---
MESSAGES.update(
    {
        "place_name": N_("Tên cần có, và không quá {limit} ký tự."),
        "place_kind": N_("Chọn loại: tổ dân phố, thôn, ấp…"),
        "place_taken": N_("Phường này đã có “{name}”. Đặt tên khác."),
        "place_code_taken": N_("Mã {unit} đã dùng. Chọn mã khác."),
        "place_ended": N_("“{name}” đã thôi tồn tại. Chọn đơn vị đang có hiệu lực."),
        "place_parts": N_("Chia thì cần ít nhất hai phần, gộp thì cần ít nhất hai đơn vị."),
        "place_alley_twice": N_("Một ngõ không thể thuộc hai phần. Mỗi ngõ chọn một phần."),
        "place_unmoved": N_(
            "Còn {count} hộ chưa biết về đâu (ví dụ hộ {codes}). Xếp hết các hộ rồi làm lại."
        ),
        "place_date": N_("Ngày hiệu lực phải từ ngày đơn vị cũ bắt đầu đến hôm nay."),
        "no_team": N_("Chưa có tổ nào phụ trách khu này. Lập tổ ở mục Người trước."),
        "no_doors": N_("Không có hộ nào để giao. Chọn thêm ngõ hoặc bỏ bớt điều kiện."),
        "more_walks_than_doors": N_(
            "Chỉ có {doors} hộ mà chia {walks} tuyến. Chọn “Không đi” cho bớt người, hoặc sang trang Hộ giao thẳng cho tuyến đang đi."
        ),
        "crew_empty": N_("Chọn ít nhất một người cho tuyến."),
        "crew_twice": N_("Một người chỉ đi một tuyến trong một lần chia."),
        "not_in_team": N_("Có người không còn trong tổ. Tải lại trang rồi chọn lại."),
        "walk_state": N_("Tuyến này đã chuyển sang trạng thái khác. Tải lại trang."),
        "other_plan": N_("Chỉ chuyển được giữa hai tuyến nháp của cùng một lần chia."),
        "other_doors": N_("Danh sách hộ của tuyến vừa thay đổi. Tải lại trang rồi xếp lại."),
        "walk_name": N_("Tên tuyến cần có, và không quá {limit} ký tự."),
        "walk_without_people": N_("“{walk}” chưa có ai đi. Chọn người rồi giao."),
        "same_walk": N_("Chọn một tuyến khác để chuyển hộ sang."),
    }
)

# --- import of household lists ---
MESSAGES.update(
    {
        "file_empty": N_("Tệp trống, không có dòng nào."),
        "file_type": N_("Đây không phải danh sách Excel. Mở bằng Excel, lưu thành .xlsx rồi tải lên lại."),
        "file_broken": N_("Tệp bị hỏng hoặc tải chưa hết. Mở thử bằng Excel, lưu lại rồi tải lên."),
        "file_locked": N_("Tệp có mật khẩu. Mở bằng Excel, bỏ mật khẩu, lưu lại rồi tải lên."),
        "file_bomb": N_(
            "Tệp nén bất thường, mở ra sẽ phình rất lớn, nên không mở. Chép danh sách sang tệp Excel mới."
        ),
        "file_names": N_(
            "Bên trong tệp có tên đường dẫn lạ, nên không mở. Chép danh sách sang tệp Excel mới."
        ),
        "file_xml": N_(
            "Bên trong tệp có đoạn mã nguy hiểm, nên không mở. Chép danh sách sang tệp Excel mới."
        ),
        "file_wide": N_("Danh sách có quá nhiều cột (hơn 200). Xoá các cột thừa rồi tải lên lại."),
        "file_long": N_("Danh sách dài quá. Chia thành nhiều tệp, mỗi tệp một tổ dân phố."),
        "file_heavy": N_(
            "Mở tệp này quá nặng nên đã dừng lại. Chép danh sách sang tệp Excel mới rồi tải lên."
        ),
        "no_header": N_(
            "Không thấy dòng tiêu đề. Cần một dòng có các cột như “Họ và tên”, “Năm sinh”, “Địa chỉ”."
        ),
        "no_rows": N_("Dưới dòng tiêu đề không có hộ nào."),
        "import_ask": N_("Danh sách không nói những dòng nào là một hộ. Chọn cách gộp rồi nhập."),
        "import_column_twice": N_("Hai cột được chọn cùng một mục. Mỗi mục chỉ một cột."),
        "import_over": N_("Danh sách này đã nhập xong hoặc đã bỏ. Tải tệp lên lại nếu cần."),
        "no_neighbourhood": N_("Không có tổ dân phố, thôn nào mang mã “{name}”."),
        "import_nothing": N_("Không có hộ nào nhập được: mọi dòng đều có chỗ chưa đúng."),
        "import_failed": N_(
            "Nhập bị dừng giữa chừng. Những hộ đã vào vẫn còn; tải lại tệp, máy sẽ làm tiếp."
        ),
        "import_row_empty": N_("Dòng {row} không còn gì để nhận ra. Giữ lại ít nhất họ tên."),
        "import_not_undoable": N_("Lần nhập này không hoàn tác được nữa: đã hoàn tác, hoặc đã quá 7 ngày."),
        "import_worked_on": N_("Chưa hoàn tác gì: {n} hộ đã có người làm việc sau lần nhập này."),
        "row_birth_wrong": N_("Ngày sinh '{value}' chưa đúng. Sửa rồi tải lại, các dòng khác đã vào."),
        "row_birth_twice": N_("Năm sinh có ở cả cột Nam và cột Nữ. Giữ một cột rồi tải lại."),
        "row_no_household": N_("Chưa rõ dòng này thuộc hộ nào. Ghi số hộ hoặc chủ hộ rồi tải lại."),
        "row_head_unclear": N_(
            "Cột số hộ nói đây là chủ hộ, cột quan hệ nói không phải. Sửa một trong hai rồi tải lại."
        ),
        "row_id_removed": N_("Một ô có dạng số giấy tờ tuỳ thân, đã bỏ trống ô đó."),
        "row_sex_unclear": N_("Giới tính chưa rõ, đã để trống."),
        "row_phone_wrong": N_("Số điện thoại chưa đúng, đã để trống."),
        "row_phone_converted": N_("Số điện thoại 11 số đã đổi sang đầu số mới."),
        "row_phone_doubtful": N_("Số điện thoại có thể chưa đúng, vẫn giữ."),
        "row_phone_many": N_("Có hơn hai số điện thoại, chỉ giữ hai số đầu."),
        "duplicate_number": N_("Số hộ này đã có ở hộ khác trong danh sách, ghi thành hai hộ."),
        "far_from_household": N_("Dòng này đứng xa hộ của mình, vẫn được ghép đúng số hộ."),
        "second_head": N_("Hộ này có hai người ghi là chủ hộ."),
    }
)

# Codes and print sheets
MESSAGES.update(
    {
        "no_codes_to_print": N_("Chưa có gì để in ở đây. Nhập danh sách hộ hoặc thêm người trước."),
        "codes_too_dense": N_(
            "Tên miền dài quá, mã in trên giấy này sẽ không quét được. Chọn giấy có nhãn lớn hơn."
        ),
    }
)

# --- campaigns and their targets ---
MESSAGES.update(
    {
        "bad_clock": N_("Giờ ghi theo giờ:phút, ví dụ 19:30."),
        "bad_date": N_("Ngày ghi theo ngày/tháng/năm, ví dụ 21/11/2026."),
        "bad_count": N_("Ô này là một số người, ví dụ 1.234."),
        "campaign_days": N_("Ngày cuối phải từ ngày đầu trở đi."),
        "campaign_services": N_("Chọn ít nhất một việc."),
        "campaign_taken": N_(
            "Đã có đợt mang tên này, cùng ngày đầu. Có thể bạn vừa mở rồi: xem ở danh sách."
        ),
        "campaign_not_running": N_("Đợt này chưa bắt đầu hoặc đã xong, không cần kết thúc sớm."),
        "target_missing": N_("Có mẫu số thì ghi cả chỉ tiêu."),
        "target_over": N_("Chỉ tiêu lớn hơn mẫu số. Xem lại hai số."),
        "target_source": N_("Ghi mẫu số lấy từ đâu, ví dụ số kế hoạch của phường."),
    }
)

# --- what phones and merges bring together ---
MESSAGES.update(
    {
        "still_paired": N_("Máy này vẫn đang dùng được: gửi như thường lệ."),
        "left_too_long": N_(
            "Máy đã thôi dùng quá 14 ngày, không gửi thẳng được nữa. Lưu tệp cứu rồi đưa tổ trưởng."
        ),
        "rescue_not_ours": N_(
            "Đây không phải tệp cứu của Gõ Cửa. Trên điện thoại: Đã ghi → Lưu tệp cứu, rồi tải tệp ấy lên."
        ),
        "rescue_newer": N_("Tệp này từ bản ứng dụng mới hơn máy chủ. Nhờ người giữ máy chủ cập nhật trước."),
        "held_nothing": N_("Không còn gì chờ xem của người này. Tải lại trang."),
        "merge_same": N_("Đây là cùng một hộ. Chọn hộ khác để gộp vào."),
        "withdrawn": N_("Hộ này đã xin thôi, dữ liệu đã xoá. Nếu hộ muốn lại, hãy thêm như một hộ mới."),
        "merge_settled": N_("Một trong hai hộ đã gộp hoặc đã xin thôi. Mở lại danh sách để xem."),
    }
)

# --- walks on paper ---
MESSAGES.update(
    {
        "paper_code": N_("Không có phiếu nào mang mã này. Mã có 10 chữ, in ở đầu mỗi trang phiếu."),
        "paper_many": N_("Mỗi lần in nhiều nhất {limit} phiếu. Chọn từng khu rồi in."),
        "paper_begun": N_("Phiếu đã có dòng nhập. Bỏ các dòng ấy trước, rồi mới đổi người hoặc ngày."),
        "paper_day": N_("Ngày đi phải là hôm nay hoặc trước đó, không quá 60 ngày."),
        "paper_early": N_("Phiếu này của ngày chưa tới. Sửa ngày đi ở đầu trang, hoặc đợi đến hôm đó."),
        "paper_changed": N_("Dòng này vừa được sửa ở nơi khác, như đang hiện. Xem lại rồi chọn lần nữa."),
        "paper_results": N_("Đã ghi kết quả cho người trong nhà thì chọn Giúp; hoặc xoá các chữ đã ghi."),
        "paper_letter": N_("Mỗi ô một chữ: X, T, C, K hoặc G. Sau K có thể ghi số của lý do."),
        "paper_when": N_("Hẹn lại thì ghi ngày hẹn. Nhà đã dời đi thì không ghi ngày."),
        "paper_busy": N_("Hộ này đang được một máy khác ghi. Đợi vài giây rồi chọn lại."),
    }
)

# --- many doors at once, buildings, doors that are one ---
MESSAGES.update(
    {
        "referral_settled": N_("Hộ này đã gộp hoặc đã xin thôi, không giới thiệu được nữa."),
        "bulk_none": N_("Chưa chọn hộ nào. Đánh dấu vào các hộ rồi bấm lại."),
        "bulk_many": N_("Đã chọn {n} hộ, mỗi lần nhiều nhất 2.000. Lọc bớt rồi làm từng phần."),
        "bulk_nothing": N_("Không hộ nào cần đổi: các hộ đã như vậy, hoặc không làm được."),
        "bulk_changed": N_("Từ lúc xem đến giờ số hộ đã đổi. Mời xem lại rồi bấm lần nữa."),
        "bulk_undone": N_("Việc này đã hoàn tác rồi."),
        "no_such_code": N_("Không có hộ mang mã này trong tổ dân phố, thôn."),
        "building_name": N_("Ghi tên có chữ chung cư, tòa hoặc nhà, ví dụ: chung cư CT1, tòa A2."),
        "building_large": N_("{n} căn là nhiều quá, mỗi lần nhiều nhất {most}. Thêm từng đoạn tầng."),
        "bad_floors": N_("Tầng cuối phải từ tầng đầu trở lên, cao nhất là 60."),
    }
)

# --- help: residents ask, the team comes ---
MESSAGES.update(
    {
        "help_enough": N_("Nhà này đã nhờ mấy việc, tổ đang xếp người. Cần gấp, xin ông/bà gọi tổ."),
        "help_closed": N_("Yêu cầu này đã khép. Người dân gửi lại nếu còn cần."),
        "help_no_door": N_("Chọn hộ của yêu cầu này trước, rồi mới giao người."),
        "help_past": N_("Chọn hôm nay hoặc một ngày sắp tới."),
        "help_agree": N_("Mời đánh dấu đồng ý, để tổ được phép dùng các điều ông/bà ghi."),
        "help_choose": N_("Mời chọn một dòng."),
        "help_old_form": N_("Trang mở đã lâu. Những gì ông/bà ghi vẫn còn, mời bấm gửi lại."),
        "slip_used": N_("Phiếu này đã trả lời rồi, mỗi phiếu một lần. Cảm ơn ông/bà."),
        "spot_hours": N_("Giờ đóng phải sau giờ mở."),
        "spot_day": N_("Chọn hôm nay hoặc một ngày trong 31 ngày qua."),
        "spot_answers": N_("Cần 2 đến 5 câu trả lời, mỗi dòng một câu."),
        "spot_answers_fixed": N_(
            "Câu trả lời không đổi được nữa, vì số đếm theo chúng. Khép lại rồi mở khảo sát mới."
        ),
        "help_question": N_("Mời trả lời câu hỏi nhỏ, để biết không phải máy gửi."),
    }
)

# --- proof at the door: visit codes; days worked ---
MESSAGES.update(
    {
        "visit_code_days": N_("Ngày cuối từ ngày đầu trở đi, ngày đầu từ hôm nay, nhiều nhất {days} ngày."),
        "visit_code_hours": N_("Giờ cuối phải sau giờ đầu."),
        "bad_month": N_("Tháng ghi như 11/2026."),
        "visit_code_shape": N_("Mã hẹn gồm đúng 6 số, ví dụ 482 903. Ông/bà gõ lại."),
    }
)
