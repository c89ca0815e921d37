#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/rest/rest.h"
#include "base/result.h"
#include "base/time.h"
#include "json/json.h"

namespace sinew::rest {

/// Takes `_format`, `_pretty`, `_summary` and `_elements` out of the parameters, and reads Accept
/// and Prefer. `_format` wins over Accept. Fails `not_supported` when no format that is asked for
/// is one of ours (the answer is 406), `invalid` at a parameter that cannot be read.
[[nodiscard]] Result<Presentation> take_presentation(net::Headers const& headers,
                                                     Parameters& parameters);

/// The quality of one entry of an Accept field in thousandths. Source: RFC 9110 §12.4.2.
[[nodiscard]] int quality(std::string_view entry);

/// The resource in the body of a request, by its Content-Type: JSON or XML, or by its first
/// character where the type is left out. Fails `malformed` with the place, `not_supported` for
/// another type (the answer is 415).
[[nodiscard]] Result<json::Document> read_body(net::HttpRequest const& request);

/// The HTTP response of an answer that has its body: JSON as stored, or re-spaced, or as XML.
[[nodiscard]] net::HttpResponse render(Answer answer, Presentation const& presentation);

/// What Content-Type says of it.
[[nodiscard]] std::string_view content_type(Format format);

/// `Sun, 06 Nov 1994 08:49:37 GMT`. Source: RFC 9110 §5.6.7.
[[nodiscard]] std::string http_date(Instant instant);

/// The same back. Nothing for the obsolete forms and what is no date, which a receiver ignores.
[[nodiscard]] std::optional<Instant> read_http_date(std::string_view text);

/// Whether one of the entity tags is that of the version; `*` is all of them.
/// Source: RFC 9110 §13.1.2.
[[nodiscard]] bool names_version(std::string_view tags, std::uint64_t version);

/// `W/"3"` and back; also `"3"` and `3`, which clients send. Fails `invalid` at If-Match.
[[nodiscard]] std::string entity_tag(std::uint64_t version);
[[nodiscard]] Result<std::uint64_t> read_entity_tag(std::string_view tag);

}  // namespace sinew::rest
