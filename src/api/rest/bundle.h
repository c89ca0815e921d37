#pragma once

#include <string>
#include <string_view>

#include "api/rest/context.h"
#include "json/write.h"

namespace sinew::rest {

/// Bundle.entry.request, taken apart.
struct EntryRequest {
  std::string method;
  std::string path;   ///< "Patient", "Patient/1", relative to the base
  std::string query;  ///< after '?'
  std::string if_match, if_none_match, if_none_exist;
};

/// Fails `invalid` when method or url is left out, or the url leads elsewhere than to `base`.
[[nodiscard]] Result<EntryRequest> entry_request(json::Value entry, std::string_view base);

/// The entry as a request of its own. A write says `return=minimal` unless the call says else.
[[nodiscard]] net::HttpRequest http_request(Context const& context, Call const& call,
                                            EntryRequest const& request, json::Value resource);

/// `{"resource": ..., "response": {...}}`.
void write_response(json::Writer& writer, Answer const& answer);

/// The response bundle; `body` writes the entries.
template <class Body>
[[nodiscard]] std::string response_bundle(std::string_view type, bool is_empty, Body body) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "Bundle");
  writer.member("type", type);
  if (!is_empty) {
    writer.key("entry");
    writer.begin_array();
    body(writer);
    writer.end_array();
  }
  writer.end_object();
  return out;
}

}  // namespace sinew::rest
