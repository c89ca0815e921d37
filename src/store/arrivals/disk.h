#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::store::arrivals {

/// An open file. Used by several threads for reading, by one for writing.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  /// All of the bytes, or an error after which any part of them may be there.
  virtual Result<> write(std::uint64_t offset, std::string_view bytes) = 0;
  /// Everything written before the call is on disk. After a failure nothing may be concluded from
  /// a later success: the system may have dropped what it could not write.
  virtual Result<> sync() = 0;
  /// Fewer bytes than asked for only at the end of the file.
  [[nodiscard]] virtual Result<std::string> read(std::uint64_t offset, std::size_t size) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
};

/// The file operations that durability rests on, so that tests can make each of them fail.
class Disk {
 public:
  virtual ~Disk() = default;
  /// A new file of zeros that will not need room, or a change of its own description, for anything
  /// written into it. It is on disk with its name.
  [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> create(std::string const& path,
                                                                 std::uint64_t bytes) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> open(std::string const& path) = 0;
  /// Paths that begin with `prefix`, in no order.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(std::string const& prefix) = 0;
  virtual Result<> remove(std::string const& path) = 0;
};

[[nodiscard]] std::shared_ptr<Disk> make_file_disk();

}  // namespace sinew::store::arrivals
