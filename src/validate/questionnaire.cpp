#include "validate/questionnaire.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhir/resource.h"
#include "fhirpath/pattern.h"

namespace sinew::validate {
namespace {

struct TypeRow {
  std::string_view type;
  std::array<std::string_view, 2> values;
};
/// What may answer a question of a type. Source: FHIR R4 valueset-item-type.
constexpr auto kTypes = std::to_array<TypeRow>({
    {"attachment", {"Attachment"}},
    {"boolean", {"boolean"}},
    {"choice", {"Coding"}},
    {"date", {"date"}},
    {"dateTime", {"dateTime"}},
    {"decimal", {"decimal"}},
    {"integer", {"integer"}},
    {"open-choice", {"Coding", "string"}},
    {"quantity", {"Quantity"}},
    {"reference", {"Reference"}},
    {"string", {"string"}},
    {"text", {"string"}},
    {"time", {"time"}},
    {"url", {"uri"}},
});

json::Value extension_of(json::Value element, std::string_view name) {
  for (auto const extension : element["extension"].elements()) {
    auto const url = extension["url"].text();
    if (url.size() <= name.size() || !url.ends_with(name) ||
        url[url.size() - name.size() - 1] != '/') {
      continue;
    }
    for (auto const [member, value] : extension.members()) {
      if (member.starts_with("value")) return value;
    }
  }
  return {};
}

/// `valueCoding` of an answer, `answerString` of a condition, `valueString` of an option.
json::Value value_of(json::Value holder, std::string_view prefix) {
  for (auto const [member, value] : holder.members()) {
    if (member.starts_with(prefix) && member.size() > prefix.size()) return value;
  }
  return {};
}

bool is_same_answer(json::Value a, json::Value b) {
  if (!a.is_object() || !b.is_object()) return equals(a, b);
  for (auto const* name : {"system", "code", "reference", "value", "unit"}) {
    if (a[name].text() != b[name].text()) return false;
  }
  return true;
}

/// Calls `use` for every item below a list; by a stack of our own.
template <class Use>
void for_each_item(json::Value list, Use const& use) {
  std::vector<json::Value> stack{list};
  while (!stack.empty()) {
    auto const level = stack.back();
    stack.pop_back();
    for (auto const item : level.elements()) {
      use(item);
      if (item["item"]) stack.push_back(item["item"]);
      for (auto const answer : item["answer"].elements()) {
        if (answer["item"]) stack.push_back(answer["item"]);
      }
    }
  }
}

std::size_t decoded_size(std::string const& base64) {
  std::size_t count = 0;
  for (char const c : base64) count += c != '=' && c != ' ' && c != '\n' && c != '\r' ? 1 : 0;
  return count * 3 / 4;
}

std::uint64_t number_of(json::Value value, std::uint64_t otherwise) {
  if (!value) return otherwise;
  auto const number = fhirpath::parse_decimal(value.raw());
  if (!number || number->coefficient < 0) return otherwise;
  auto const whole = fhirpath::round(*number, 0, fhirpath::Rounding::down).coefficient;
  return whole > std::numeric_limits<std::int64_t>::max() ? otherwise
                                                          : static_cast<std::uint64_t>(whole);
}

/// `https://host/Chicken/1`: of the form of a resource's URL, but with no type of R4.
bool names_no_type(std::string_view url) {
  if (!url.starts_with("http") || fhir::parse_reference(url).type != 0) return false;
  auto const parts = split(url, '/');
  constexpr std::size_t kHost = 3;  // scheme, nothing, host
  if (parts.size() < kHost + 2) return false;
  auto const name = parts[parts.size() - 2];
  return !name.empty() && is_ascii_upper(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_ascii_alpha(c); });
}

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

AnswerChecker::AnswerChecker(json::Value questionnaire, Node const& response, Help help)
    : questionnaire_(questionnaire), response_(response), help_(std::move(help)) {
  auto const status = response.value["status"].text();
  is_finished_ = status == "completed" || status == "amended";
  for_each_item(response.value["item"], [&](json::Value item) {
    auto& list = given_[item["linkId"].text()];
    for (auto const answer : item["answer"].elements()) {
      if (auto const value = value_of(answer, "value")) list.push_back(value);
    }
  });
  for_each_item(questionnaire["item"],
                [&](json::Value item) { known_.insert(item["linkId"].text()); });
}

void AnswerChecker::run() { check_level(questionnaire_["item"], response_); }

// The recursion of these is as deep as the response is nested, which the parser limits.

void AnswerChecker::check_level(json::Value questions, Node const& parent) {
  std::unordered_map<std::string, std::vector<Node>> items;
  for (auto& item : help_.children(parent, "item")) {
    items[item.value["linkId"].text()].push_back(item);
  }
  for (auto const question : questions.elements()) {
    auto const own = items.extract(question["linkId"].text());
    check_question(question, own ? own.mapped() : std::vector<Node>(), parent);
  }
  for (auto const& [id, unknown] : items) {
    for (auto const& item : unknown) {
      fault(known_.contains(id) ? "the questionnaire has this item at another place"
                                : "the questionnaire has no item with this linkId",
            item);
    }
  }
}

void AnswerChecker::check_question(json::Value question, std::vector<Node> const& items,
                                   Node const& parent) {
  auto const type = question["type"].text();
  if (!is_enabled(question)) {
    for (auto const& item : items) {
      if (item.value["answer"] || item.value["item"]) {
        fault("an item that is not enabled has answers", item);
      }
    }
    return;
  }
  bool const is_repeated_group = type == "group" && question["repeats"].boolean();
  if (items.size() > 1 && !is_repeated_group) {
    fault("an item may stand here once", items[1]);
  }
  bool const is_needed = question["required"].boolean() && type != "display";
  if (items.empty() && is_needed) {
    help_.report(is_finished_ ? Severity::error : Severity::warning,
                 "no answer to required item " + question["linkId"].text(), parent);
  }
  for (auto const& item : items) check_item(question, item);
}

void AnswerChecker::check_item(json::Value question, Node const& item) {
  auto const type = question["type"].text();
  auto const severity = is_finished_ ? Severity::error : Severity::warning;
  if (type == "group") {
    if (item.value["answer"]) fault("a group has no answers of its own", item);
    if (question["required"].boolean() && !item.value["item"]) {
      help_.report(severity, "a required group is empty", item);
    }
    return check_level(question["item"], item);
  }
  bool const takes_answers = type != "display" && type != "question";
  if (!takes_answers && item.value["answer"]) fault("this type of item has no answers", item);
  if (item.value["item"]) fault("items below a question belong to its answers", item);
  if (!takes_answers) return;
  auto const count = item.value["answer"].size();
  if (question["required"].boolean() && count == 0) {
    help_.report(severity, "no answer to a required item", item);
  }
  if (count < number_of(extension_of(question, "questionnaire-minOccurs"), 0)) {
    help_.report(severity, "fewer answers than the questionnaire asks for", item);
  }
  bool const repeats = question["repeats"].boolean();
  if (count >
      number_of(extension_of(question, "questionnaire-maxOccurs"), repeats ? kNoLimit : 1)) {
    fault("more answers than the questionnaire allows", item);
  }
  check_answers(question, item);
}

void AnswerChecker::check_answers(json::Value question, Node const& item) {
  for (auto const& answer : help_.children(item, "answer")) {
    check_answer(question, answer);
    if (question["item"] || answer.value["item"]) check_level(question["item"], answer);
  }
}

void AnswerChecker::check_answer(json::Value question, Node const& answer) {
  auto const values = help_.children(answer, "value");
  if (values.empty()) return;  // only extensions, such as why there is none
  auto const& value = values.front();
  auto const type = question["type"].text();
  auto const name = fhir::type(value.type).name.view();
  auto const row = std::ranges::find(kTypes, type, &TypeRow::type);
  if (row == kTypes.end()) return;
  bool is_type = std::ranges::find(row->values, name) != row->values.end();
  if (type == "choice" && question["answerOption"]) {
    for (auto const option : question["answerOption"].elements()) {
      is_type = is_type || option["value" + std::string(1, static_cast<char>(name[0] & ~0x20)) +
                                  std::string(name.substr(1))];
    }
  }
  bool const is_open_question = type == "choice" && name == "string" && !question["answerOption"] &&
                                !question["answerValueSet"];
  if (!is_type && is_open_question) {
    return help_.report(Severity::information, "there are no options to compare the text to",
                        value);
  }
  if (!is_type) return fault("the answer may not be of type " + std::string(name), value);
  check_options(question, value);
  check_limits(question, value);
  if (value.value.is_string()) check_length(question, value);
  if (type == "attachment") check_attachment(question, value);
  if (type == "quantity") check_quantity(question, value);
  if (type == "reference") check_target(question, value);
}

void AnswerChecker::check_options(json::Value question, Node const& value) {
  bool const is_open = question["type"].text() == "open-choice" && value.value.is_string();
  if (is_open) return;
  if (auto const options = question["answerOption"]) {
    auto const list = options.elements();
    bool const is_one = std::any_of(list.begin(), list.end(), [&](json::Value option) {
      return is_same_answer(value_of(option, "value"), value.value);
    });
    if (!is_one) fault("the answer is none of the options", value);
  }
  auto set = question["answerValueSet"].text();
  if (set.empty() || set.starts_with('#')) return;
  bool const is_coding = value.value.is_object();
  auto const system = value.value["system"].text();
  auto const code = is_coding ? value.value["code"].text() : value.value.text();
  if (help_.membership(set, {system, code, is_coding}) == Membership::no) {
    fault("the answer is not in value set " + set, value);
  }
}

void AnswerChecker::check_limits(json::Value question, Node const& value) {
  auto const beyond = [&](std::string_view name, int wrong) {
    auto const limit = extension_of(question, name);
    return limit && help_.compare(value.value, limit).value_or(0) == wrong;
  };
  if (beyond("minValue", -1)) fault("the answer is below the least one allowed", value);
  if (beyond("maxValue", 1)) fault("the answer is above the greatest one allowed", value);
}

void AnswerChecker::check_length(json::Value question, Node const& value) {
  auto const text = value.value.text();
  auto const count = characters_in(text);
  if (count > number_of(question["maxLength"], kNoLimit)) fault("the answer is too long", value);
  if (count < number_of(extension_of(question, "minLength"), 0)) {
    fault("the answer is too short", value);
  }
  if (auto const regex = extension_of(question, "regex")) {
    auto const pattern = fhirpath::Pattern::compile(regex.text());
    if (pattern && !(*pattern)->is_whole(text)) fault("the answer is of another form", value);
  }
}

void AnswerChecker::check_attachment(json::Value question, Node const& value) {
  auto const data = value.value["data"];
  auto const size = data ? decoded_size(data.text()) : number_of(value.value["size"], 0);
  if (size > number_of(extension_of(question, "maxSize"), kNoLimit)) {
    fault("the attachment is too large", value);
  }
  auto const type = extension_of(question, "mimeType");
  if (type && type.text() != value.value["contentType"].text()) {
    fault("the attachment is of another type", value);
  }
}

void AnswerChecker::check_quantity(json::Value question, Node const& value) {
  struct {
    std::string_view name;
    int wrong;
  } const limits[] = {{"sdc-questionnaire-minQuantity", -1}, {"sdc-questionnaire-maxQuantity", 1}};
  for (auto const& row : limits) {
    auto const limit = extension_of(question, row.name);
    if (!limit) continue;
    auto const order = help_.compare(value.value, limit);
    if (!order) fault("the answer cannot be compared to the limit", value);
    if (order == row.wrong) fault("the answer is beyond the limit", value);
  }
  if (auto const set = extension_of(question, "questionnaire-unitValueSet")) {
    auto const system = value.value["system"].text();
    auto const code = value.value["code"].text();
    if (help_.membership(set.text(), {system, code, true}) == Membership::no) {
      fault("the unit is not in value set " + set.text(), value);
    }
  }
}

void AnswerChecker::check_target(json::Value question, Node const& value) {
  auto const reference = value.value["reference"].text();
  if (reference.empty() || reference.starts_with('#')) return;
  auto const parsed = fhir::parse_reference(reference);
  if (reference.find(' ') != reference.npos) return fault("not a URL", value);
  if (names_no_type(reference)) return fault("the URL names no type of resource", value);
  std::vector<std::string> allowed;
  for (auto const extension : question["extension"].elements()) {
    if (extension["url"].text().ends_with("/questionnaire-referenceResource")) {
      allowed.push_back(extension["valueCode"].text());
    }
  }
  if (allowed.empty() || reference.starts_with("urn:")) return;
  if (parsed.type == 0 ||
      std::ranges::find(allowed, fhir::type(parsed.type).name.view()) == allowed.end()) {
    fault("the answer refers to another type than the questionnaire allows", value);
  }
}

bool AnswerChecker::is_enabled(json::Value question) const {
  auto const conditions = question["enableWhen"].elements();
  if (conditions.empty()) return true;
  auto const test = [this](json::Value condition) { return holds(condition); };
  if (question["enableBehavior"].text() == "all") {
    return std::all_of(conditions.begin(), conditions.end(), test);
  }
  return std::any_of(conditions.begin(), conditions.end(), test);
}

/// Source: FHIR R4 valueset-questionnaire-enable-operator.
bool AnswerChecker::holds(json::Value condition) const {
  auto const found = given_.find(condition["question"].text());
  auto const answers = found == given_.end() ? std::vector<json::Value>() : found->second;
  auto const wanted = value_of(condition, "answer");
  auto const op = condition["operator"].text();
  if (op == "exists") return answers.empty() != wanted.boolean();
  if (op == "!=") {
    return std::ranges::none_of(answers, [&](auto one) { return is_same_answer(one, wanted); });
  }
  return std::ranges::any_of(answers, [&](json::Value answer) {
    if (op == "=") return is_same_answer(answer, wanted);
    auto const order = help_.compare(answer, wanted);
    if (!order) return false;
    return op == ">" ? *order > 0 : op == "<" ? *order < 0 : op == ">=" ? *order >= 0 : *order <= 0;
  });
}

}  // namespace sinew::validate
