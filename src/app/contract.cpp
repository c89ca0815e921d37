#include "app/commands.h"
#include "app/console.h"
#include "app/messages.h"
#include "base/file.h"
#include "base/text.h"
#include "contract/drift.h"
#include "contract/learner.h"
#include "contract/profile_file.h"
#include "contract/specification.h"
#include "store/store.h"

namespace sinew::app {
namespace {

Result<contract::Profile> read_contract_file(std::string const& file) {
  auto profile = contract::read_contract(TRY(read_file(file)));
  if (profile) return profile;
  auto const& error = profile.error();
  return fail(error.code, error.what, file + ": " + error.where);
}

/// The messages of a store, the oldest first as they came: the journal is paged from its end, and
/// no more than this many are learned.
Result<> learn_store(ContractSettings const& settings, contract::Learner& learner) {
  constexpr std::size_t kPage = 500;
  store::StoreOptions options;
  options.path = settings.store;
  auto const store = TRY(store::open_store(options, system_clock()));
  store::JournalQuery query;
  query.feed = settings.feed;
  query.count = kPage;
  std::vector<store::JournalId> ids;
  do {
    auto const page = TRY(store->journal_page(query));
    for (auto const& record : page.records) ids.push_back(record.id);
    query.before = page.next;
  } while (query.before != 0 && ids.size() < settings.messages_max);
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    auto const record = TRY(store->journal_record(*id));
    learner.learn(record.entry.bytes, record.received);
  }
  return {};
}

/// The messages of files; `names` gets the name of each, by its number.
Result<std::size_t> learn_files(std::vector<std::string> const& files, contract::Learner& learner,
                                std::vector<std::string>* names) {
  constexpr std::size_t kNamesMax = 1'000'000;
  std::size_t failed = 0;
  for (auto const& file : files) {
    failed += for_each_message(file, [&](MessageText const& message) -> Result<> {
      auto const before = learner.profile().messages;
      learner.learn(message.bytes, {});
      if (names != nullptr && learner.profile().messages > before && names->size() < kNamesMax)
        names->push_back(message.name);
      return {};
    });
  }
  return failed;
}

Result<int> run_learn(ContractSettings const& settings) {
  contract::Profile begun;
  if (!settings.contract.empty()) begun = TRY(read_contract_file(settings.contract));
  if (begun.feed.empty() || !settings.feed.empty()) begun.feed = settings.feed;
  contract::Learner learner(std::move(begun));
  std::size_t failed = 0;
  if (settings.store.empty()) {
    failed = TRY(learn_files(TRY(expand_inputs(settings.inputs)), learner, nullptr));
  } else {
    TRY(learn_store(settings, learner));
  }
  auto const text = contract::print_contract(learner.profile());
  if (settings.out.empty()) {
    print(text);
  } else {
    TRY(write_file(settings.out, text));
    complain(std::to_string(learner.profile().messages) + " messages of " +
             std::to_string(learner.profile().types.size()) + " types learned into " +
             settings.out);
  }
  return failed == 0 ? kExitSuccess : kExitFailed;
}

Result<int> run_show(ContractSettings const& settings) {
  auto const profile = TRY(read_contract_file(settings.contract));
  auto const page = contract::specification(
      profile, settings.html ? contract::Page::Format::html : contract::Page::Format::markdown);
  if (settings.out.empty()) {
    print(page);
  } else {
    TRY(write_file(settings.out, page));
  }
  return kExitSuccess;
}

bool is_contract_file(std::string const& file) { return file.ends_with(".json"); }

Result<int> run_check(ContractSettings const& settings) {
  auto const known = TRY(read_contract_file(settings.contract));
  std::vector<contract::Drift> drifts;
  std::vector<std::string> messages;
  auto const take = [&](std::vector<contract::Drift> found) {
    drifts.insert(drifts.end(), std::make_move_iterator(found.begin()),
                  std::make_move_iterator(found.end()));
  };
  for (auto const& file : TRY(expand_inputs(settings.inputs))) {
    if (is_contract_file(file)) {
      auto found = contract::compare(known, TRY(read_contract_file(file)));
      for (auto& drift : found) drift.source = file;
      take(std::move(found));
    } else {
      messages.push_back(file);
    }
  }
  std::size_t failed = 0;
  if (!messages.empty()) {
    contract::Learner learner{known.feed};
    std::vector<std::string> names;
    failed = TRY(learn_files(messages, learner, &names));
    auto found = contract::compare(known, learner.profile());
    for (auto& drift : found) {
      if (drift.first > 0 && drift.first <= names.size()) drift.source = names[drift.first - 1];
    }
    failed += learner.profile().unreadable;
    take(std::move(found));
  }
  bool has_drift = false;
  for (auto const& drift : drifts) {
    has_drift = has_drift || drift.severity >= Severity::warning;
    if (!settings.json && (settings.all || drift.severity >= Severity::warning))
      print(contract::to_string(drift) + "\n");
  }
  if (settings.json) print(contract::drifts_json(drifts) + "\n");
  return has_drift || failed != 0 ? kExitFailed : kExitSuccess;
}

int done(Result<int> const& status) {
  if (!status) return complain(status.error()), kExitFailed;
  return *status;
}

}  // namespace

int contract_learn(ContractSettings const& settings) { return done(run_learn(settings)); }
int contract_show(ContractSettings const& settings) { return done(run_show(settings)); }
int contract_check(ContractSettings const& settings) { return done(run_check(settings)); }

}  // namespace sinew::app
