#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <string>

#include "store/arrivals/disk.h"

namespace sinew::store::arrivals {

/// A disk in memory that knows what a loss of power leaves: what was synced, and of what was not,
/// any blocks. Its operations fail on demand.
class FaultDisk final : public Disk {
 public:
  [[nodiscard]] Result<std::unique_ptr<DiskFile>> create(std::string const& path,
                                                         std::uint64_t bytes) override;
  [[nodiscard]] Result<std::unique_ptr<DiskFile>> open(std::string const& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(std::string const& prefix) override;
  Result<> remove(std::string const& path) override;

  /// The power goes: a disk with what is on the platters then. Each block that was written and not
  /// synced is there, is not, or is there in part, by chance.
  [[nodiscard]] std::shared_ptr<FaultDisk> after_power_loss(std::mt19937& chance);

  std::atomic<bool> is_full = false;         ///< no file can be made
  std::atomic<int> writes_until_fault = -1;  ///< that write stops half way and fails; -1: none
  std::atomic<int> syncs_until_fault = -1;   ///< that sync fails; what it should have kept is lost
  std::atomic<bool> all_fail = false;        ///< from now on nothing is written or synced
  std::atomic<int> syncs = 0;
  std::atomic<int> files_made = 0;

  struct Content {
    std::string now, synced;
  };
  std::map<std::string, std::shared_ptr<Content>> files;
  std::mutex mutex;  ///< guards `files` and what is in them
};

}  // namespace sinew::store::arrivals
