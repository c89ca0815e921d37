#include "engine/delivery/sender.h"

#include <array>
#include <filesystem>

#include "base/file.h"
#include "net/http.h"
#include "net/mllp.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

Reply no_reply(Error const& error) { return {std::string(kNoReply), to_string(error)}; }

std::uint32_t milliseconds(std::chrono::milliseconds time) {
  return static_cast<std::uint32_t>(time.count());
}

// ------------------------------------------------------------------------------------------- MLLP

/// Frames that answer something else: reports of earlier messages in enhanced mode.
constexpr int kForeignFramesMax = 100;

class MllpSender final : public Sender {
 public:
  explicit MllpSender(MllpTarget target) : target_(std::move(target)) {}

  Reply send(Outgoing const& message) override {
    auto reply = exchange(message);
    if (reply) return *std::move(reply);
    // What still comes on this connection would be taken for the answer to the next message.
    client_.reset();
    return no_reply(reply.error());
  }

 private:
  Result<Reply> exchange(Outgoing const& message) {
    if (!client_) {
      auto connected = connect();
      if (!connected) return Reply{std::string(kUnreachable), to_string(connected.error())};
      client_ = *std::move(connected);
    }
    TRY(client_->send(message.bytes));
    for (int frame = 0; frame < kForeignFramesMax; ++frame) {
      auto const answer = TRY(client_->receive());
      auto const parsed = TRY(hl7v2::parse_message(answer));
      // "MSA-2 ... contains the message control ID of the message sent" (HL7 v2.5.1 §2.15.8.2)
      if (parsed.first("MSA", 2) != message.control_id) continue;
      auto text = std::string(parsed.first("MSA", 3));
      if (auto const error = parsed.first("ERR", 8); !error.empty()) text = error;
      return Reply{std::string(parsed.first("MSA", 1)), std::move(text)};
    }
    return fail(ErrorCode::malformed, "the receiver answers other messages, and not this one");
  }

  Result<std::unique_ptr<net::MllpClient>> connect() {
    net::MllpClientOptions options;
    options.host = target_.host;
    options.port = target_.port;
    if (target_.is_tls) options.tls = target_.tls;
    options.answer_timeout_ms = milliseconds(target_.timeout);
    return net::MllpClient::connect(std::move(options));
  }

  MllpTarget target_;
  std::unique_ptr<net::MllpClient> client_;
};

// ------------------------------------------------------------------------------------------- HTTP

class HttpSender final : public Sender {
 public:
  explicit HttpSender(HttpTarget target) : target_(std::move(target)) {}

  Reply send(Outgoing const& message) override {
    net::Headers headers;
    headers.add("Content-Type", target_.content_type);
    // The same at every attempt, so that the receiver can tell a message that comes again.
    headers.add("Idempotency-Key", std::to_string(message.item));
    for (auto const& [name, value] : target_.headers) headers.add(name, value);
    auto const response =
        net::http_request(target_.method, target_.url, std::move(headers),
                          std::string(message.bytes), milliseconds(target_.timeout));
    if (!response) return no_reply(response.error());
    constexpr std::size_t kTextBytesMax = 500;
    return {std::to_string(response->status), response->body.substr(0, kTextBytesMax)};
  }

 private:
  HttpTarget target_;
};

// ------------------------------------------------------------------------------------------- file

/// A value of a message in a name: nothing in it leads out of the folder.
std::string in_name(std::string_view value) {
  std::string out(value);
  for (char& c : out) {
    bool const is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (!is_plain) c = '_';
  }
  return out;
}

std::string file_name(std::string pattern, Outgoing const& message) {
  auto const date = to_string(message.received);
  std::array<std::pair<std::string_view, std::string>, 4> const values = {{
      {"{control_id}", in_name(message.control_id)},
      {"{type}", in_name(message.type)},
      {"{item}", std::to_string(message.item)},
      {"{date}", date.substr(0, date.find('T'))},
  }};
  for (auto const& [place, value] : values) {
    if (auto const at = pattern.find(place); at != std::string::npos)
      pattern.replace(at, place.size(), value);
  }
  return pattern;
}

class FileSender final : public Sender {
 public:
  explicit FileSender(FileTarget target) : target_(std::move(target)) {}

  Reply send(Outgoing const& message) override {
    std::error_code error;
    std::filesystem::create_directories(target_.folder, error);
    auto const path = target_.folder + '/' + file_name(target_.name, message);
    auto const written = write_file(path, message.bytes);
    if (!written) return no_reply(written.error());
    return {"written", path};
  }

 private:
  FileTarget target_;
};

struct MakeSender {
  std::unique_ptr<Sender> operator()(MllpTarget const& target) const {
    return std::make_unique<MllpSender>(target);
  }
  std::unique_ptr<Sender> operator()(HttpTarget const& target) const {
    return std::make_unique<HttpSender>(target);
  }
  std::unique_ptr<Sender> operator()(FileTarget const& target) const {
    return std::make_unique<FileSender>(target);
  }
};

// -------------------------------------------------------------------------------------- reactions

struct ReactionRow {
  std::string_view code;
  Reaction reaction;
};

/// Who says that there was an error may do better the next time; who rejects will not. A code that
/// nobody expects is for a person.
/// Sources: HL7 table 0008; RFC 9110 §15, RFC 6585 §4, RFC 8470 §5.2.
constexpr auto kUsualReactions = std::to_array<ReactionRow>({
    {"AA", Reaction::done},
    {"CA", Reaction::done},
    {"AE", Reaction::retry},
    {"CE", Reaction::retry},
    {"AR", Reaction::hold},
    {"CR", Reaction::hold},
    {"2xx", Reaction::done},
    {"408", Reaction::retry},
    {"425", Reaction::retry},
    {"429", Reaction::retry},
    {"5xx", Reaction::retry},
    {"4xx", Reaction::hold},
    {"written", Reaction::done},
    {"none", Reaction::retry},
    {"unreachable", Reaction::retry},
});

/// "503" is of the class "5xx"; others are their own.
std::string class_of(std::string_view code) {
  bool const is_status = code.size() == 3 && code[0] >= '1' && code[0] <= '5';
  return is_status ? std::string(1, code[0]) + "xx" : std::string(code);
}

}  // namespace

std::unique_ptr<Sender> make_sender(Target const& target) {
  return std::visit(MakeSender{}, target);
}

Reaction reaction_to(Destination const& destination, Reply const& reply) {
  auto const general = class_of(reply.code);
  for (std::string_view const code : {std::string_view(reply.code), std::string_view(general)}) {
    if (auto const own = destination.answers.find(code); own != destination.answers.end())
      return own->second;
  }
  for (std::string_view const code : {std::string_view(reply.code), std::string_view(general)}) {
    for (auto const& row : kUsualReactions)
      if (row.code == code) return row.reaction;
  }
  return Reaction::hold;
}

}  // namespace sinew::engine
