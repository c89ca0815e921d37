#pragma once

#include "validate/walker.h"

namespace sinew::validate {

/// Checks the answers of a QuestionnaireResponse against the Questionnaire it names: link ids,
/// nesting, types, options, limits, and which items are enabled.
/// Source: FHIR R4 questionnaireresponse.html#notes, questionnaire.html#enableWhen.
class AnswerChecker {
 public:
  /// What the walker does for it.
  struct Help {
    std::function<std::vector<Node>(Node const&, std::string_view name)> children;
    std::function<void(Severity, std::string text, Node const&)> report;
    std::function<Membership(std::string_view value_set, Code const&)> membership;
    std::function<std::optional<int>(json::Value, json::Value)> compare;
  };
  AnswerChecker(json::Value questionnaire, Node const& response, Help help);
  void run();

 private:
  void check_level(json::Value questions, Node const& parent);
  void check_question(json::Value question, std::vector<Node> const& items, Node const& parent);
  void check_item(json::Value question, Node const& item);
  void check_answers(json::Value question, Node const& item);
  void check_answer(json::Value question, Node const& answer);
  void check_options(json::Value question, Node const& value);
  void check_limits(json::Value question, Node const& value);
  void check_length(json::Value question, Node const& value);
  void check_attachment(json::Value question, Node const& value);
  void check_quantity(json::Value question, Node const& value);
  void check_target(json::Value question, Node const& value);
  [[nodiscard]] bool is_enabled(json::Value question) const;
  [[nodiscard]] bool holds(json::Value condition) const;
  void fault(std::string text, Node const& node) { help_.report(Severity::error, text, node); }

  json::Value questionnaire_;
  Node const& response_;
  Help help_;
  bool is_finished_;  ///< what is required has to be there
  std::unordered_map<std::string, std::vector<json::Value>> given_;  ///< answers by link id
  std::unordered_set<std::string> known_;  ///< link ids of the questionnaire
};

}  // namespace sinew::validate
