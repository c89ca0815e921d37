#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::engine {

/// A message that came in an envelope, and what its answer needs.
/// Sources: SOAP 1.1 §4; SOAP 1.2 part 1 §5.
struct SoapRequest {
  std::string message;
  std::string operation;        ///< local name of the element in the body
  std::string operation_space;  ///< its namespace
  bool is_version_12 = false;
};

/// Finds the message: the text of the element of that name in the body or, where no name is given,
/// of the first that begins with MSH, FHS or BHS. Line feeds that XML made of carriage returns
/// become carriage returns again.
/// Fails `malformed` when it is no envelope, `invalid` when there is no message in it.
[[nodiscard]] Result<SoapRequest> read_soap(std::string_view envelope, std::string_view element);

/// The answer: `<operation>Response` in the request's namespace, with the acknowledgement in
/// `element`.
[[nodiscard]] std::string write_soap_answer(SoapRequest const& request, std::string_view element,
                                            std::string_view acknowledgement);

/// `is_sender`  the fault is the sender's; else trying again may help.
[[nodiscard]] std::string write_soap_fault(bool is_version_12, bool is_sender,
                                           std::string_view reason);

[[nodiscard]] std::string_view soap_media_type(bool is_version_12);

}  // namespace sinew::engine
