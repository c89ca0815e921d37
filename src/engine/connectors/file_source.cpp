#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "engine/connectors/folder.h"
#include "engine/connectors/settings.h"

namespace sinew::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 256 * 1024;
/// Names tried for a file whose name is taken where it is moved to.
constexpr int kNamesMax = 10'000;

Failure unavailable(std::string const& what, std::string const& path) {
  return fail(ErrorCode::unavailable, what + ": " + std::strerror(errno), path);
}

std::string stamp_of(struct stat const& status) {
  return std::to_string(status.st_size) + '@' + std::to_string(status.st_mtim.tv_sec) + '.' +
         std::to_string(status.st_mtim.tv_nsec) + '#' + std::to_string(status.st_ino);
}

/// Whether somebody has the file open for writing, as far as the kernel tells: a lease for reading
/// is refused then. Source: fcntl(2), F_SETLEASE.
bool is_being_written(int descriptor) {
  // A writer that opens it in the instant of the lease is told to wait, and we are told by a
  // signal, which would end the process unless it is one that is ignored.
  ::fcntl(descriptor, F_SETSIG, SIGURG);
  if (::fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(descriptor, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor const&) = delete;
  Descriptor& operator=(Descriptor const&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

class LocalFolder final : public Folder {
 public:
  explicit LocalFolder(std::string path) : path_(std::move(path)) {}

  Result<std::vector<FolderFile>> list() override {
    std::error_code error;
    fs::directory_iterator entries(path_, error);
    if (error) return fail(ErrorCode::unavailable, "cannot list: " + error.message(), path_);
    std::vector<FolderFile> files;
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      if (error) return fail(ErrorCode::unavailable, "cannot list: " + error.message(), path_);
      auto const name = entries->path().filename().string();
      struct stat status{};
      if (name.starts_with('.') || ::stat(entries->path().c_str(), &status) != 0) continue;
      if (!S_ISREG(status.st_mode)) continue;
      constexpr std::int64_t kNanoseconds = 1'000'000'000;
      files.push_back({name, static_cast<std::uint64_t>(status.st_size),
                       status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec,
                       stamp_of(status)});
    }
    return files;
  }

  Result<bool> read(FolderFile const& file, TakeBytes const& take) override {
    auto const path = path_ + '/' + file.name;
    Descriptor const descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.number() < 0) {
      if (errno == ENOENT) return false;
      return unavailable("cannot open", path);
    }
    auto const has_changed = [&] {
      struct stat status{};
      return ::fstat(descriptor.number(), &status) != 0 || stamp_of(status) != file.stamp;
    };
    if (is_being_written(descriptor.number()) || has_changed()) return false;
    std::string buffer(kReadBytes, '\0');
    while (true) {
      auto const count = ::read(descriptor.number(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return unavailable("cannot read", path);
      if (count == 0) break;
      TRY(take({buffer.data(), static_cast<std::size_t>(count)}));
    }
    return !has_changed();
  }

  Result<> move(std::string const& name, std::string const& folder) override {
    TRY(make_folder(folder));
    auto const from = path_ + '/' + name;
    for (int number = 0; number < kNamesMax; ++number) {
      auto const to = folder + '/' + name + (number == 0 ? "" : '.' + std::to_string(number));
      if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return {};
      if (errno == EEXIST) continue;
      if (errno == EXDEV || errno == EINVAL) {
        if (fs::exists(to)) continue;
        return copy_and_remove(from, to);
      }
      return unavailable("cannot move to " + to, from);
    }
    return fail(ErrorCode::unavailable, "too many files of that name", folder);
  }

  Result<> remove(std::string const& name) override {
    auto const path = path_ + '/' + name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return unavailable("cannot delete", path);
    return {};
  }

  Result<> write(std::string const& folder, std::string const& name,
                 std::string_view text) override {
    TRY(make_folder(folder));
    return write_file(folder + '/' + name, text);
  }

 private:
  static Result<> make_folder(std::string const& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail(ErrorCode::unavailable, "cannot make it: " + error.message(), folder);
    return {};
  }

  /// To another file system.
  static Result<> copy_and_remove(std::string const& from, std::string const& to) {
    TRY(write_file(to, TRY(read_file(from))));
    if (::unlink(from.c_str()) != 0) return unavailable("cannot delete", from);
    return {};
  }

  std::string const path_;
};

}  // namespace

Result<OpenSource> read_file_source(Node const& node) {
  auto const settings = TRY(read_folder_settings(node, {}));
  return OpenSource([settings](SourceContext const& context) {
    return polling_source(context, "file", settings.pause, [settings](PollerContext const& poller) {
      return folder_poller(poller, settings, std::make_unique<LocalFolder>(settings.folder));
    });
  });
}

}  // namespace sinew::engine
