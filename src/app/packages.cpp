#include "app/packages.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/commands.h"
#include "app/console.h"
#include "app/package_folder.h"
#include "app/package_registry.h"
#include "base/file.h"

namespace sinew::app {
namespace {

/// What the program knows without a package: the types of R4 and their value sets.
constexpr std::string_view kBuiltIn = "hl7.fhir.r4.core";

Result<validate::Package> read(std::string_view tgz, std::string const& name) {
  auto package = validate::read_package(tgz);
  if (!package) {
    auto const& error = package.error();
    auto const where = error.where.empty() ? name : name + ": " + error.where;
    return fail(error.code, error.what, where);
  }
  for (auto const& issue : package->issues) {
    complain(Error{issue.code, issue.what, name + ": " + issue.where});
  }
  return package;
}

/// `hl7.fhir.us.core#6.1.0	59 StructureDefinition, 36 ValueSet`
std::string summary_of(validate::Package const& package) {
  std::map<std::string, int> numbers;
  for (auto const& definition : package.definitions) ++numbers[definition.type];
  std::string text = package.name + "#" + package.version + "\t";
  bool is_first = true;
  for (auto const& [type, number] : numbers) {
    if (!is_first) text += ", ";
    is_first = false;
    text += std::to_string(number) + " " + type;
  }
  return text + "\n";
}

std::string describe(validate::Package const& package) {
  auto text = package.name + "#" + package.version;
  for (auto const& version : package.fhir_versions) text += "\tFHIR " + version;
  text += "\n";
  for (auto const& dependency : package.dependencies) text += "needs\t" + dependency + "\n";
  for (auto const& definition : package.definitions) {
    text += definition.type + "\t" + definition.url;
    text += definition.version.empty() ? "\n" : "|" + definition.version + "\n";
  }
  return text;
}

/// A line for each dependency that is not installed. Another version of it is not the same.
Result<std::string> missing_dependencies(std::string const& folder,
                                         validate::Package const& package) {
  auto const installed = TRY(installed_packages(folder));
  std::string text;
  for (auto const& dependency : package.dependencies) {
    bool const is_there = std::ranges::any_of(
        installed, [&](auto const& other) { return to_string(other.id) == dependency; });
    if (is_there || dependency.starts_with(kBuiltIn)) continue;
    text += "  needs " + dependency + ", which is not installed\n";
  }
  return text;
}

Result<> add(std::string const& what, std::string const& folder, std::string const& registry) {
  std::error_code error;
  bool const is_file = what.ends_with(".tgz") || std::filesystem::exists(what, error);
  auto const tgz =
      is_file ? TRY(read_file(what)) : TRY(fetch_package(registry, TRY(parse_package_id(what))));
  auto const package = TRY(read(tgz, what));
  TRY(install_package(folder, {package.name, package.version}, tgz));
  print(summary_of(package));
  print(TRY(missing_dependencies(folder, package)));
  return {};
}

/// Without a version the only one that is installed.
Result<> remove(std::string const& what, std::string const& folder) {
  auto id = TRY(parse_package_id(what));
  if (id.version.empty()) {
    for (auto const& other : TRY(installed_packages(folder))) {
      if (other.id.name != id.name) continue;
      if (!id.version.empty()) {
        return fail(ErrorCode::invalid, "several versions are installed: name one", what);
      }
      id.version = other.id.version;
    }
    if (id.version.empty()) return fail(ErrorCode::not_found, "not installed in " + folder, what);
  }
  TRY(remove_package(folder, id));
  print("removed " + to_string(id) + "\n");
  return {};
}

/// Runs each input and goes on after one that failed.
template <typename Run>
int for_each(std::vector<std::string> const& inputs, Run const& run) {
  int status = kExitSuccess;
  for (auto const& input : inputs) {
    if (auto const done = run(input); !done) {
      complain(done.error());
      status = kExitFailed;
    }
  }
  return status;
}

}  // namespace

Result<validate::Package> read_package_file(std::string const& file) {
  return read(TRY(read_file(file)), file);
}

Result<> load_packages(std::vector<std::string> const& files, validate::Library& library) {
  for (auto const& file : files) library.add(TRY(read_package_file(file)));
  return {};
}

Result<std::vector<std::string>> package_files(std::string const& folder,
                                               std::vector<std::string> const& named) {
  std::vector<std::string> files;
  for (auto const& installed : TRY(installed_packages(folder))) files.push_back(installed.file);
  files.insert(files.end(), named.begin(), named.end());
  return files;
}

int package_add(PackageSettings const& settings) {
  auto const folder = package_folder_of(settings.folder, settings.store);
  return for_each(settings.inputs,
                  [&](std::string const& input) { return add(input, folder, settings.registry); });
}

int package_remove(PackageSettings const& settings) {
  auto const folder = package_folder_of(settings.folder, settings.store);
  return for_each(settings.inputs, [&](std::string const& input) { return remove(input, folder); });
}

int package_list(PackageSettings const& settings) {
  if (!settings.inputs.empty()) {
    return for_each(settings.inputs, [](std::string const& file) -> Result<> {
      print(describe(TRY(read_package_file(file))));
      return {};
    });
  }
  auto const folder = package_folder_of(settings.folder, settings.store);
  auto const files = package_files(folder, {});
  if (!files) return complain(files.error()), kExitFailed;
  return for_each(*files, [&](std::string const& file) -> Result<> {
    auto const package = TRY(read_package_file(file));
    print(summary_of(package));
    print(TRY(missing_dependencies(folder, package)));
    return {};
  });
}

}  // namespace sinew::app
