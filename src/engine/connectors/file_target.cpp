#include <filesystem>

#include "base/file.h"
#include "engine/connectors/file_name.h"
#include "engine/connectors/settings.h"
#include "engine/delivery/sender.h"

namespace sinew::engine {
namespace {

class FileSender final : public Sender {
 public:
  FileSender(std::string folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}

  Reply send(Outgoing const& message) override {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    auto const path = folder_ + '/' + file_name(name_, message);
    auto const written = write_file(path, message.bytes);
    if (!written) return no_reply(written.error());
    return {"written", path};
  }

 private:
  std::string const folder_, name_;
};

}  // namespace

Result<OpenSender> read_file_target(Node const& node) {
  TRY(node.allow({"folder", "name"}));
  auto folder = TRY(node["folder"].needed_text(node));
  auto name = TRY(read_file_name(node["name"]));
  return OpenSender([folder, name](SenderContext const&) -> std::unique_ptr<Sender> {
    return std::make_unique<FileSender>(folder, name);
  });
}

}  // namespace sinew::engine
