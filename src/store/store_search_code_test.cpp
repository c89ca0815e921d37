#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "store/store_suite.h"

// Modifiers that look further than the value: types of identifiers, value sets and code systems
// that are stored, ranges; and what is refused for want of a terminology.

namespace sinew::store {
namespace {

/// The ids found, sorted; "!where" for an error.
std::string found(Store& store, std::string_view type, std::string_view query) {
  auto parsed = parse_search(type, query);
  if (!parsed) return "!" + parsed.error().where;
  auto page = store.search(*parsed);
  if (!page) return "!" + page.error().where;
  std::set<std::string> ids;
  for (auto const& match : page->matches) ids.insert(match.id);
  std::string out;
  for (auto const& id : ids) out += (out.empty() ? "" : ",") + id;
  return out;
}

struct Case {
  char const *type, *query, *ids;
};

void check_all(Store& store, std::initializer_list<Case> rows) {
  for (auto const& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.query);
    CHECK(found(store, row.type, row.query) == row.ids);
  }
}

void fill(Store& store) {
  struct {
    char const *type, *id, *elements;
  } const rows[] = {
      {"Patient", "one",
       R"("identifier":[
           {"type":{"coding":[{"system":"urn:t","code":"MR"}]},"system":"urn:a","value":"7"},
           {"type":{"coding":[{"system":"urn:t","code":"SS"}]},"value":"8"}])"},
      {"Patient", "two",
       R"("identifier":[{"type":{"coding":[{"system":"urn:t","code":"SS"}]},"value":"7"},
           {"type":{"coding":[{"system":"urn:t","code":"MR"}]},"value":"8|9"}])"},
      {"Condition", "c1",
       R"("subject":{"reference":"Patient/one"},"code":{"coding":[{"system":"urn:s","code":"a1"}]},
          "onsetRange":{"low":{"value":20,"unit":"a","system":"http://unitsofmeasure.org","code":"a"},
                        "high":{"value":30,"unit":"a","system":"http://unitsofmeasure.org","code":"a"}})"},
      {"Condition", "c2",
       R"("subject":{"reference":"Patient/one"},"code":{"coding":[{"system":"urn:s","code":"a"}]},
          "onsetAge":{"value":25,"unit":"a","system":"http://unitsofmeasure.org","code":"a"})"},
      {"Condition", "c3",
       R"("subject":{"reference":"Patient/two"},"code":{"coding":[{"system":"urn:s","code":"b"}]},
          "onsetRange":{"low":{"value":28,"unit":"a","system":"http://unitsofmeasure.org","code":"a"}})"},
      {"Condition", "c4",
       R"("subject":{"reference":"Patient/two"},"code":{"coding":[{"system":"urn:x","code":"a"}]})"},
      {"CodeSystem", "cs",
       R"("url":"urn:s","status":"active","content":"complete","concept":[
           {"code":"a","concept":[{"code":"a1","concept":[{"code":"a11"}]},{"code":"a2"}]},{"code":"b"}])"},
      {"ValueSet", "listed",
       R"("url":"http://v/listed","version":"2","status":"active","compose":{"include":[
           {"system":"urn:s","concept":[{"code":"a"},{"code":"b"}]}],
           "exclude":[{"system":"urn:s","concept":[{"code":"b"}]}]})"},
      {"ValueSet", "whole",
       R"("url":"http://v/whole","status":"active","compose":{"include":[{"system":"urn:s"}]})"},
      {"ValueSet", "nested",
       R"("url":"http://v/nested","status":"active","compose":{"include":[
           {"system":"urn:s","valueSet":["http://v/listed"]},{"system":"urn:x","concept":[{"code":"a"}]}]})"},
      {"ValueSet", "expanded",
       R"("url":"http://v/expanded","status":"active","expansion":{"timestamp":"2020","contains":[
           {"system":"urn:s","abstract":true,"code":"b","contains":[{"system":"urn:s","code":"a1"}]}]})"},
      {"ValueSet", "filtered",
       R"("url":"http://v/filtered","status":"active","compose":{"include":[{"system":"urn:s",
           "filter":[{"property":"concept","op":"is-a","value":"a"}]}]})"},
      {"ValueSet", "itself",
       R"("url":"http://v/itself","status":"active","compose":{"include":[
           {"valueSet":["http://v/itself"]}]})"},
      {"ValueSet", "absent",
       R"("url":"http://v/absent","status":"active","compose":{"include":[{"system":"urn:none"}]})"},
  };
  Transaction transaction;
  for (auto const& row : rows) transaction.changes.push_back(put(row.type, row.id, row.elements));
  auto outcomes = store.apply_and_wait(std::move(transaction));
  REQUIRE_MESSAGE(outcomes, outcomes.error().what << " " << outcomes.error().where);
}

TEST_CASE("identifiers are found by their type, which has to be that of the same identifier") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill(*store);
  check_all(*store, {
                        {"Patient", "identifier:of-type=urn:t|MR|7", "one"},
                        {"Patient", "identifier:of-type=urn:t|SS|7", "two"},
                        {"Patient", "identifier:of-type=urn:t|MR|8", ""},
                        {"Patient", "identifier:of-type=urn:t|MR|8\\|9", "two"},
                        {"Patient", "identifier:of-type=urn:t|SS|7,urn:t|SS|8", "one,two"},
                        {"Patient", "identifier:of-type=urn:o|MR|7", ""},
                        {"Patient", "identifier:of-type=MR|7", "!identifier:of-type"},
                        {"Patient", "gender:of-type=urn:t|MR|7", "!gender:of-type"},
                    });
}

TEST_CASE("codes are found by value sets that are stored and can be listed") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill(*store);
  check_all(*store, {
                        {"Condition", "code:in=http://v/listed", "c2"},
                        {"Condition", "code:in=http://v/listed|2", "c2"},
                        {"Condition", "code:in=http://v/listed|3", "!code:in"},
                        {"Condition", "code:in=ValueSet/listed", "c2"},
                        {"Condition", "code:not-in=http://v/listed", "c1,c3,c4"},
                        {"Condition", "code:in=http://v/whole", "c1,c2,c3"},
                        {"Condition", "code:in=http://v/nested", "c2,c4"},
                        {"Condition", "code:in=http://v/expanded", "c1"},
                        {"Condition", "code:in=http://v/listed,http://v/expanded", "c1,c2"},
                        {"Condition", "code:in=http://v/filtered", "!code:in"},
                        {"Condition", "code:in=http://v/itself", "!code:in"},
                        {"Condition", "code:in=http://v/absent", "!code:in"},
                        {"Condition", "code:in=http://v/nowhere", "!code:in"},
                        {"Patient", "_has:Condition:subject:code:in=http://v/expanded", "one"},
                    });
}

TEST_CASE("codes are found by the hierarchy of a code system that is stored") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill(*store);
  check_all(*store, {
                        {"Condition", "code:below=urn:s|a", "c1,c2"},
                        {"Condition", "code:below=urn:s|a1", "c1"},
                        {"Condition", "code:below=urn:s|a2", ""},
                        {"Condition", "code:above=urn:s|a11", "c1,c2"},
                        {"Condition", "code:above=urn:s|b", "c3"},
                        {"Condition", "code:below=urn:s|zzz", "!code:below"},
                        {"Condition", "code:below=http://snomed.info/sct|1", "!code:below"},
                        {"Condition", "code:below=a", "!code:below"},
                    });
}

TEST_CASE("ranges are compared by both their limits") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill(*store);
  check_all(*store, {
                        {"Condition", "onset-age=25||a", "c2"},
                        {"Condition", "onset-age=gt29||a", "c1,c3"},
                        {"Condition", "onset-age=gt30||a", "c3"},
                        {"Condition", "onset-age=ge30||a", "c1,c3"},
                        {"Condition", "onset-age=lt25||a", "c1"},
                        {"Condition", "onset-age=le25||a", "c1,c2"},
                        {"Condition", "onset-age=sa24||a", "c2,c3"},
                        {"Condition", "onset-age=sa19||a", "c1,c2,c3"},
                        {"Condition", "onset-age=eb31||a", "c1,c2"},
                        {"Condition", "onset-age=eb25||a", ""},
                        {"Condition", "onset-age=ap25||a", "c1,c2"},
                        {"Condition", "onset-age=ne25||a", "c1,c3"},
                        {"Condition", "onset-age=gt299|http://unitsofmeasure.org|mo", "c1,c2,c3"},
                        {"Condition", "onset-age=gt348|http://unitsofmeasure.org|mo", "c1,c3"},
                        {"Condition", "onset-age=gt348|http://unitsofmeasure.org|mg", ""},
                    });
  // An update from a range to an age leaves nothing of the range behind.
  REQUIRE(apply_one(
      *store,
      put("Condition", "c1", R"("subject":{"reference":"Patient/one"},"onsetAge":{"value":3})")));
  check_all(*store, {{"Condition", "onset-age=gt0||a", "c2,c3"},
                     {"Condition", "onset-age=gt0", "c1,c2,c3"},
                     {"Condition", "onset-age=lt100", "c1,c2,c3"}});
}

}  // namespace
}  // namespace sinew::store
