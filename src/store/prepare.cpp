#include "store/prepare.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "fhir/resource.h"
#include "store/compress.h"

namespace sinew::store {
namespace {

using What = Outcome::What;

struct Parsed {
  json::Document document;
  NormalBody body;
};

Result<Parsed> parse_body(Change const& change) {
  auto document = TRY(json::Document::parse(change.body));
  auto body = TRY(normal_body(document.root(), change.type, change.id));
  return Parsed{std::move(document), std::move(body)};
}

/// The stored resource with the elements of the change put over it.
Result<Parsed> merge_body(Change const& change, json::Document const& stored) {
  auto const given = TRY(json::Document::parse(change.body));
  std::vector<std::string_view> const clear(change.clear.begin(), change.clear.end());
  auto document =
      TRY(json::Document::parse(TRY(fhir::merge_resource(stored.root(), given.root(), clear))));
  auto body = TRY(normal_body(document.root(), change.type, change.id));
  return Parsed{std::move(document), std::move(body)};
}

void set_index_change(Prepared& prepared, std::vector<IndexRow> before,
                      std::vector<IndexRow> after) {
  std::ranges::set_difference(before, after, std::back_inserter(prepared.drop));
  if (before.empty())
    prepared.add = std::move(after);
  else
    std::ranges::set_difference(after, before, std::back_inserter(prepared.add));
}

Result<> prepare_removal(Prepared& prepared, Live const& live, FetchBody const& fetch) {
  prepared.effect = live.exists ? What::removed : What::absent;
  if (!live.exists) return {};
  auto const stored = TRY(json::Document::parse(*TRY(fetch())));
  prepared.drop = index_rows(stored.root());
  return {};
}

/// True when nothing of the stored resource would change.
Result<bool> is_same(Parsed const& parsed, json::Document const& stored, Change const& change,
                     Live const& live) {
  if (live.content == 0) {
    auto const normal = TRY(normal_body(stored.root(), change.type, change.id));
    if (normal.content == parsed.body.content) return true;
  }
  return fhir::same_content(stored.root(), parsed.document.root());
}

bool is_known_no_op(Change const& change, ChangeDigest const& digest, Live const& live) {
  if (!live.exists) return false;
  return change.verb == Verb::ensure || live.is_no_op(digest);
}

/// put, create, and merge: a body becomes the new version, or turns out to be the old one.
Result<> prepare_body(Prepared& prepared, Change const& change, Live const& live,
                      FetchBody const& fetch) {
  SharedText current;
  std::optional<json::Document> stored;
  auto const load = [&]() -> Result<> {
    current = TRY(fetch());
    stored = TRY(json::Document::parse(*current));
    return {};
  };
  bool const merges = change.verb == Verb::merge && live.exists;
  if (merges) TRY(load());
  auto parsed = merges ? TRY(merge_body(change, *stored)) : TRY(parse_body(change));
  prepared.content = parsed.body.content;
  std::vector<IndexRow> before;
  if (live.exists) {
    if (live.content == parsed.body.content) return {};  // unchanged
    if (!stored) TRY(load());
    if (TRY(is_same(parsed, *stored, change, live))) return {};
    before = index_rows(stored->root());
  }
  prepared.effect = live.exists ? What::updated : What::created;
  set_index_change(prepared, std::move(before), index_rows(parsed.document.root()));
  prepared.packed = pack(Content::resource, parsed.body.text);
  prepared.text = std::make_shared<std::string const>(std::move(parsed.body.text));
  return {};
}

}  // namespace

bool Live::is_no_op(ChangeDigest const& digest) const {
  return std::ranges::find(no_ops, digest) != no_ops.end();
}

void Live::add_no_op(ChangeDigest const& digest) {
  if (is_no_op(digest)) return;
  no_ops[next_no_op] = digest;
  next_no_op = static_cast<std::uint8_t>((next_no_op + 1) % no_ops.size());
}

Result<Prepared> prepare(Change const& change, ChangeDigest const& digest, Live const& live,
                         FetchBody const& fetch) {
  Prepared prepared;
  prepared.base_version = live.version;
  prepared.base_exists = live.exists;
  prepared.base_is_expected = live.is_expected;
  prepared.base_content = live.content;
  prepared.digest = digest;
  prepared.search_generation = fhir::search_generation();
  if (change.verb == Verb::remove) {
    TRY(prepare_removal(prepared, live, fetch));
    return prepared;
  }
  if (change.verb == Verb::create && live.exists)
    return fail(ErrorCode::conflict, "a resource with this id exists", change.type);
  if (is_known_no_op(change, digest, live)) {
    prepared.content = live.content;
    return prepared;
  }
  TRY(prepare_body(prepared, change, live, fetch));
  return prepared;
}

}  // namespace sinew::store
