#include "app/packages.h"

#include "app/commands.h"
#include "app/console.h"
#include "base/file.h"

namespace sinew::app {
namespace {

Result<validate::Package> read(std::string const& file) {
  auto package = validate::read_package(TRY(read_file(file)));
  if (!package) {
    auto const& error = package.error();
    auto const where = error.where.empty() ? file : file + ": " + error.where;
    return fail(error.code, error.what, where);
  }
  for (auto const& issue : package->issues) {
    complain(Error{issue.code, issue.what, file + ": " + issue.where});
  }
  return package;
}

}  // namespace

Result<> load_packages(std::vector<std::string> const& files, validate::Library& library) {
  for (auto const& file : files) library.add(TRY(read(file)));
  return {};
}

int package_list(PackageListSettings const& settings) {
  int status = kExitSuccess;
  for (auto const& file : settings.inputs) {
    auto const package = read(file);
    if (!package) {
      complain(package.error());
      status = kExitFailed;
      continue;
    }
    auto text = package->name + "#" + package->version;
    for (auto const& version : package->fhir_versions) text += "\tFHIR " + version;
    text += "\n";
    for (auto const& dependency : package->dependencies) text += "needs\t" + dependency + "\n";
    for (auto const& definition : package->definitions) {
      text += definition.type + "\t" + definition.url;
      text += definition.version.empty() ? "\n" : "|" + definition.version + "\n";
    }
    print(text);
  }
  return status;
}

}  // namespace sinew::app
