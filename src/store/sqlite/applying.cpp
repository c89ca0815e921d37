#include "store/sqlite/applying.h"

#include <future>
#include <memory>

#include "base/hash.h"

namespace sinew::store::sqlite {

std::optional<Live> state_after(Change const& change, Prepared const& prepared, Live const& before,
                                Instant now, std::int64_t& last_resource) {
  using What = Outcome::What;
  if (prepared.effect == What::absent) return std::nullopt;
  auto after = before;
  bool const repeats = change.verb == Verb::put || change.verb == Verb::merge;
  if (prepared.effect == What::unchanged) {
    if (!repeats || before.is_no_op(prepared.digest)) return std::nullopt;
    after.content = prepared.content;
  } else {
    after = Live{.rid = before.rid != 0 ? before.rid : ++last_resource,
                 .version = before.version + 1,
                 .updated = now,
                 .exists = prepared.effect != What::removed,
                 .content = prepared.content,
                 .body = prepared.text};
  }
  if (repeats) after.add_no_op(prepared.digest);
  return after;
}

Result<bool> is_met(Change const& change, std::size_t matches) {
  if (matches > 1)
    return fail(ErrorCode::precondition, "the condition matches more than one resource",
                change.type);
  if (matches == 1 && change.match_fails)
    return fail(ErrorCode::conflict, "the condition matches a resource", std::string(kIfNoneExist));
  return matches == 1;
}

Result<> check_purges(std::vector<Purge> const& items,
                      std::function<Result<Live>(Purge const&)> const& current) {
  for (auto const& item : items) {
    TRY(check_identity(item.type, item.id));
    if (item.what != Purge::What::version) continue;
    if (item.version == 0) return fail(ErrorCode::invalid, "a version is a number from 1 on");
    if (TRY(current(item)).version == item.version)
      return fail(ErrorCode::conflict, "the current version cannot be taken away alone", item.type);
  }
  return {};
}

Result<std::uint64_t> purge_and_wait(std::vector<Purge> const& items,
                                     std::function<void(PurgeWork)> const& submit) {
  // Shared with the callback, which may still be leaving set_value when get returns.
  auto const promise = std::make_shared<std::promise<Result<std::uint64_t>>>();
  auto answer = promise->get_future();
  PurgeWork work;
  work.items = items;
  work.done = [promise](Result<std::uint64_t> result) { promise->set_value(std::move(result)); };
  submit(std::move(work));
  return answer.get();
}

std::string keyed_mark(std::int64_t identity, std::string_view text) {
  constexpr std::size_t kDigits = 32;  // 128 bits
  auto const key = std::to_string(identity) + "\n";
  return sha256_hex(key + sha256_hex(key + std::string(text))).substr(0, kDigits);
}

}  // namespace sinew::store::sqlite
