#include <chrono>
#include <thread>

#include "app/commands.h"
#include "app/console.h"
#include "app/package_folder.h"
#include "app/packages.h"
#include "json/json.h"
#include "net/http.h"
#include "population/coverage.h"

namespace sinew::app {
namespace {

constexpr int kAccepted = 202;
constexpr std::chrono::seconds kPause{1};
constexpr std::string_view kFhirPath = "/fhir";

/// The report of a running server; `url` is its root, or its FHIR base.
Result<population::Coverage> ask_server(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with(kFhirPath)) url.resize(url.size() - kFhirPath.size());
  std::string query = "/uscdi?_format=json";
  for (auto refresh = std::string("&refresh=true");; refresh.clear()) {
    auto const response = TRY(net::http_request("GET", url + query + refresh));
    if (response.status == 200) return population::read_coverage(response.body);
    if (response.status != kAccepted) {
      return fail(ErrorCode::unavailable,
                  "the server answered with status " + std::to_string(response.status), url);
    }
    std::this_thread::sleep_for(kPause);
  }
}

/// That of a store, which may be in use by a server meanwhile.
Result<population::Coverage> read_store(UscdiSettings const& settings) {
  validate::Library library;
  if (settings.conformance) {
    auto const folder = package_folder_of(settings.package_folder, settings.store);
    TRY(load_packages(TRY(package_files(folder, settings.packages)), library));
  }
  store::StoreOptions options;
  options.path = settings.store;
  options.create = false;
  options.read_only = true;
  auto const store = TRY(store::open_store(options, system_clock()));
  std::optional<Progress> progress;
  std::uint64_t shown = 0;
  population::CoverageOptions asked;
  asked.library = settings.conformance ? &library : nullptr;
  asked.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (!progress) progress.emplace("resources", total);
    progress->advance(done - shown);
    shown = done;
    return true;
  };
  auto const table = TRY(population::uscdi_v3());
  return population::measure_coverage(*store, table, system_clock(), asked);
}

}  // namespace

int uscdi(UscdiSettings const& settings) {
  auto const coverage = settings.url.empty() ? read_store(settings) : ask_server(settings.url);
  if (!coverage) return complain(coverage.error()), kExitFailed;
  print(settings.json ? population::coverage_json(*coverage)
                      : population::coverage_text(*coverage));
  return kExitSuccess;
}

}  // namespace sinew::app
