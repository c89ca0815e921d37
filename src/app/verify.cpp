#include <memory>

#include "app/commands.h"
#include "app/console.h"
#include "json/write.h"
#include "store/store.h"

namespace sinew::app {
namespace {

/// One line of progress for each step of the work.
class Steps {
 public:
  void show(store::VerifyProgress const& at) {
    if (at.step != step_) {
      line_.reset();
      step_ = at.step;
      done_ = 0;
      line_ = std::make_unique<Progress>(step_, at.total);
    }
    if (at.done > done_) line_->advance(at.done - done_);
    done_ = at.done;
  }

 private:
  std::string step_;
  std::uint64_t done_ = 0;
  std::unique_ptr<Progress> line_;
};

Result<store::VerifyReport> run(VerifySettings const& settings) {
  store::StoreOptions options;
  options.path = settings.store;
  options.read_only = !settings.repair;
  options.create = false;
  auto const store = TRY(store::open_store(options, system_clock()));
  Steps steps;
  store::VerifyOptions asked;
  asked.repair = settings.repair;
  asked.progress = [&](store::VerifyProgress const& at) { steps.show(at); };
  return store->verify(asked);
}

std::string text_of(store::VerifyReport const& report) {
  std::string text;
  for (auto const& fault : report.listed) {
    text += fault.table + "\t" + (fault.resource.empty() ? "-" : fault.resource) + "\t" +
            fault.what + (fault.repaired ? "\trepaired\n" : "\n");
  }
  if (report.faults > report.listed.size()) {
    text += "... and " + std::to_string(report.faults - report.listed.size()) + " more\n";
  }
  text += std::to_string(report.resources) + " resources, " + std::to_string(report.rows) +
          " index rows: ";
  text += report.faults == 0 ? "index and data agree\n"
                             : std::to_string(report.faults) + " faults, " +
                                   std::to_string(report.repaired) + " repaired\n";
  return text;
}

std::string json_of(store::VerifyReport const& report) {
  std::string out;
  json::Writer writer(out);
  auto const number = [&](std::string_view name, std::uint64_t value) {
    writer.key(name);
    writer.integer(static_cast<std::int64_t>(value));
  };
  writer.begin_object();
  number("resources", report.resources);
  number("rows", report.rows);
  number("faults", report.faults);
  number("repaired", report.repaired);
  writer.key("listed");
  writer.begin_array();
  for (auto const& fault : report.listed) {
    writer.begin_object();
    writer.member("table", fault.table);
    if (!fault.resource.empty()) writer.member("resource", fault.resource);
    writer.member("what", fault.what);
    writer.key("repaired");
    writer.boolean(fault.repaired);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out + "\n";
}

}  // namespace

int verify(VerifySettings const& settings) {
  auto const report = run(settings);
  if (!report) return complain(report.error()), kExitFailed;
  print(settings.json ? json_of(*report) : text_of(*report));
  return report->faults == report->repaired ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
