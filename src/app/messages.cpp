#include "app/messages.h"

#include <fmt/format.h>

#include "app/console.h"
#include "base/file.h"
#include "wire/hl7v2/batch.h"

namespace sinew::app {
namespace {

constexpr std::size_t kMessagesOfFileMax = 10'000'000;

Result<hl7v2::Batch> split(std::string_view bytes) {
  return hl7v2::split_batch(bytes, {.messages_max = kMessagesOfFileMax});
}

}  // namespace

std::size_t for_each_message(std::string const& file,
                             std::function<Result<>(MessageText const&)> const& each) {
  auto const failed = [](std::string const& name, Error const& error) {
    complain(fmt::format("sinew: {}: {}", name, to_string(error)));
    return std::size_t{1};
  };
  auto const bytes = read_file(file);
  if (!bytes) return complain(bytes.error()), 1;
  auto const batch = split(*bytes);
  if (!batch) return failed(file, batch.error());
  for (auto const& issue : batch->issues) {
    complain(fmt::format("{}: {}: {}", file, issue.where, issue.what));
  }
  std::size_t failures = 0;
  for (std::size_t index = 0; index < batch->messages.size(); ++index) {
    auto const several = batch->messages.size() > 1;
    auto const name = several ? fmt::format("{} message {}", file, index + 1) : file;
    auto const done = each({name, file, index, batch->messages[index].bytes});
    if (!done) failures += failed(name, done.error());
  }
  return failures;
}

Result<std::vector<std::string>> read_messages(std::vector<std::string> const& names) {
  std::vector<std::string> messages;
  for (auto const& file : TRY(expand_inputs(names))) {
    auto const bytes = TRY(read_file(file));
    auto batch = split(bytes);
    if (!batch) return fail(batch.error().code, batch.error().what, file);
    for (auto const& message : batch->messages) messages.emplace_back(message.bytes);
  }
  return messages;
}

std::string printable(std::string_view er7) {
  std::string text;
  for (std::size_t i = 0; i < er7.size(); ++i) {
    if (er7[i] != '\r')
      text += er7[i];
    else if (i + 1 == er7.size() || er7[i + 1] != '\n')
      text += '\n';
  }
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace sinew::app
