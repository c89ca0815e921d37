#include "api/documents/summary.h"

#include <algorithm>

#include "api/documents/document_bundle.h"
#include "api/documents/narrative.h"
#include "base/hash.h"
#include "fhirpath/evaluator.h"
#include "fhirpath/moment.h"
#include "json/edit.h"
#include "json/write.h"
#include "net/http.h"

namespace sinew::documents {
namespace {

constexpr std::string_view kLoinc = "http://loinc.org";

/// Follows references of entries for the narrative: a medication has its name elsewhere.
class StoredReferences final : public fhirpath::Services {
 public:
  StoredReferences(store::Store& store, std::string base) : store_(store), base_(std::move(base)) {}

  std::optional<json::Value> resolve(std::string_view reference) override {
    auto const target = local_target(reference, base_);
    if (!target) return {};
    auto resource = store_.read(target->type, target->id);
    if (!resource) return {};
    auto document = json::Document::parse(std::move(resource->body));
    if (!document) return {};
    documents_.push_back(*std::move(document));
    return documents_.back().root();
  }

 private:
  store::Store& store_;
  std::string base_;
  std::deque<json::Document> documents_;
};

/// A section while it is filled.
struct Section {
  SectionRow const* row;
  std::vector<std::string> entries;  ///< fullUrls
  std::vector<NarrativeTable> tables;
  std::vector<std::string> sentences;
};

class Summary {
 public:
  Summary(rest::OperationCall const& asked, SummaryTable const& table, store::Resource patient)
      : context_(asked.context),
        table_(table),
        patient_(std::move(patient)),
        references_(context_.store, asked.call.base),
        bundle_(context_, asked.call.base) {
    evaluator_.environment().services = &references_;
    evaluator_.environment().now = fhirpath::moment_of(context_.clock.now());
  }

  Result<std::string> run();

 private:
  Result<> fill(Section& section);
  Result<> add_entries(Section& section, EntryRow const& row);
  Result<> add_absent(Section& section);
  Result<std::string> completed(json::Value resource);
  Result<bool> holds(fhirpath::Expression const& expression, json::Value resource);
  Result<std::string> text_of(fhirpath::Expression const& expression, json::Value resource);
  Result<> add_row(Section& section, std::string const& type, json::Value resource);
  [[nodiscard]] std::vector<std::string> titles_of(std::string_view type) const;
  [[nodiscard]] std::string composition(std::string_view id, std::string_view author,
                                        std::vector<Section> const& sections) const;
  void write_section(json::Writer& writer, Section const& section) const;

  rest::Context const& context_;
  SummaryTable const& table_;
  store::Resource patient_;
  StoredReferences references_;
  DocumentBundle bundle_;
  fhirpath::Evaluator evaluator_;
  std::set<std::string> taken_;  ///< "Type/id": one section each
};

Result<bool> Summary::holds(fhirpath::Expression const& expression, json::Value resource) {
  auto const item = fhirpath::item_of(resource);
  fhirpath::Focus focus;
  focus.items = {&item, 1};
  focus.resource = focus.root_resource = item;
  return TRY(evaluator_.test(expression, focus)).value_or(false);
}

Result<std::string> Summary::text_of(fhirpath::Expression const& expression, json::Value resource) {
  std::string text;
  for (auto const& item : TRY(evaluator_.evaluate(expression, resource))) {
    auto const one = item.is_node()                            ? item.node.value.text()
                     : item.kind == fhirpath::ItemKind::string ? std::string(item.text)
                                                               : std::string();
    if (one.empty()) continue;
    if (!text.empty()) text += ", ";
    text += one;
  }
  return text;
}

std::vector<std::string> Summary::titles_of(std::string_view type) const {
  std::vector<std::string> titles;
  for (auto const& column : table_.columns) {
    bool const is_new = std::ranges::find(titles, column.title) == titles.end();
    if (column.type == type && is_new) titles.push_back(column.title);
  }
  return titles;
}

/// A row of the narrative: of the rows of one title the first that yields something.
Result<> Summary::add_row(Section& section, std::string const& type, json::Value resource) {
  auto const titles = titles_of(type);
  std::vector<std::string> cells(titles.size());
  for (auto const& column : table_.columns) {
    if (column.type != type) continue;
    auto& cell =
        cells[static_cast<std::size_t>(std::ranges::find(titles, column.title) - titles.begin())];
    if (cell.empty()) cell = TRY(text_of(column.path, resource));
  }
  bool const is_same = !section.tables.empty() && section.tables.back().titles == titles;
  if (!is_same) section.tables.push_back({titles, {}});
  section.tables.back().rows.push_back(std::move(cells));
  return {};
}

/// The resource with what the profiles require beside the standard, said to be unknown.
Result<std::string> Summary::completed(json::Value resource) {
  json::ObjectEdit edit(resource);
  auto const type = resource["resourceType"].text();
  for (auto const& row : table_.completions) {
    if (row.type == type && !TRY(holds(row.unless, resource))) edit.set(row.member, row.json);
  }
  return edit.text();
}

Result<> Summary::add_entries(Section& section, EntryRow const& row) {
  auto const about = "patient=" + net::percent_encode("Patient/" + patient_.id);
  auto query = TRY(store::parse_search(row.type, about + '&' + row.query));
  query.count = context_.options.page_max;
  query.want_total = false;
  std::size_t taken = 0;
  bool is_cut = false;
  do {
    auto page = TRY(context_.store.search(query));
    for (auto& match : page.matches) {
      auto const document = TRY(json::Document::parse(std::move(match.body)));
      auto const name = match.type + '/' + match.id;
      if (taken_.contains(name) || !TRY(holds(row.filter, document.root()))) continue;
      if (taken == row.newest) {
        is_cut = true;
        break;
      }
      taken_.insert(name);
      ++taken;
      auto url = bundle_.url_of(match.type, match.id);
      TRY(add_row(section, row.type, document.root()));
      section.entries.push_back(url);
      TRY(bundle_.add(std::move(url), TRY(completed(document.root()))));
    }
    query.cursor = std::move(page.next);
  } while (!query.cursor.empty() && !is_cut);
  if (is_cut && row.newest > 1) {
    section.sentences.push_back("There are more: these are the newest " +
                                std::to_string(row.newest) + " of their kind.");
  }
  return {};
}

/// A required section says by a resource that nothing is known. Source: IPS 1.1.0, "Design
/// Conventions", known absent and not known.
Result<> Summary::add_absent(Section& section) {
  auto const document = TRY(json::Document::parse(section.row->absent));
  auto const id = to_string(uuid_v4());
  json::ObjectEdit edit(document.root());
  edit.set_after("resourceType", "id", '"' + id + '"');
  std::string subject = R"({"reference":)";
  json::append_string(subject, bundle_.url_of("Patient", patient_.id));
  edit.set(document.root()["patient"] ? "patient" : "subject", subject + '}');
  auto url = "urn:uuid:" + id;
  section.entries.push_back(url);
  section.sentences.push_back(section.row->text);
  return bundle_.add(std::move(url), edit.text());
}

Result<> Summary::fill(Section& section) {
  for (auto const& row : table_.entries) {
    if (row.section == section.row->code) TRY(add_entries(section, row));
  }
  if (section.entries.empty() && !section.row->absent.empty()) TRY(add_absent(section));
  return {};
}

void write_reference(json::Writer& writer, std::string_view url) {
  writer.begin_object();
  writer.member("reference", url);
  writer.end_object();
}

void write_loinc(json::Writer& writer, std::string_view key, std::string_view code) {
  writer.key(key);
  writer.begin_object();
  writer.key("coding");
  writer.begin_array();
  writer.begin_object();
  writer.member("system", kLoinc);
  writer.member("code", code);
  writer.end_object();
  writer.end_array();
  writer.end_object();
}

void Summary::write_section(json::Writer& writer, Section const& section) const {
  writer.begin_object();
  writer.member("title", section.row->title);
  write_loinc(writer, "code", section.row->code);
  writer.key("text");
  writer.begin_object();
  writer.member("status", "generated");
  writer.member("div", narrative_div(section.tables, section.sentences));
  writer.end_object();
  writer.key("entry");
  writer.begin_array();
  for (auto const& url : section.entries) write_reference(writer, url);
  writer.end_array();
  writer.end_object();
}

std::string Summary::composition(std::string_view id, std::string_view author,
                                 std::vector<Section> const& sections) const {
  constexpr std::string_view kPatientSummary = "60591-5";
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "Composition");
  writer.member("id", id);
  writer.key("meta");
  writer.begin_object();
  writer.key("profile");
  writer.begin_array();
  writer.string(kIpsComposition);
  writer.end_array();
  writer.end_object();
  writer.member("status", "final");
  write_loinc(writer, "type", kPatientSummary);
  writer.key("subject");
  write_reference(writer, bundle_.url_of("Patient", patient_.id));
  writer.member("date", to_string(context_.clock.now()));
  writer.key("author");
  writer.begin_array();
  write_reference(writer, author);
  writer.end_array();
  writer.member("title", "International Patient Summary");
  writer.key("section");
  writer.begin_array();
  for (auto const& section : sections) {
    if (!section.entries.empty()) write_section(writer, section);
  }
  writer.end_array();
  writer.end_object();
  return out;
}

/// The program as the author: nobody else read what is put together here.
std::string author_json(std::string_view id) {
  return R"({"resourceType":"Device","id":")" + std::string(id) +
         R"(","status":"active","deviceName":[{"name":"Sinew","type":"other"}]})";
}

Result<std::string> Summary::run() {
  auto const id = to_string(uuid_v4());
  auto const author_id = to_string(uuid_v4());
  auto const author = "urn:uuid:" + author_id;
  auto const patient = TRY(json::Document::parse(patient_.body));
  TRY(bundle_.add(bundle_.url_of("Patient", patient_.id), TRY(completed(patient.root()))));
  std::vector<Section> sections;
  for (auto const& row : table_.sections) {
    sections.push_back({&row, {}, {}, {}});
    TRY(fill(sections.back()));
  }
  TRY(bundle_.add(author, author_json(author_id)));
  TRY(bundle_.add_supporting());
  TRY(bundle_.add_first("urn:uuid:" + id, composition(id, author, sections)));
  return bundle_.json(kIpsBundle, {});
}

/// `system|value` of an Identifier, however it came.
std::string identifier_query(rest::Argument const& argument) {
  if (!argument.value.is_object()) return argument.text;
  auto const system = argument.value["system"].text();
  auto const value = argument.value["value"].text();
  return system.empty() ? value : system + '|' + value;
}

/// The patient of the path, or the one that has the identifier.
Result<store::Resource> find_patient(rest::OperationCall const& asked) {
  auto& store = asked.context.store;
  if (!asked.call.id.empty()) return store.read("Patient", asked.call.id);
  auto const* identifier = asked.arguments.find("identifier");
  // IPS 1.1.0 has it misspelt.
  if (!identifier) identifier = asked.arguments.find("identifer");
  if (!identifier) return fail(ErrorCode::invalid, "which patient?", "identifier");
  auto const text = identifier_query(*identifier);
  if (text.empty()) return fail(ErrorCode::invalid, "an empty identifier", "identifier");
  auto query = TRY(store::parse_search("Patient", "identifier=" + net::percent_encode(text)));
  query.count = 2;
  auto page = TRY(store.search(query));
  if (page.matches.empty()) return fail(ErrorCode::not_found, "no such patient", "identifier");
  if (page.matches.size() > 1) {
    return fail(ErrorCode::precondition, "several patients have the identifier", "identifier");
  }
  return std::move(page.matches.front());
}

Result<rest::Answer> answer(SummaryTable const& table, rest::OperationCall const& asked) {
  auto profile = asked.arguments.text("profile");
  profile = profile.substr(0, profile.find('|'));
  if (!profile.empty() && profile != kIpsBundle && profile != kIpsComposition) {
    return fail(ErrorCode::not_supported, "only International Patient Summaries are made",
                "profile");
  }
  if (!asked.arguments.text("graph").empty()) {
    return fail(ErrorCode::not_supported, "no GraphDefinition is followed", "graph");
  }
  rest::Answer made;
  made.body = TRY(Summary(asked, table, TRY(find_patient(asked))).run());
  return made;
}

}  // namespace

rest::Operation summary_operation(std::shared_ptr<SummaryTable const> table) {
  return {
      .name = "summary",
      .definition = "http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
      .levels = {rest::Level::type, rest::Level::instance},
      .types = {"Patient"},
      .parameters = {{"identifier", "Identifier"},
                     {"identifer", "Identifier"},
                     {"profile", "uri"},
                     {"graph", "uri"}},
      .handler = [table = std::move(table)](
                     rest::OperationCall const& asked) { return answer(*table, asked); },
      .audit = 'R',
  };
}

}  // namespace sinew::documents
