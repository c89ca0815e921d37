#include "app/package_folder.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace sinew::app {
namespace {

constexpr std::string_view kFolder = "sinew-packages";
constexpr std::string_view kEnding = ".tgz";
constexpr std::size_t kNameBytesMax = 100;  ///< of a name, and of a version

bool is_safe(std::string_view text) {
  auto const is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= kNameBytesMax && text[0] != '.' &&
         std::ranges::all_of(text, is_allowed);
}

/// `name`, or npm's `@scope/name`.
bool is_name(std::string_view text) {
  if (!text.starts_with('@')) return is_safe(text);
  auto const slash = text.find('/');
  return slash != text.npos && is_safe(text.substr(1, slash - 1)) &&
         is_safe(text.substr(slash + 1));
}

/// A scope's '/' has no place in the name of a file.
constexpr char kSlashInFile = '%';

std::filesystem::path file_of(std::string const& folder, PackageId const& id) {
  auto name = to_string(id) + std::string(kEnding);
  std::ranges::replace(name, '/', kSlashInFile);
  return std::filesystem::path(folder) / name;
}

}  // namespace

std::string to_string(PackageId const& id) { return id.name + "#" + id.version; }

Result<PackageId> parse_package_id(std::string_view text) {
  auto const mark = text.find_first_of("@#", 1);  // not the '@' of a scope
  PackageId id{std::string(text.substr(0, mark)), {}};
  if (mark != text.npos) id.version = text.substr(mark + 1);
  bool const is_right = is_name(id.name) && (mark == text.npos || is_safe(id.version));
  if (!is_right) {
    return fail(ErrorCode::invalid, "not a package as name@version", std::string(text));
  }
  return id;
}

std::string package_folder_of(std::string_view folder, std::string_view store) {
  if (!folder.empty()) return std::string(folder);
  // A store that is an address of a database has no place of its own.
  bool const is_file = store.find("://") == store.npos;
  auto const beside = is_file ? std::filesystem::path(store).parent_path() : "";
  return (beside / kFolder).string();
}

Result<std::vector<InstalledPackage>> installed_packages(std::string const& folder) {
  std::vector<InstalledPackage> found;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return found;
  for (auto const& name : TRY(list_files(folder))) {
    if (!name.ends_with(kEnding)) continue;
    auto text = name.substr(0, name.size() - kEnding.size());
    std::ranges::replace(text, kSlashInFile, '/');
    auto id = parse_package_id(text);
    if (!id || id->version.empty()) continue;  // nothing that was installed here
    found.push_back({*std::move(id), (std::filesystem::path(folder) / name).string()});
  }
  std::ranges::sort(found, {}, &InstalledPackage::id);
  return found;
}

Result<> install_package(std::string const& folder, PackageId const& id, std::string_view tgz) {
  TRY(parse_package_id(to_string(id)));  // the name comes out of the package itself
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorCode::unavailable, error.message(), folder);
  return write_file(file_of(folder, id).string(), tgz);
}

Result<> remove_package(std::string const& folder, PackageId const& id) {
  std::error_code error;
  bool const was_there = std::filesystem::remove(file_of(folder, id), error);
  if (error) return fail(ErrorCode::unavailable, error.message(), to_string(id));
  if (!was_there) return fail(ErrorCode::not_found, "not installed in " + folder, to_string(id));
  return {};
}

}  // namespace sinew::app
