#include "mirth/report.h"

#include <algorithm>
#include <array>

#include "json/write.h"

namespace sinew::mirth {
namespace {

struct VerdictRow {
  Verdict verdict;
  std::string_view name;
  std::string_view title;
};
constexpr auto kVerdicts = std::to_array<VerdictRow>({
    {Verdict::converted, "converted", "converted"},
    {Verdict::differs, "differs", "converted, with a difference of meaning"},
    {Verdict::by_hand, "by-hand", "for a person to do"},
    {Verdict::left_out, "left-out", "left out: nothing is to be done"},
});

/// Of a text from an export: on one line, and no table breaks.
std::string cell(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '|') {
      out += "\\|";
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string where(Entry const& entry) {
  return entry.line == 0 ? entry.what : entry.what + ", line " + std::to_string(entry.line);
}

void list(std::string& out, Report const& report, Verdict verdict) {
  for (auto const& row : kVerdicts) {
    if (row.verdict != verdict || report.count(verdict) == 0) continue;
    out += "\n## What is " + std::string(row.title) + "\n";
  }
  std::string channel = "\x01";
  for (auto const& entry : report.entries) {
    if (entry.verdict != verdict) continue;
    if (entry.channel != channel) {
      channel = entry.channel;
      out += "\n### " + (channel.empty() ? std::string("The server") : cell(channel)) + "\n";
    }
    out += "- " + cell(entry.part) + (entry.part.empty() ? "" : ": ") + cell(where(entry));
    if (!entry.why.empty()) out += " — " + cell(entry.why);
    out += '\n';
  }
}

void summary(std::string& out, Report const& report) {
  out += "| channel | file | converted | differs | by hand |\n|---|---|---|---|---|\n";
  for (auto const& [channel, file] : report.channels) {
    std::array<std::size_t, kVerdicts.size()> counts{};
    for (auto const& entry : report.entries)
      if (entry.channel == channel) ++counts[static_cast<std::size_t>(entry.verdict)];
    out += "| " + cell(channel) + " | " + cell(file);
    for (std::size_t i = 0; i < 3; ++i) out += " | " + std::to_string(counts[i]);
    out += " |\n";
  }
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  return kVerdicts[static_cast<std::size_t>(verdict)].name;
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(entries, verdict, &Entry::verdict));
}

std::string to_markdown(Report const& report) {
  std::string out = "# Import from Mirth\n\n";
  for (auto const& row : kVerdicts)
    out += "- " + std::to_string(report.count(row.verdict)) + " " + std::string(row.title) + "\n";
  out += '\n';
  summary(out, report);
  if (!report.variables.empty()) {
    out +=
        "\n## Variables to set\nWhat stands for a password, a key or a variable of Mirth is no "
        "part of the files. `sinew channel check` and `sinew serve` need these in their "
        "environment.\n\n| variable | stands for |\n|---|---|\n";
    for (auto const& [name, what] : report.variables)
      out += "| `" + name + "` | " + cell(what) + " |\n";
  }
  list(out, report, Verdict::by_hand);
  list(out, report, Verdict::differs);
  list(out, report, Verdict::converted);
  list(out, report, Verdict::left_out);
  return out;
}

std::string to_json(Report const& report) {
  std::string out;
  json::Writer writer(out, json::Writer::Style::pretty);
  writer.begin_object();
  writer.key("counts");
  writer.begin_object();
  for (auto const& row : kVerdicts) {
    writer.key(row.name);
    writer.integer(static_cast<std::int64_t>(report.count(row.verdict)));
  }
  writer.end_object();
  writer.key("channels");
  writer.begin_object();
  for (auto const& [channel, file] : report.channels) writer.member(channel, file);
  writer.end_object();
  writer.key("variables");
  writer.begin_object();
  for (auto const& [name, what] : report.variables) writer.member(name, what);
  writer.end_object();
  writer.key("entries");
  writer.begin_array();
  for (auto const& entry : report.entries) {
    writer.begin_object();
    writer.member("channel", entry.channel);
    writer.member("part", entry.part);
    writer.member("what", entry.what);
    if (entry.line != 0) {
      writer.key("line");
      writer.integer(static_cast<std::int64_t>(entry.line));
    }
    writer.member("verdict", to_string(entry.verdict));
    if (!entry.why.empty()) writer.member("why", entry.why);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out + "\n";
}

}  // namespace sinew::mirth
