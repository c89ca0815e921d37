#include "store/arrivals/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sinew::store::arrivals {
namespace {

constexpr std::size_t kZerosAtATime = std::size_t{1} << 20;

Failure disk_failure(char const* what) {
  return fail(ErrorCode::unavailable, std::string(what) + ": " + std::strerror(errno));
}

std::string folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A name is on disk when its folder is.
Result<> sync_folder(std::string const& path) {
  int const folder = ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return disk_failure("cannot open the folder of the store");
  int const result = ::fsync(folder);
  ::close(folder);
  if (result != 0) return disk_failure("cannot sync the folder of the store");
  return {};
}

class File final : public DiskFile {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File const&) = delete;
  File& operator=(File const&) = delete;
  ~File() override { ::close(descriptor_); }

  Result<> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      auto const written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return disk_failure("cannot write");
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<> sync() override {
    if (::fdatasync(descriptor_) != 0) return disk_failure("cannot sync");
    return {};
  }

  Result<std::string> read(std::uint64_t offset, std::size_t size) override {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      auto const count =
          ::pread(descriptor_, &bytes[done], size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return disk_failure("cannot read");
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return bytes;
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) return disk_failure("cannot read");
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  int descriptor_;
};

class FileDisk final : public Disk {
 public:
  Result<std::unique_ptr<DiskFile>> create(std::string const& path, std::uint64_t bytes) override {
    int const descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return disk_failure("cannot create");
    auto file = std::make_unique<File>(descriptor);
    auto made = fill(*file, descriptor, bytes);
    if (made) made = sync_folder(path);
    if (!made) {
      ::unlink(path.c_str());
      return fail(made.error().code, made.error().what, path);
    }
    return std::unique_ptr<DiskFile>(std::move(file));
  }

  Result<std::unique_ptr<DiskFile>> open(std::string const& path) override {
    int const descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return disk_failure("cannot open");
    return std::unique_ptr<DiskFile>(std::make_unique<File>(descriptor));
  }

  Result<std::vector<std::string>> list(std::string const& prefix) override {
    std::vector<std::string> found;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder_of(prefix), error), end; !error && at != end;
         at.increment(error)) {
      auto const path = prefix.find('/') == std::string::npos ? at->path().filename() : at->path();
      if (path.string().starts_with(prefix)) found.push_back(path.string());
    }
    if (error) return fail(ErrorCode::unavailable, "cannot list the folder of the store", prefix);
    return found;
  }

  Result<> remove(std::string const& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return disk_failure("cannot remove");
    return {};
  }

 private:
  /// Zeros that were written, not only reserved: the first write into a reserved block would make
  /// the sync write the file's description as well.
  static Result<> fill(File& file, int descriptor, std::uint64_t bytes) {
    if (int const code = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes)); code != 0) {
      errno = code;
      return disk_failure("no room for the journal");
    }
    std::string const zeros(std::min<std::uint64_t>(kZerosAtATime, bytes), '\0');
    for (std::uint64_t at = 0; at < bytes; at += zeros.size())
      TRY(file.write(at, std::string_view(zeros).substr(0, bytes - at)));
    if (::fsync(descriptor) != 0) return disk_failure("cannot sync");
    return {};
  }
};

}  // namespace

std::shared_ptr<Disk> make_file_disk() { return std::make_shared<FileDisk>(); }

}  // namespace sinew::store::arrivals
