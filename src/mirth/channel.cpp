#include "mirth/channel.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mirth/js/code.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

/// Scripts of a channel that run outside of its messages.
struct ScriptRow {
  std::string_view element;
  std::string_view name;
  std::string_view nothing;  ///< what the script returns when nobody changed it
  std::string_view why;
};
constexpr auto kScripts = std::to_array<ScriptRow>({
    {"preprocessingScript", "preprocessor", "returnmessage;",
     "it changes the text before it is parsed; here a message is kept as it came: let a step of "
     "the "
     "transform do it"},
    {"postprocessingScript", "postprocessor", "return;",
     "it runs when all destinations are done; here each destination is on its own"},
    {"deployScript", "deploy script", "return;", "nothing runs when a channel comes into force"},
    {"undeployScript", "undeploy script", "return;", "nothing runs when a channel goes"},
    {"shutdownScript", "shutdown script", "return;", "nothing runs when a channel goes"},
});

/// A script without comments and white space.
std::string bare(std::string_view script) {
  auto const code = js::Code::read(script);
  std::string out;
  for (std::size_t i = 0; code && i < code->size(); ++i) out += code->text(i);
  return out;
}

/// Conditions as a step: of the message as the steps before it left it.
std::string only_if(std::vector<std::string> const& conditions) {
  std::string all;
  for (auto const& each : conditions) all += (all.empty() ? "" : ", ") + each;
  return "only-if: [" + all + "]";
}

/// Whether a filter or transformer does something.
bool has_elements(Item const& item) {
  return !item["elements"].items().empty() || !item["rules"].items().empty() ||
         !item["steps"].items().empty();
}

/// Whether any filter or transformer of the channel does something.
bool has_logic(Item const& channel) {
  auto const acts = [](Item const& connector) {
    return has_elements(connector["filter"]) || has_elements(connector["transformer"]);
  };
  return acts(channel["sourceConnector"]) ||
         std::ranges::any_of(channel["destinationConnectors"].items(), acts);
}

std::string inbound_of(Item const& transformer) {
  auto const inbound = transformer.trimmed("inboundDataType");
  return inbound.empty() ? transformer.trimmed("inboundProtocol") : inbound;
}

/// Whether its messages are none that channels take: its file is a draft.
bool is_draft(Item const& channel) {
  auto const inbound = inbound_of(channel["sourceConnector"]["transformer"]);
  return !inbound.empty() && inbound != "HL7V2" && (inbound != "RAW" || has_logic(channel));
}

bool is_disabled(Item const& channel) {
  auto const enabled = channel["exportData"]["metadata"]["enabled"];
  return (enabled.exists() && trim(enabled.text()) == "false") ||
         trim(channel.text("enabled")) == "false";
}

class ChannelWriter {
 public:
  ChannelWriter(Item channel, std::string name, Kinds const& kinds,
                std::vector<Library> const& libraries, Shared& shared)
      : channel_(channel),
        name_(std::move(name)),
        kinds_(kinds),
        libraries_(libraries),
        shared_(shared),
        title_(channel.trimmed("name")) {}
  void run();

 private:
  void head();
  void source();
  void destinations();
  void destination(Item const& connector);
  void scripts();
  void properties();
  void data_types(Item const& transformer, Part const& part, std::string const& before);
  void response(Item const& connector, Part const& part);
  void write_accept(int depth, std::vector<std::string> const& conditions);
  void write_transform(int depth, std::vector<std::string> const& steps);
  /// Adds the steps of a filter or transformer, and keeps its script as a file.
  void add_logic(std::vector<std::string>& steps, Logic const& logic, std::string const& file);
  [[nodiscard]] std::string script_step(std::string const& file, std::string const& script,
                                        bool needs_e4x) const;
  [[nodiscard]] Part part(std::string name) const { return {shared_, title_, std::move(name)}; }
  [[nodiscard]] std::string script_file(std::string const& what) const {
    return "scripts/" + name_ + "-" + what + ".js";
  }

  Item channel_;
  std::string name_;
  Kinds const& kinds_;
  std::vector<Library> const& libraries_;
  Shared& shared_;
  std::string title_;
  Yaml yaml_;
  Logic source_;
  bool uses_destination_set_ = false;
  bool has_source_steps_ = false;
  std::vector<std::int64_t> numbers_;  ///< of the destinations
};

void ChannelWriter::head() {
  yaml_.comment(0, "From Mirth: " + title_ + " (" + channel_.trimmed("id") + "), revision " +
                       channel_.trimmed("revision") + ", Mirth " + channel_.attribute("version"));
  if (auto const text = channel_.trimmed("description"); !text.empty()) yaml_.comment(0, text);
  yaml_.pair(0, "channel", scalar(name_));
}

/// Only HL7 v2 comes in by channels; it leaves as HL7 v2 unless a format is said.
void ChannelWriter::data_types(Item const& transformer, Part const& part,
                               std::string const& before) {
  auto const inbound = inbound_of(transformer);
  auto outbound = transformer.trimmed("outboundDataType");
  if (outbound.empty()) outbound = transformer.trimmed("outboundProtocol");
  bool const is_foreign = before.empty() && !inbound.empty() && inbound != "HL7V2";
  if (is_foreign && !is_draft(channel_)) {
    part.differs("data type RAW", "any text passes in Mirth; here messages are HL7 v2");
  } else if (is_foreign) {
    part.by_hand("data type " + inbound,
                 "the messages of a channel are HL7 v2: this file is a draft");
  }
  if (outbound.empty() || outbound == inbound || outbound == "HL7V2" || is_foreign) return;
  part.by_hand(
      "data type " + outbound,
      "the message leaves as HL7 v2 where no 'format' is said; what the scripts made of it "
      "in Mirth has to be made by a format");
}

std::string ChannelWriter::script_step(std::string const& file, std::string const& script,
                                       bool needs_e4x) const {
  std::vector<std::string> used;
  auto const id = channel_.trimmed("id");
  for (auto const& library : libraries_) {
    bool const is_used =
        library.channels.contains(id) || (library.is_for_new && !library.not_channels.contains(id));
    bool const is_called =
        library.functions.empty() ||
        std::ranges::any_of(library.functions, [&script](std::string const& function) {
          return script.find(function) != std::string::npos;
        });
    if (!is_used || !is_called) continue;
    needs_e4x = needs_e4x || library.needs_e4x;
    used.push_back(library.file);
  }
  if (needs_e4x) used.emplace(used.begin(), kE4xFile);
  if (used.empty()) return "script: " + scalar(file);
  return "script: " + flow(Settings{{"file", scalar(file)}, {"library", flow(used)}});
}

void ChannelWriter::add_logic(std::vector<std::string>& steps, Logic const& logic,
                              std::string const& file) {
  for (auto const& step : logic.steps) steps.push_back(step);
  if (logic.script.empty()) return;
  shared_.files[file] = logic.script;
  shared_.needs_e4x = shared_.needs_e4x || logic.needs_e4x;
  steps.push_back(script_step(file, logic.script, logic.needs_e4x));
}

void ChannelWriter::write_accept(int depth, std::vector<std::string> const& conditions) {
  if (conditions.empty()) return;
  yaml_.line(depth, "accept:");
  for (auto const& each : conditions) yaml_.line(depth + 1, "- " + each);
}

void ChannelWriter::write_transform(int depth, std::vector<std::string> const& steps) {
  if (steps.empty()) return;
  yaml_.line(depth, "transform:");
  for (auto const& each : steps) yaml_.line(depth + 1, "- " + each);
}

void ChannelWriter::source() {
  auto const connector = channel_["sourceConnector"];
  auto const from = part("source");
  auto const section = convert_source(connector, from);
  bool const is_known = kinds_.sources.contains(section.kind);
  if (!section.kind.empty() && is_known && !section.is_draft) {
    yaml_.line(0, "source:");
    write_section(yaml_, 1, section);
    from.converted("connector (" + transport_of(connector) + ")");
  } else if (!section.kind.empty()) {
    from.by_hand("connector (" + transport_of(connector) + ")",
                 section.is_draft ? "it stands in the file as a comment: complete it"
                                  : "there is no source '" + section.kind +
                                        "' here: it stands in the file as a comment");
    Yaml draft;
    draft.line(0, "source:");
    write_section(draft, 1, section);
    yaml_.comment(0, draft.text());
    yaml_.line(0, "feeds: [" + name_ + "]");
  } else {
    yaml_.line(0, "feeds: [" + name_ + "]");
  }
  auto const transformer = connector["transformer"];
  data_types(transformer, from, {});
  if (!trim(transformer.text("outboundTemplate")).empty())
    from.by_hand("outbound template",
                 "there 'tmp' is a message of its own, made from the template; "
                 "here it is the message itself");
  auto const filter =
      convert_filter(connector["filter"], from.with_name("source filter"), script_file("filter"));
  write_accept(0, filter.conditions);
  std::vector<std::string> steps;
  add_logic(steps, filter, script_file("filter"));
  source_ = convert_transformer(transformer, from.with_name("source transformer"),
                                script_file("transform"), numbers_);
  add_logic(steps, source_, script_file("transform"));
  uses_destination_set_ = source_.uses_destination_set || filter.uses_destination_set;
  has_source_steps_ = !steps.empty();
  write_transform(0, steps);
}

void ChannelWriter::response(Item const& connector, Part const& to) {
  auto const transformer = connector["responseTransformer"];
  auto const steps = transformer["elements"].items().size() + transformer["steps"].items().size();
  if (steps != 0)
    to.by_hand("response transformer (" + std::to_string(steps) + " steps)",
               "what is done about an answer is said by 'answers', code by code");
}

void ChannelWriter::destination(Item const& connector) {
  auto const title = connector.trimmed("name");
  auto const name = file_name_of(title);
  auto const to = part("destination " + title);
  auto const number = connector.number("metaDataId", 0);
  if (connector["enabled"].exists() && !connector.is_true("enabled"))
    return to.left_out("destination", "it is disabled");
  MapFields fields;
  collect_fields(channel_["sourceConnector"]["transformer"], fields);
  collect_fields(connector["transformer"], fields);
  auto const section = convert_target(connector, to, fields);
  auto const policies = convert_policies(connector, to);
  bool const is_known = kinds_.targets.contains(section.kind);
  auto const filter = convert_filter(connector["filter"], to.with_name("filter of " + to.name()),
                                     script_file(name + "-filter"));
  auto const transformer =
      convert_transformer(connector["transformer"], to.with_name("transformer of " + to.name()),
                          script_file(name + "-transform"), {});
  data_types(connector["transformer"], to,
             channel_["sourceConnector"]["transformer"].trimmed("outboundDataType"));
  response(connector, to);
  if (section.kind.empty()) return;
  Yaml whole;
  std::swap(whole, yaml_);
  yaml_.line(1, "- name: " + scalar(name));
  auto conditions = filter.conditions;
  if (auto const found = source_.removals.find(number); found != source_.removals.end())
    conditions.insert(conditions.end(), found->second.begin(), found->second.end());
  std::vector<std::string> steps;
  // 'accept' sees the message as it came in; in Mirth the source's transformer was there before.
  if (!conditions.empty() && has_source_steps_) {
    steps.push_back(only_if(conditions));
  } else {
    write_accept(2, conditions);
  }
  if (uses_destination_set_) {
    auto const file = script_file(name + "-kept");
    Logic kept;
    kept.needs_e4x = true;
    kept.script = "return e4x.keeps(" + js_string(title) + ", " + std::to_string(number) + ");\n";
    add_logic(steps, kept, file);
  }
  add_logic(steps, filter, script_file(name + "-filter"));
  add_logic(steps, transformer, script_file(name + "-transform"));
  write_transform(2, steps);
  write_section(yaml_, 2, section);
  for (auto const& [key, value] : policies) yaml_.pair(2, key, value);
  std::swap(whole, yaml_);
  if (is_known && !section.is_draft) {
    yaml_.block(0, whole.text());
    return to.converted("connector (" + transport_of(connector) + ")");
  }
  to.by_hand("connector (" + transport_of(connector) + ")",
             section.is_draft ? "it stands in the file as a comment: complete it"
                              : "there is no target '" + section.kind +
                                    "' here: it stands in the file as a comment");
  yaml_.comment(0, whole.text());
}

void ChannelWriter::destinations() {
  auto connectors = channel_["destinationConnectors"].items();
  Yaml head;
  std::swap(head, yaml_);
  for (auto const& connector : connectors) destination(connector);
  std::swap(head, yaml_);
  bool const has_any = head.text().find("\n  - name: ") != std::string::npos ||
                       head.text().starts_with("  - name: ");
  yaml_.line(0, has_any ? "destinations:" : "destinations: []");
  yaml_.block(0, head.text());
}

void ChannelWriter::scripts() {
  for (auto const& row : kScripts) {
    auto const script = channel_.text(row.element);
    auto const what = bare(script);
    if (what.empty() || what == row.nothing || what == "return;") continue;
    std::string file = "by-hand/" + name_ + "-" + std::string(row.name) + ".js";
    std::ranges::replace(file, ' ', '-');
    shared_.files[file] = script + (script.ends_with('\n') ? "" : "\n");
    part(std::string(row.name)).by_hand(file, std::string(row.why));
  }
}

void ChannelWriter::properties() {
  auto const all = channel_["properties"];
  auto const of = part("properties");
  auto const mode = all.trimmed("messageStorageMode");
  if (mode == "METADATA" || mode == "DISABLED")
    of.differs("message storage " + mode, "every message is kept, once and as it came");
  if (all.is_true("removeContentOnCompletion") || all.is_true("removeOnlyFilteredOnCompletion"))
    of.differs("content removed when done", "every message is kept, once and as it came");
  if (all.is_true("encryptData"))
    of.by_hand("encrypted content", "encrypt the disk that the store is on");
  auto const pruning = channel_["exportData"]["metadata"]["pruningSettings"];
  for (auto const* key : {"pruneMetaDataDays", "pruneContentDays"})
    if (pruning.number(key, 0) > 0)
      of.by_hand("pruning after " + pruning.trimmed(key) + " days",
                 "how long messages are kept is a "
                 "setting of the server");
  auto const attachments = all["attachmentProperties"].trimmed("type");
  if (!attachments.empty() && attachments != "None")
    of.by_hand("attachment handler " + attachments, "the whole message is kept once, as it came");
  for (auto const& column : all["metaDataColumns"].items()) {
    auto const mapping = column.trimmed("mappingName");
    if (mapping == "mirth_source" || mapping == "mirth_type" || mapping == "mirth_version")
      continue;
    of.by_hand(
        "metadata column " + column.trimmed("name"),
        "messages are found by control id, patient, visit, order and more, not by own columns");
  }
  if (auto const state = all.trimmed("initialState"); state == "STOPPED" || state == "PAUSED")
    of.by_hand("initial state " + state, "a channel runs when its file is in the folder");
  auto const data = channel_["exportData"];
  for (auto const* key : {"dependencyIds", "dependentIds"})
    for (auto const& id : data.texts(key))
      of.left_out("dependency on channel " + id,
                  "channels start together; what waits, waits on disk");
}

void ChannelWriter::run() {
  for (auto const& connector : channel_["destinationConnectors"].items())
    numbers_.push_back(connector.number("metaDataId", 0));
  head();
  source();
  destinations();
  scripts();
  properties();
  std::string file = name_ + ".yaml";
  if (is_draft(channel_)) {
    file += ".draft";
  } else if (is_disabled(channel_)) {
    file += ".disabled";
    part("properties").differs("disabled", "the file is there under a name that is not read");
  }
  shared_.files[file] = yaml_.text();
  shared_.report.channels[title_] = file;
}

}  // namespace

Road road_to(Item const& channel, std::string const& name) {
  bool const is_read = !is_draft(channel) && !is_disabled(channel);
  return {name,
          is_read && channel["sourceConnector"]["properties"].kind() == "VmReceiverProperties"};
}

void convert_channel(Item const& channel, std::string const& name, Kinds const& kinds,
                     std::vector<Library> const& libraries, Shared& shared) {
  ChannelWriter(channel, name, kinds, libraries, shared).run();
}

}  // namespace sinew::mirth
