#include "mapping/recall.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/file.h"
#include "mapping/program.h"

// What comes from memory must be what the rows would give, to the last byte: the messages of the
// project and of the corpora are mapped by one warm Output again and again, for two senders that
// differ only in what is known of them, and each result is held against that of a fresh one.

using namespace sinew;
using namespace sinew::mapping;

namespace {

std::string const kSource = SINEW_SOURCE_DIR;

std::vector<std::string> read_messages() {
  std::vector<std::string> messages;
  for (std::string const folder : {"/data/map/hl7v2/test", "/../shared/corpora/hl7v2/msg",
                                   "/../shared/corpora/hl7v2/src", "/../shared/corpora/v2fhir"}) {
    auto const files = list_files(kSource + folder);
    if (!files) {
      MESSAGE("skipped: no corpus " << folder);
      continue;
    }
    for (auto const& file : *files) {
      if (!file.ends_with(".hl7")) continue;
      auto bytes = read_file(kSource + folder + "/" + file);
      REQUIRE(bytes);
      messages.push_back(*std::move(bytes));
    }
  }
  return messages;
}

/// The same message with another value in place of some: keys that nearly agree.
std::string vary(std::string message, std::size_t n) {
  for (std::size_t i = n % 7 + 20; i < message.size(); i += 31 + n % 5) {
    if (message[i] >= '1' && message[i] <= '8') ++message[i];
  }
  return message;
}

std::string describe(Output const& output) {
  std::string text = output.json;
  auto const add = [&](auto number) { text.append(std::to_string(number)).push_back(' '); };
  for (auto const& resource : output.resources) {
    text.append(resource.type).append(resource.id);
    add(static_cast<int>(resource.verb));
    add(resource.begin);
    add(resource.end);
    for (auto const& name : resource.clear) text.append(name);
  }
  for (auto const& leaf : output.leaves) {
    for (auto const number :
         {leaf.out_begin, leaf.out_end, leaf.source_begin, leaf.source_end, leaf.rule}) {
      add(number);
    }
  }
  for (auto const& entry : output.ledger) {
    add(static_cast<int>(entry.fate));
    add(entry.begin);
    add(entry.rule);
    text.append(entry.reason);
  }
  add(output.mapped);
  add(output.ignored);
  add(output.unmapped);
  return text;
}

std::string map(Program const& program, std::string const& bytes, Feed const& feed,
                Output& output) {
  auto const message = hl7v2::parse_message(bytes);
  if (!message) return "refused";
  auto const groups = hl7v2::group_segments(*message);
  if (!run(program, *message, groups, feed, {true, true, false}, output)) return "no table";
  return describe(output);
}

}  // namespace

TEST_CASE("what is recalled is what would have been written") {
  auto const compiled = compile(std::vector{built_in_layer()});
  REQUIRE(compiled.program);
  Feed near, far;
  near.zone_offset_minutes = -300;
  far.identity_space = "elsewhere";
  Output warm;
  std::size_t different = 0, compared = 0;
  auto const check = [&](std::string const& bytes, Feed const& feed) {
    Output cold;
    auto const expected = map(*compiled.program, bytes, feed, cold);
    ++compared;
    if (map(*compiled.program, bytes, feed, warm) == expected) return;
    auto const got = describe(warm);
    auto const at =
        static_cast<std::size_t>(std::ranges::mismatch(got, expected).in1 - got.begin());
    auto const from = at < 120 ? 0 : at - 120;
    if (++different < 5) {
      FAIL_CHECK("not the same from memory:\n"
                 << got.substr(from, 240) << "\nbut\n"
                 << expected.substr(from, 240));
    }
  };
  auto const messages = read_messages();
  REQUIRE(messages.size() > 20);
  for (std::size_t n = 0; n < messages.size(); ++n) {
    check(messages[n], near);
    check(messages[n], near);
    check(messages[n], far);
    check(vary(messages[n], n), near);
  }
  CHECK(different == 0);
  MESSAGE(compared << " results compared");
}

TEST_CASE("memory for what was written is bounded, and what is forgotten is learnt again") {
  Recall recall(4096);
  std::vector<RecalledMark> const log{{1, 2, 0, 3, 0, 7}};
  std::size_t found = 0;
  for (int round = 0; round < 3; ++round) {
    for (int n = 0; n < 200; ++n) {
      auto const key = "key " + std::to_string(n);
      if (auto const fragment = recall.find(key)) {
        ++found;
        CHECK(fragment->json == "json of " + key);
        CHECK(fragment->content == static_cast<unsigned>(n));
        REQUIRE(fragment->marks.log.size() == 1);
        CHECK(fragment->marks.log[0].info == 7);
        CHECK(fragment->marks.ignored.empty());
        continue;
      }
      recall.learn(key, static_cast<unsigned>(n), "json of " + key, {log, {}, {}, {}});
      CHECK(recall.find(key).has_value());
    }
  }
  CHECK(found < 200);
  CHECK_FALSE(recall.find("unknown"));
  recall.learn("large", 1, std::string(4096, 'x'), {});
  CHECK_FALSE(recall.find("large"));
}

TEST_CASE("senders are told apart, and an element that never comes back rests") {
  Recall recall;
  auto const first = recall.context("one");
  CHECK(recall.context("two") != first);
  CHECK(recall.context("one") == first);
  int looked = 0;
  for (int n = 0; n < 1000; ++n) {
    if (!recall.is_worth_it(3)) continue;
    ++looked;
    recall.count(3, false);
  }
  CHECK(looked < 500);
  CHECK(recall.is_worth_it(4));
}
