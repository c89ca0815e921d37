#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "app/channel_fhir.h"
#include "app/commands.h"
#include "app/console.h"
#include "app/mapper.h"
#include "app/messages.h"
#include "base/file.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/difference.h"
#include "engine/delivery/transform.h"
#include "json/write.h"

namespace sinew::app {
namespace {

constexpr std::string_view kSampleEnding = ".hl7";
constexpr std::string_view kExpectedEnding = ".expected";

/// What one destination does with a message.
struct Fate {
  std::string destination;  ///< without its channel
  std::optional<std::string> bytes;
  std::string reason;  ///< why nothing leaves
  bool is_failure = false;
  std::vector<std::string> notes;
};

/// The tables of every feed: those built in, compiled when a destination first asks for FHIR.
TablesOf built_in_tables() {
  auto const program = std::make_shared<std::shared_ptr<mapping::Program const>>();
  return [program](std::string_view) {
    MapSettings const settings;
    if (!*program) {
      if (auto compiled = compile_tables(settings)) *program = *std::move(compiled);
    }
    auto feed = make_feed(settings);
    return FeedTables{feed ? *std::move(feed) : mapping::Feed(), *program};
  };
}

/// What becomes of a message in one channel, as the server would do it.
Result<std::vector<Fate>> fates_of(engine::Channel const& channel, engine::Original const& original,
                                   engine::ToFhir const& to_fhir) {
  auto const message = TRY(hl7v2::parse_message(original.bytes));
  bool const is_accepted = engine::holds(channel.accept, message);
  std::vector<Fate> fates;
  for (auto const& destination : channel.destinations) {
    Fate fate;
    fate.destination = destination.name.substr(channel.name.size() + 1);
    if (!is_accepted || !engine::holds(destination.accept, message)) {
      fate.reason =
          is_accepted ? "the destination does not accept it" : "the channel does not accept it";
    } else if (!destination.transform) {
      fate.bytes = std::string(original.bytes);
    } else if (auto out = destination.transform->run(original, to_fhir); !out) {
      fate.reason = to_string(out.error());
      fate.is_failure = true;
    } else {
      fate.notes = std::move(out->notes);
      if (out->passes) fate.bytes = std::move(out->bytes);
      if (!out->passes) fate.reason = "filtered: " + out->filtered_by;
    }
    fates.push_back(std::move(fate));
  }
  return fates;
}

std::string feed_of(engine::Channel const& channel) {
  return channel.feeds.empty() ? channel.name : channel.feeds.front();
}

// ------------------------------------------------------------------------------------------- test

/// One destination and one sample.
struct Verdict {
  std::string sample, destination;
  std::string problem;  ///< empty: as expected
  std::vector<engine::Difference> differences;
};

struct Tally {
  std::vector<Verdict> verdicts;
  std::size_t written = 0;
};

/// Holds what a destination gets against its file, or writes the file.
Result<Verdict> judge(ChannelTestSettings const& settings, std::string const& stem,
                      Fate const& fate, Tally& tally) {
  auto const path = stem + '.' + fate.destination + std::string(kExpectedEnding);
  Verdict verdict{stem + std::string(kSampleEnding), fate.destination, {}, {}};
  if (fate.is_failure) {
    verdict.problem = "it would be held: " + fate.reason;
    return verdict;
  }
  std::error_code error;
  bool const is_expected = std::filesystem::exists(path, error);
  auto const expected = is_expected ? TRY(read_file(path)) : std::string();
  bool const is_same = is_expected == fate.bytes.has_value() && expected == fate.bytes.value_or("");
  if (is_same) return verdict;
  if (settings.update) {
    ++tally.written;
    if (fate.bytes) TRY(write_file(path, *fate.bytes));
    if (!fate.bytes) std::filesystem::remove(path, error);
    return verdict;
  }
  if (!fate.bytes) {
    verdict.problem = "it does not leave any more: " + fate.reason;
  } else if (!is_expected) {
    verdict.problem = "there is no " + path + "; --update writes it";
  } else {
    verdict.problem = "it is not as expected";
    verdict.differences = engine::find_differences(expected, *fate.bytes);
  }
  return verdict;
}

Result<> test_sample(ChannelTestSettings const& settings, engine::Channel const& channel,
                     std::string const& path, Instant received, engine::ToFhir const& to_fhir,
                     Tally& tally) {
  auto const bytes = TRY(read_file(path));
  auto const feed = feed_of(channel);
  auto const stem = path.substr(0, path.size() - kSampleEnding.size());
  for (auto const& fate : TRY(fates_of(channel, {bytes, feed, received}, to_fhir)))
    tally.verdicts.push_back(TRY(judge(settings, stem, fate, tally)));
  return {};
}

Result<Tally> run_tests(ChannelTestSettings const& settings) {
  auto const channels = TRY(engine::read_channels(settings.folder));
  auto const received = TRY(parse_instant(settings.received));
  auto const to_fhir = to_fhir_by(built_in_tables());
  Tally tally;
  for (auto const& channel : channels) {
    if (!settings.channel.empty() && settings.channel != channel.name) continue;
    auto const folder = settings.folder + '/' + std::string(engine::kTestFolder) + channel.name;
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) continue;
    for (auto const& name : TRY(list_files(folder))) {
      if (!name.ends_with(kSampleEnding)) continue;
      TRY(test_sample(settings, channel, folder + '/' + name, received, to_fhir, tally));
    }
  }
  return tally;
}

/// HL7 v2 on one line of a terminal.
std::string shown(std::string_view text) {
  std::string out;
  for (char const c : text.substr(0, 200)) out += c == '\r' || c == '\n' ? ' ' : c;
  return out;
}

void print_verdicts(Tally const& tally, std::size_t failed) {
  for (auto const& verdict : tally.verdicts) {
    if (verdict.problem.empty()) continue;
    print(fmt::format("{} -> {}: {}\n", verdict.sample, verdict.destination, verdict.problem));
    for (auto const& each : verdict.differences)
      print(fmt::format("  {}\n    - {}\n    + {}\n", each.place, shown(each.before),
                        shown(each.after)));
  }
  if (tally.written > 0) print(fmt::format("{} files written\n", tally.written));
  print(fmt::format("{} passed, {} failed\n", tally.verdicts.size() - failed, failed));
}

void print_verdicts_json(Tally const& tally, std::size_t failed) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.key("passed"), writer.integer(static_cast<std::int64_t>(tally.verdicts.size() - failed));
  writer.key("failed"), writer.integer(static_cast<std::int64_t>(failed));
  writer.key("written"), writer.integer(static_cast<std::int64_t>(tally.written));
  writer.key("tests"), writer.begin_array();
  for (auto const& verdict : tally.verdicts) {
    writer.begin_object();
    writer.member("sample", verdict.sample);
    writer.member("destination", verdict.destination);
    writer.key("passed"), writer.boolean(verdict.problem.empty());
    if (!verdict.problem.empty()) writer.member("problem", verdict.problem);
    writer.key("differences"), writer.begin_array();
    for (auto const& each : verdict.differences) {
      writer.begin_object();
      writer.member("place", each.place);
      writer.member("expected", each.before);
      writer.member("got", each.after);
      writer.end_object();
    }
    writer.end_array();
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  print(text + "\n");
}

// -------------------------------------------------------------------------------------------- try

void print_fates(std::string const& channel, std::vector<Fate> const& fates) {
  for (auto const& fate : fates) {
    print(fmt::format("--- {}/{}\n", channel, fate.destination));
    for (auto const& note : fate.notes) print(fmt::format("  ({})\n", note));
    if (!fate.bytes) {
      print(fmt::format("{}{}\n", fate.is_failure ? "held: " : "nothing: ", fate.reason));
      continue;
    }
    auto text = printable(*fate.bytes);
    if (!text.ends_with('\n')) text += '\n';
    print(text);
  }
}

void append_fates(json::Writer& writer, std::string const& channel,
                  std::vector<Fate> const& fates) {
  for (auto const& fate : fates) {
    writer.begin_object();
    writer.member("destination", channel + '/' + fate.destination);
    if (fate.bytes) writer.member("message", *fate.bytes);
    if (!fate.bytes) writer.member(fate.is_failure ? "held" : "nothing", fate.reason);
    writer.key("notes"), writer.begin_array();
    for (auto const& note : fate.notes) writer.string(note);
    writer.end_array();
    writer.end_object();
  }
}

Result<bool> try_message(ChannelTrySettings const& settings) {
  auto const channels = TRY(engine::read_channels(settings.folder));
  auto const received = TRY(parse_instant(settings.received));
  auto const messages = TRY(read_messages({settings.input}));
  auto const to_fhir = to_fhir_by(built_in_tables());
  bool is_well = true, is_known = settings.channel.empty();
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (auto const& channel : channels) {
    if (!settings.channel.empty() && settings.channel != channel.name) continue;
    is_known = true;
    auto const feed = settings.feed.empty() ? feed_of(channel) : settings.feed;
    for (auto const& message : messages) {
      auto const fates = TRY(fates_of(channel, {message, feed, received}, to_fhir));
      is_well = is_well && std::ranges::none_of(fates, &Fate::is_failure);
      if (settings.json) append_fates(writer, channel.name, fates);
      if (!settings.json) print_fates(channel.name, fates);
    }
  }
  writer.end_array();
  if (!is_known) return fail(ErrorCode::not_found, "no such channel", settings.channel);
  if (settings.json) print(text + "\n");
  return is_well;
}

}  // namespace

int channel_test(ChannelTestSettings const& settings) {
  auto const tally = run_tests(settings);
  if (!tally) return complain(tally.error()), kExitFailed;
  auto const failed = static_cast<std::size_t>(std::ranges::count_if(
      tally->verdicts, [](Verdict const& each) { return !each.problem.empty(); }));
  if (settings.json) {
    print_verdicts_json(*tally, failed);
  } else {
    print_verdicts(*tally, failed);
  }
  if (tally->verdicts.empty()) complain("no *.hl7 file in " + settings.folder + "/tests/CHANNEL");
  return failed == 0 ? kExitSuccess : kExitFailed;
}

int channel_try(ChannelTrySettings const& settings) {
  auto const well = try_message(settings);
  if (!well) return complain(well.error()), kExitFailed;
  return *well ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
