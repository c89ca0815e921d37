#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>

#include "base/file.h"
#include "base/text.h"
#include "wire/hl7v2/batch.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/structure.h"
#include "wire/hl7v2/tree.h"
#include "wire/hl7v2/write.h"

// Real messages, kept beside the repository and not in it: every one parses or is refused for the
// right reason, keeps its bytes, and keeps its observations under their orders.

using namespace sinew;
using namespace sinew::hl7v2;

namespace {

/// Every file of the corpora that holds HL7 v2, or nothing with a word on where it was looked for.
std::map<std::string, std::string> const& corpus() {
  static auto const files = [] {
    std::map<std::string, std::string> found;
    std::string const root = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/";
    for (auto const* folder : {"hl7v2", "v2fhir"}) {
      auto const list = list_files(root + folder);
      if (!list) {
        std::printf("skipped: no corpus at %s%s\n", root.c_str(), folder);
        continue;
      }
      for (auto const& name : *list) {
        if (!name.ends_with(".hl7") && !name.ends_with(".hl7v2")) continue;
        if (auto text = read_file(root + folder + "/" + name)) {
          found[std::string(folder) + "/" + name] = *std::move(text);
        }
      }
    }
    return found;
  }();
  return files;
}

/// Every message of the corpora, batches taken apart.
template <class Each>
void for_each_message(Each const& each) {
  for (auto const& [name, text] : corpus()) {
    auto const batch = split_batch(text);
    if (!batch) continue;
    for (auto const& message : batch->messages) each(name, message.bytes);
  }
}

}  // namespace

TEST_CASE("every file of the corpora is read, or refused because it has no header") {
  std::size_t read = 0;
  std::size_t refused = 0;
  for (auto const& [name, text] : corpus()) {
    CAPTURE(name);
    auto const message = parse_message(text);
    if (message) {
      ++read;
      CHECK(message->segment_count() > 0);
      continue;
    }
    ++refused;
    CHECK(message.error().code == ErrorCode::malformed);
    CHECK(message.error().where.starts_with("MSH"));
    // The reason is true: no line begins with MSH and delimiters.
    bool header = false;
    for (auto at = text.find("MSH"); at != std::string::npos; at = text.find("MSH", at + 1)) {
      bool const line_start = at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
      header |= line_start && read_delimiters(std::string_view(text).substr(at));
    }
    CHECK_FALSE(header);
  }
  std::printf("corpora: %zu files read, %zu refused\n", read, refused);
}

TEST_CASE("every byte of a message of the corpora is in a segment, or is a terminator") {
  for_each_message([](std::string const& name, std::string_view text) {
    CAPTURE(name);
    auto const message = parse_message(text);
    REQUIRE(message);
    if (message->is_transcoded()) return;
    std::string again(
        text.substr(0, static_cast<std::size_t>(message->segment_bytes(0).data() - text.data())));
    for (std::size_t i = 0; i < message->segment_count(); ++i) {
      auto const segment = message->segment_bytes(i);
      auto const end = static_cast<std::size_t>(segment.data() - text.data()) + segment.size();
      auto const next =
          i + 1 < message->segment_count()
              ? static_cast<std::size_t>(message->segment_bytes(i + 1).data() - text.data())
              : text.size();
      auto const between = text.substr(end, next - end);
      CHECK(between.find_first_not_of(std::string_view("\r\n \t\x0B\x1C\x1A\0", 8)) ==
            std::string_view::npos);
      // The fields, put together again, are the segment.
      std::string joined(message->segment_id(i));
      bool const header = is_header_id(pack_id(joined));
      for (std::size_t k = header ? 2 : 1; k <= message->field_count(i); ++k) {
        joined += message->delimiters().field;
        joined += message->field(i, k);
      }
      CHECK(joined == segment);
      again += joined;
      again += between;
    }
    CHECK(again == text);
  });
}

TEST_CASE("the normal form of every message of the corpora has the same content") {
  for_each_message([](std::string const& name, std::string_view text) {
    CAPTURE(name);
    auto const message = parse_message(text);
    REQUIRE(message);
    auto const normal = normalized(*message);
    auto const again = parse_message(normal);
    REQUIRE(again);
    CHECK(again->segment_count() == message->segment_count());
    CHECK(normalized(*again) == normal);
  });
}

TEST_CASE("an observation of the corpora stands under the order before it") {
  std::size_t observations = 0;
  std::size_t known = 0;
  std::size_t placed = 0;
  std::size_t segments = 0;
  std::map<std::string, int> unplaced;
  for_each_message([&](std::string const& name, std::string_view text) {
    CAPTURE(name);
    auto const message = parse_message(text);
    auto const tree = group_segments(*message);
    if (tree.structure.empty()) return;
    ++known;
    // Every segment once.
    std::set<std::uint32_t> seen;
    std::map<std::uint32_t, std::uint32_t> node_of;
    for (std::uint32_t at = 0; at < tree.nodes.size(); ++at) {
      auto const& node = tree.nodes[at];
      if (node.segment == GroupTree::kNone) continue;
      CHECK(seen.insert(node.segment).second);
      node_of[node.segment] = at;
      ++segments;
      placed += !node.unplaced;
      if (node.unplaced && node.name[0] != 'Z') {
        ++unplaced[std::string(tree.structure) + " " + std::string(node.name)];
      }
    }
    CHECK(seen.size() == message->segment_count());
    // The order that owns an OBX: the nearest OBR that shares a group below which it stands.
    auto last_order = GroupTree::kNone;
    for (std::uint32_t i = 0; i < message->segment_count(); ++i) {
      auto const id = message->segment_id(i);
      if (id == "OBR") last_order = i;
      if (id != "OBX" || last_order == GroupTree::kNone) continue;
      ++observations;
      auto owner = GroupTree::kNone;
      for (auto up = tree.nodes[node_of[i]].parent;
           up != GroupTree::kNone && owner == GroupTree::kNone; up = tree.nodes[up].parent) {
        for (auto child = tree.nodes[up].first_child; child != GroupTree::kNone;
             child = tree.nodes[child].next_sibling) {
          if (tree.nodes[child].name == "OBR") owner = tree.nodes[child].segment;
        }
      }
      if (owner != GroupTree::kNone) CHECK(owner == last_order);
    }
  });
  std::printf(
      "corpora: %zu messages of known structure, %zu of %zu segments placed, %zu observations\n",
      known, placed, segments, observations);
  for (auto const& [what, count] : unplaced) {
    if (count > 3) std::printf("  no place: %s %d times\n", what.c_str(), count);
  }
}

TEST_CASE("a tree can be printed of every message of the corpora") {
  for_each_message([](std::string const& name, std::string_view text) {
    CAPTURE(name);
    auto const message = parse_message(text);
    CHECK(is_utf8(print_tree(*message)));
    CHECK(is_utf8(print_tree_json(*message)));
  });
}
