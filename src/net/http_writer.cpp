#include "net/http_writer.h"

#include <array>
#include <charconv>
#include <ctime>

#include "base/text.h"

namespace sinew::net {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

/// Source: RFC 9110 §15. Sorted by status.
constexpr auto kReasons = std::to_array<Reason>({
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
});

/// "A client SHOULD ignore the reason-phrase": an unknown status needs none.
std::string_view reason_of(int status) {
  for (auto const& row : kReasons) {
    if (row.status == status) return row.phrase;
  }
  return "";
}

/// Source: RFC 9110 §5.6.7 (IMF-fixdate).
std::string http_date() {
  auto const now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  auto const size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

/// A handler may build a value from what a peer sent: a line end in it must not end the line.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (char const c : value) out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view bytes) {
  char size[16];
  auto const end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
  out.append(size, end).append("\r\n").append(bytes).append("\r\n");
}

}  // namespace

HttpWriter::HttpWriter(int status, Content content, Framing framing)
    : framing_(framing), content_(content) {
  bool const has_content = status != 204 && status != 304;
  if (!has_content) {
    form_ = Form::none;
  } else if (framing.is_head) {
    form_ = Form::head_only;
  } else if (content == Content::in_pieces) {
    // "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding
    // request indicates HTTP/1.1 (or later minor revisions)" (RFC 9112 §6.1)
    form_ = framing.http_1_0 ? Form::until_close : Form::chunks;
    if (framing.http_1_0) framing_.keep_alive = false;
  }
}

std::string HttpWriter::begin(HttpResponse const& response) const {
  std::string out;
  bool const has_body = form_ != Form::none && form_ != Form::head_only;
  out.reserve(256 + (has_body ? response.body.size() : 0));
  out += "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out += reason_of(response.status);
  out += "\r\n";
  for (auto const& [name, value] : response.headers.fields()) {
    // The body's length is ours to say, and said once.
    bool const is_framing = equals_ignoring_case(name, "content-length") ||
                            equals_ignoring_case(name, "transfer-encoding");
    if (!is_framing) append_field(out, name, value);
  }
  append_field(out, "Date", http_date());
  bool const is_sized =
      form_ == Form::sized || (form_ == Form::head_only && content_ == Content::whole);
  if (is_sized) append_field(out, "Content-Length", std::to_string(response.body.size()));
  if (form_ == Form::chunks) append_field(out, "Transfer-Encoding", "chunked");
  if (!framing_.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (framing_.http_1_0) {
    append_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  if (!has_body || response.body.empty()) return out;
  // A chunk of no bytes would be the last one.
  if (form_ == Form::chunks) {
    append_chunk(out, response.body);
  } else {
    out += response.body;
  }
  return out;
}

std::string HttpWriter::piece(std::string bytes) const {
  if (form_ != Form::chunks) return bytes;
  constexpr std::size_t kFrameBytes = 24;
  std::string out;
  out.reserve(bytes.size() + kFrameBytes);
  append_chunk(out, bytes);
  return out;
}

std::string HttpWriter::end() const { return form_ == Form::chunks ? "0\r\n\r\n" : ""; }

}  // namespace sinew::net
