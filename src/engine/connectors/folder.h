#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/connectors/source.h"
#include "engine/connectors/splitter.h"
#include "engine/delivery/channel_node.h"

namespace sinew::engine {

struct FolderFile {
  std::string name;
  std::uint64_t size = 0;
  std::int64_t changed = 0;  ///< rises with the time of the last change
  std::string stamp;         ///< differs when the file was written to
};

/// A folder of files, here or elsewhere.
class Folder {
 public:
  virtual ~Folder() = default;
  /// The regular files, hidden ones left out.
  [[nodiscard]] virtual Result<std::vector<FolderFile>> list() = 0;
  /// Gives the bytes piece by piece; a failure of `take` ends it and is returned. False: somebody
  /// is writing the file.
  using TakeBytes = std::function<Result<>(std::string_view)>;
  [[nodiscard]] virtual Result<bool> read(FolderFile const& file, TakeBytes const& take) = 0;
  /// Into another folder, made where needed; never over a file that is there.
  virtual Result<> move(std::string const& name, std::string const& folder) = 0;
  virtual Result<> remove(std::string const& name) = 0;
  /// A small text into another folder.
  virtual Result<> write(std::string const& folder, std::string const& name,
                         std::string_view text) = 0;
  virtual void disconnect() {}
};

enum class FolderOrder : std::uint8_t { name, time };
enum class AfterReading : std::uint8_t {
  move,
  archive,  ///< into a folder of the day
  remove,
};

struct FolderSettings {
  std::string folder;
  std::vector<std::string> patterns{"*"};
  FolderOrder order = FolderOrder::name;
  /// A file is read once it has kept its size and time for so long.
  std::chrono::milliseconds settle = std::chrono::seconds(2);
  std::chrono::milliseconds pause = std::chrono::seconds(5);
  AfterReading after = AfterReading::move;
  std::string done_folder, error_folder;
  Split split = Split::hl7;
  std::size_t message_bytes_max = std::size_t{64} << 20;
};

/// The settings that every folder has. `keys` are those of the connector beside them.
[[nodiscard]] Result<FolderSettings> read_folder_settings(Node const& node,
                                                          std::set<std::string> keys);

/// Reads the files of a folder, each once: taken apart, journaled, and only then put away.
[[nodiscard]] std::unique_ptr<Poller> folder_poller(PollerContext const& context,
                                                    FolderSettings settings,
                                                    std::unique_ptr<Folder> folder);

}  // namespace sinew::engine
