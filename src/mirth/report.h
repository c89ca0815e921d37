#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sinew::mirth {

/// What became of a piece of an export.
enum class Verdict : std::uint8_t {
  converted,  ///< means what it meant
  differs,    ///< converted; it does not mean quite the same, and `why` says how
  by_hand,    ///< a person has to do it
  left_out,   ///< nothing is to be done: there is no such thing here, and none is missed
};
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// One line of the report.
struct Entry {
  std::string channel;  ///< as Mirth names it; empty: of the whole server
  std::string part;     ///< "source", "destination Billing", "filter of destination Billing"
  std::string what;     ///< "rule 2 \"Only A01\" (Rule Builder)", "queue"
  Verdict verdict = Verdict::converted;
  std::string why;
  std::size_t line = 0;  ///< of the script; 0: none
};

struct Report {
  std::vector<Entry> entries;
  std::map<std::string, std::string> variables;  ///< of the environment, and what each stands for
  std::map<std::string, std::string> channels;   ///< Mirth's name → file
  std::set<std::string> versions;

  void add(Entry entry) { entries.push_back(std::move(entry)); }
  [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// For a person: what is to be done first, then channel by channel.
[[nodiscard]] std::string to_markdown(Report const& report);
[[nodiscard]] std::string to_json(Report const& report);

}  // namespace sinew::mirth
