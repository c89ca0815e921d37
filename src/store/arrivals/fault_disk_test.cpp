#include "store/arrivals/fault_disk_test.h"

#include <algorithm>

#include "store/arrivals/segment.h"

namespace sinew::store::arrivals {
namespace {

Failure broken() { return fail(ErrorCode::unavailable, "fault for the test"); }

/// True for the operation that the countdown ends at.
bool is_due(std::atomic<int>& countdown) { return countdown >= 0 && countdown-- == 0; }

class FaultFile final : public DiskFile {
 public:
  FaultFile(FaultDisk& disk, std::shared_ptr<FaultDisk::Content> content)
      : disk_(disk), content_(std::move(content)) {}

  Result<> write(std::uint64_t offset, std::string_view bytes) override {
    std::scoped_lock const lock(disk_.mutex);
    if (disk_.all_fail) return broken();
    bool const stops = is_due(disk_.writes_until_fault);
    auto const size = stops ? bytes.size() / 2 : bytes.size();
    content_->now.replace(offset, size, bytes.substr(0, size));
    if (stops) return broken();
    return {};
  }
  Result<> sync() override {
    std::scoped_lock const lock(disk_.mutex);
    if (disk_.all_fail || is_due(disk_.syncs_until_fault)) return broken();
    content_->synced = content_->now;
    ++disk_.syncs;
    return {};
  }
  Result<std::string> read(std::uint64_t offset, std::size_t size) override {
    std::scoped_lock const lock(disk_.mutex);
    return content_->now.substr(std::min<std::size_t>(offset, content_->now.size()), size);
  }
  Result<std::uint64_t> size() override {
    std::scoped_lock const lock(disk_.mutex);
    return std::uint64_t{content_->now.size()};
  }

 private:
  FaultDisk& disk_;
  std::shared_ptr<FaultDisk::Content> content_;
};

}  // namespace

Result<std::unique_ptr<DiskFile>> FaultDisk::create(std::string const& path, std::uint64_t bytes) {
  std::scoped_lock const lock(mutex);
  if (is_full || all_fail) return broken();
  ++files_made;
  auto content = std::make_shared<Content>();
  content->now = content->synced = std::string(bytes, '\0');
  files[path] = content;
  return std::unique_ptr<DiskFile>(std::make_unique<FaultFile>(*this, content));
}

Result<std::unique_ptr<DiskFile>> FaultDisk::open(std::string const& path) {
  std::scoped_lock const lock(mutex);
  auto const found = files.find(path);
  if (found == files.end()) return fail(ErrorCode::unavailable, "no such file");
  return std::unique_ptr<DiskFile>(std::make_unique<FaultFile>(*this, found->second));
}

Result<std::vector<std::string>> FaultDisk::list(std::string const& prefix) {
  std::scoped_lock const lock(mutex);
  std::vector<std::string> found;
  for (auto const& [path, content] : files)
    if (path.starts_with(prefix)) found.push_back(path);
  return found;
}

Result<> FaultDisk::remove(std::string const& path) {
  std::scoped_lock const lock(mutex);
  files.erase(path);
  return {};
}

std::shared_ptr<FaultDisk> FaultDisk::after_power_loss(std::mt19937& chance) {
  auto left = std::make_shared<FaultDisk>();
  std::scoped_lock const lock(mutex);
  for (auto const& [path, content] : files) {
    auto kept = std::make_shared<Content>(*content);
    for (std::size_t at = 0; at < kept->now.size(); at += kBlockBytes) {
      auto const size = std::min(kBlockBytes, kept->now.size() - at);
      // 0: the block as it was, 1: as it was to be, 2: the first part of what it was to be.
      auto const fate = chance() % 3;
      auto const changed = fate == 0 ? 0 : fate == 1 ? size : chance() % size;
      kept->synced.replace(at, changed, content->now, at, changed);
    }
    kept->now = kept->synced;
    left->files[path] = std::move(kept);
  }
  return left;
}

}  // namespace sinew::store::arrivals
