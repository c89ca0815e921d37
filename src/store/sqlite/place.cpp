#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "store/sqlite/sqlite_store.h"

namespace sinew::store::sqlite {
namespace {

constexpr char kInMemory[] = ":memory:";

/// A folder of its own: SQLite's own in-memory databases cannot have readers beside a writer.
std::string make_folder() {
  std::error_code ignored;
  auto const* base = std::filesystem::is_directory("/dev/shm", ignored) ? "/dev/shm" : "/tmp";
  std::string name = std::string(base) + "/sinew-XXXXXX";
  return mkdtemp(name.data()) != nullptr ? name : std::string();
}

}  // namespace

Result<std::unique_ptr<Place>> Place::take(StoreOptions const& options) {
  std::unique_ptr<Place> place(new Place);
  place->path_ = options.path;
  if (options.path == kInMemory) {
    place->folder_ = make_folder();
    if (place->folder_.empty())
      return fail(ErrorCode::unavailable, "no room for a store in memory");
    place->path_ = place->folder_ + "/store.db";
    return place;
  }
  if (options.read_only) return place;
  auto const lock_path = options.path + ".lock";
  place->lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (place->lock_ < 0)
    return fail(ErrorCode::unavailable, "the folder of the store cannot be written", options.path);
  if (::flock(place->lock_, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::unavailable, "another process has the store open", options.path);
  return place;
}

Place::~Place() {
  if (lock_ >= 0) ::close(lock_);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace sinew::store::sqlite
