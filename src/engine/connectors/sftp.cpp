#include <algorithm>

#include "base/text.h"
#include "engine/connectors/file_name.h"
#include "engine/connectors/folder.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/transfer.h"
#include "engine/delivery/sender.h"

namespace sinew::engine {
namespace {

constexpr std::uint16_t kSshPort = 22;
constexpr std::size_t kListingBytesMax = std::size_t{64} << 20;
/// Names tried for a file whose name is taken where it is moved to.
constexpr int kNamesMax = 100;

struct SftpPeer {
  std::string address;  ///< "sftp://host:port"
  Transfer login;       ///< without URL and command
};

/// A path as a command has it.
std::string quoted(std::string const& path) {
  std::string out = "\"";
  for (char const c : path) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// A path that does not begin with '/' is one below the home folder.
std::string url_of(SftpPeer const& peer, std::string const& path) {
  return peer.address + (path.starts_with('/') ? "" : "/~/") + url_path(path);
}

Failure failure_of(Transferred const& transferred, std::string const& path) {
  return fail(ErrorCode::unavailable, transferred.error, path);
}

/// One line of a listing, as `ls -l` writes it: what SFTP servers send, and libcurl passes on.
/// Source: draft-ietf-secsh-filexfer-02 §7 ("the recommended format for the longname field").
std::optional<FolderFile> read_line(std::string_view line) {
  constexpr std::size_t kColumns = 8, kSizeColumn = 4;
  FolderFile file;
  if (!line.starts_with('-')) return std::nullopt;
  std::size_t at = 0;
  for (std::size_t column = 0; column < kColumns; ++column) {
    auto const begin = line.find_first_not_of(' ', at);
    if (begin == std::string_view::npos) return std::nullopt;
    at = std::min(line.find(' ', begin), line.size());
    if (column == kSizeColumn)
      file.size = parse_integer<std::uint64_t>(line.substr(begin, at - begin)).value_or(0);
  }
  file.stamp = line.substr(0, at);
  auto const name = line.find_first_not_of(' ', at);
  if (name == std::string_view::npos || line[name] == '.') return std::nullopt;
  file.name = line.substr(name);
  return file;
}

class SftpFolder final : public Folder {
 public:
  SftpFolder(SftpPeer peer, std::string path) : peer_(std::move(peer)), path_(std::move(path)) {}

  Result<std::vector<FolderFile>> list() override {
    std::string listing;
    auto transfer = peer_.login;
    transfer.url = url_of(peer_, path_) + '/';
    transfer.lists_folder = true;
    transfer.on_data = [&listing](std::string_view data) {
      listing += data;
      return listing.size() <= kListingBytesMax;
    };
    TRY(perform(transfer, path_));
    std::vector<FolderFile> files;
    for (auto line : split(listing, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (auto file = read_line(line)) files.push_back(*std::move(file));
    }
    return files;
  }

  Result<bool> read(FolderFile const& file, TakeBytes const& take) override {
    Result<> taken;
    std::uint64_t size = 0;
    auto transfer = peer_.login;
    transfer.url = url_of(peer_, path_ + '/' + file.name);
    transfer.on_data = [&](std::string_view data) {
      size += data.size();
      taken = take(data);
      return static_cast<bool>(taken);
    };
    auto const done = perform(transfer, path_ + '/' + file.name);
    TRY(std::move(taken));
    TRY(done ? Result<>() : fail(done.error().code, done.error().what, done.error().where));
    return size == file.size;  // else it has grown since the listing
  }

  Result<> move(std::string const& name, std::string const& folder) override {
    auto const parent = folder.substr(0, folder.rfind('/'));
    Result<> moved;
    for (int number = 0; number < kNamesMax; ++number) {
      auto const to = folder + '/' + name + (number == 0 ? "" : '.' + std::to_string(number));
      auto transfer = peer_.login;
      transfer.url = url_of(peer_, path_) + '/';
      // A server does not rename over a file that is there (version 3 of the protocol).
      transfer.commands_after = {"*mkdir " + quoted(parent), "*mkdir " + quoted(folder),
                                 "rename " + quoted(path_ + '/' + name) + ' ' + quoted(to)};
      bool is_refused = false;
      moved = perform(transfer, path_ + '/' + name, &is_refused);
      if (moved || !is_refused) break;
    }
    return moved;
  }

  Result<> remove(std::string const& name) override {
    auto transfer = peer_.login;
    transfer.url = url_of(peer_, path_) + '/';
    transfer.commands_after = {"rm " + quoted(path_ + '/' + name)};
    return perform(transfer, path_ + '/' + name);
  }

  Result<> write(std::string const& folder, std::string const& name,
                 std::string_view text) override {
    auto transfer = peer_.login;
    transfer.url = url_of(peer_, folder + '/' + name);
    transfer.body = text;
    return perform(transfer, folder + '/' + name);
  }

  void disconnect() override { transport_.reset(); }

 private:
  Result<> perform(Transfer const& transfer, std::string const& path, bool* is_refused = nullptr) {
    if (!transport_) transport_ = TRY(Transport::make());
    auto const transferred = transport_->perform(transfer);
    if (is_refused != nullptr) *is_refused = transferred.is_missing;
    if (!transferred.is_done) return failure_of(transferred, path);
    return {};
  }

  SftpPeer const peer_;
  std::string const path_;
  std::unique_ptr<Transport> transport_;
};

class SftpSender final : public Sender {
 public:
  SftpSender(SftpPeer peer, std::string folder, std::string name)
      : peer_(std::move(peer)), folder_(std::move(folder)), name_(std::move(name)) {}

  Reply send(Outgoing const& message) override {
    if (!transport_) {
      auto made = Transport::make();
      if (!made) return unreachable(made.error());
      transport_ = *std::move(made);
    }
    auto const name = file_name(name_, message);
    auto const path = folder_ + '/' + name;
    auto const hidden = folder_ + "/." + name + ".part";
    auto transfer = peer_.login;
    transfer.url = url_of(peer_, hidden);
    transfer.body = message.bytes;
    // Whoever looks sees the file whole or not at all. One of an attempt whose answer was lost
    // gives way.
    transfer.commands_after = {"*rm " + quoted(path),
                               "rename " + quoted(hidden) + ' ' + quoted(path)};
    auto const transferred = transport_->perform(transfer);
    if (transferred.is_done) return {"written", path};
    transport_.reset();
    auto const error = failure_of(transferred, path).error;
    return transferred.has_begun ? no_reply(error) : unreachable(error);
  }

 private:
  SftpPeer const peer_;
  std::string const folder_, name_;
  std::unique_ptr<Transport> transport_;
};

constexpr char const* kPeerKeys[] = {"host",     "port",         "user",        "password",
                                     "key-file", "key-password", "known-hosts", "timeout"};

Result<SftpPeer> read_peer(Node const& node) {
  auto const address = TRY(read_host_and_port(node, kSshPort));
  SftpPeer peer;
  bool const is_ipv6 = address.host.find(':') != std::string::npos;
  peer.address = "sftp://" + (is_ipv6 ? '[' + address.host + ']' : address.host) + ':' +
                 std::to_string(address.port);
  auto& login = peer.login;
  login.user = TRY(node["user"].needed_text(node));
  login.password = TRY(node["password"].secret());
  login.key_file = TRY(node["key-file"].text_or({}));
  login.key_password = TRY(node["key-password"].secret());
  if (login.password.empty() == login.key_file.empty())
    return node.wrong("needs a 'password' or a 'key-file'");
  // Without it nobody knows whom the password goes to.
  login.known_hosts = TRY(node["known-hosts"].needed_text(node));
  login.timeout = TRY(node["timeout"].duration(login.timeout));
  return peer;
}

}  // namespace

Result<OpenSource> read_sftp_source(Node const& node) {
  auto const settings =
      TRY(read_folder_settings(node, {std::begin(kPeerKeys), std::end(kPeerKeys)}));
  if (settings.order == FolderOrder::time)
    return node["order"].wrong("can only be name: a listing by SFTP has no exact times");
  auto const peer = TRY(read_peer(node));
  return OpenSource([settings, peer](SourceContext const& context) {
    return polling_source(
        context, "sftp", settings.pause, [settings, peer](PollerContext const& poller) {
          return folder_poller(poller, settings,
                               std::make_unique<SftpFolder>(peer, settings.folder));
        });
  });
}

Result<OpenSender> read_sftp_target(Node const& node) {
  std::set<std::string> keys(std::begin(kPeerKeys), std::end(kPeerKeys));
  keys.insert({"folder", "name"});
  TRY(node.allow(keys));
  auto const peer = TRY(read_peer(node));
  auto const folder = TRY(node["folder"].needed_text(node));
  auto const name = TRY(read_file_name(node["name"]));
  return OpenSender([peer, folder, name](SenderContext const&) -> std::unique_ptr<Sender> {
    return std::make_unique<SftpSender>(peer, folder, name);
  });
}

}  // namespace sinew::engine
