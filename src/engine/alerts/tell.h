#pragma once

#include <functional>

#include "engine/alerts/book.h"

namespace sinew::engine {

/// Tells one recipient one thing; blocks for as long as the recipient's time limit at most.
[[nodiscard]] Result<> tell_alert(AlertRecipient const& recipient, AlertNotice const& notice);

/// What a webhook gets when it asks for no other body.
[[nodiscard]] std::string notice_json(AlertNotice const& notice);
/// The mail, header and body. Source: RFC 5322.
[[nodiscard]] std::string notice_mail(MailRecipient const& mail, AlertNotice const& notice);

}  // namespace sinew::engine
