#include "engine/delivery/sender.h"

#include <array>

namespace sinew::engine {
namespace {

struct ReactionRow {
  std::string_view code;
  Reaction reaction;
};

/// Who says that there was an error may do better the next time; who rejects will not. A code that
/// nobody expects is for a person.
/// Sources: HL7 table 0008; RFC 9110 §15, RFC 6585 §4, RFC 8470 §5.2.
constexpr auto kUsualReactions = std::to_array<ReactionRow>({
    {"AA", Reaction::done},           {"CA", Reaction::done},      {"AE", Reaction::retry},
    {"CE", Reaction::retry},          {"AR", Reaction::hold},      {"CR", Reaction::hold},
    {"2xx", Reaction::done},          {"408", Reaction::retry},    {"425", Reaction::retry},
    {"429", Reaction::retry},         {"5xx", Reaction::retry},    {"4xx", Reaction::hold},
    {"written", Reaction::done},      {"sent", Reaction::done},    {"stored", Reaction::done},
    {"busy", Reaction::retry},        {"refused", Reaction::hold}, {"none", Reaction::retry},
    {"unreachable", Reaction::retry},
});

/// "503" is of the class "5xx"; others are their own.
std::string class_of(std::string_view code) {
  bool const is_status = code.size() == 3 && code[0] >= '1' && code[0] <= '5';
  return is_status ? std::string(1, code[0]) + "xx" : std::string(code);
}

}  // namespace

Reply no_reply(Error const& error) { return {std::string(kNoReply), to_string(error)}; }

Reply unreachable(Error const& error) { return {std::string(kUnreachable), to_string(error)}; }

Reaction reaction_to(Destination const& destination, Reply const& reply) {
  auto const general = class_of(reply.code);
  for (std::string_view const code : {std::string_view(reply.code), std::string_view(general)}) {
    if (auto const own = destination.answers.find(code); own != destination.answers.end())
      return own->second;
  }
  for (std::string_view const code : {std::string_view(reply.code), std::string_view(general)}) {
    for (auto const& row : kUsualReactions)
      if (row.code == code) return row.reaction;
  }
  return Reaction::hold;
}

}  // namespace sinew::engine
