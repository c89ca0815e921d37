#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sinew {
namespace {

Failure file_failure(int error, std::string const& path) {
  auto const code = error == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
  return fail(code, std::strerror(error), path);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor const&) = delete;
  Descriptor& operator=(Descriptor const&) = delete;
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> read_file(std::string const& path) {
  Descriptor const file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return file_failure(errno, path);
  std::string content;
  struct stat status{};
  std::size_t const step = 64 * 1024;
  if (::fstat(file.fd(), &status) == 0 && S_ISREG(status.st_mode)) {
    content.reserve(static_cast<std::size_t>(status.st_size) + 1);
  }
  for (;;) {
    auto const had = content.size();
    content.resize(std::max(had + step, content.capacity()));
    auto const n = ::read(file.fd(), content.data() + had, content.size() - had);
    if (n < 0 && errno == EINTR) {
      content.resize(had);
      continue;
    }
    if (n < 0) return file_failure(errno, path);
    content.resize(had + static_cast<std::size_t>(n));
    if (n == 0) return content;
  }
}

Result<> write_file(std::string const& path, std::string_view content) {
  auto const beside = path + ".new";
  {
    Descriptor const file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.fd() < 0) return file_failure(errno, beside);
    while (!content.empty()) {
      auto const n = ::write(file.fd(), content.data(), content.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return file_failure(errno, beside);
      content.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file.fd()) != 0) return file_failure(errno, beside);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return file_failure(errno, path);
  return {};
}

Result<std::vector<std::string>> list_files(std::string const& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error)) {
      files.push_back(fs::relative(it->path(), folder, error).generic_string());
    }
  }
  if (error) return file_failure(error.value(), folder);
  std::ranges::sort(files);
  return files;
}

}  // namespace sinew
