#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "engine/delivery/channel_read.h"
#include "engine/delivery/transform.h"

// Steps that put something somewhere, or take it away.

namespace sinew::engine {
namespace {

using StepPointer = std::shared_ptr<Step>;

/// What a place is set to.
struct Setting {
  hl7v2::Path path;
  Template value;
};

Result<std::vector<Setting>> read_settings(Node const& node) {
  if (!node.is_map()) return node.wrong("has to be a map of places and texts");
  std::vector<Setting> all;
  for (auto const& [key, value] : node.members()) {
    auto path = hl7v2::parse_path(key);
    if (!path || path->field == 0) return value.wrong("is no field such as PID-3.1");
    if (path->segment == "MSH" && path->field <= 2)
      return value.wrong("is where the delimiters stand, which cannot be edited");
    auto text = Template::parse(TRY(value.text_or({})));
    if (!text) return value.wrong(text.error().what);
    all.push_back({*std::move(path), *std::move(text)});
  }
  return all;
}

class SetStep final : public Step {
 public:
  std::vector<Setting> settings;
  Result<bool> apply(Work& work) const override {
    for (auto const& [path, value] : settings)
      TRY(work.message.set_text(path, value.fill(work.message)));
    return true;
  }
};

class CopyStep final : public Step {
 public:
  hl7v2::Path from, to;
  Result<bool> apply(Work& work) const override {
    auto const found = work.message.find_all(from, 1);
    TRY(work.message.set_raw(to, found.empty() ? std::string() : std::string(found[0].bytes)));
    return true;
  }
};

/// Sets places to fixed bytes: nothing, or HL7's null.
class RawStep final : public Step {
 public:
  std::vector<hl7v2::Path> paths;
  std::string raw;
  Result<bool> apply(Work& work) const override {
    // A part that is not there is not made in order to be empty.
    for (auto const& path : paths)
      if (!raw.empty() || !work.message.find_all(path, 1).empty())
        TRY(work.message.set_raw(path, raw));
    return true;
  }
};

class RemoveStep final : public Step {
 public:
  std::vector<hl7v2::Path> paths;
  Result<bool> apply(Work& work) const override {
    for (auto const& path : paths) TRY(work.message.remove(path));
    return true;
  }
};

class AddStep final : public Step {
 public:
  std::string id, after, before;
  std::vector<Setting> settings;
  Result<bool> apply(Work& work) const override {
    auto& message = work.message;
    auto at = message.segment_count();
    if (!before.empty()) at = std::min(at, message.find_segment(before));
    for (auto i = message.segment_count(); !after.empty() && i > 0; --i) {
      if (!equals_ignoring_case(message.segment_id(i - 1), after)) continue;
      at = i;
      break;
    }
    // Filled before it is there: a place of the same id means the segments of before.
    std::vector<std::string> values;
    for (auto const& setting : settings) values.push_back(setting.value.fill(message));
    TRY(message.insert_segment(at, id));
    for (std::size_t i = 0; i < settings.size(); ++i)
      TRY(message.set_raw(at, settings[i].path, TRY(message.raw_of(values[i]))));
    return true;
  }
};

class DropZStep final : public Step {
 public:
  Result<bool> apply(Work& work) const override {
    for (auto i = work.message.segment_count(); i > 0; --i) {
      auto const id = work.message.segment_id(i - 1);
      if (id.front() == 'Z' || id.front() == 'z') TRY(work.message.remove_segment(i - 1));
    }
    return true;
  }
};

class OnlyIfStep final : public Step {
 public:
  std::vector<Condition> conditions;
  Result<bool> apply(Work& work) const override { return holds(conditions, work.message); }
};

class ScriptStep final : public Step {
 public:
  std::shared_ptr<script::Script const> script;
  Result<bool> apply(Work& work) const override { return work.scripts.run(*script); }
  [[nodiscard]] bool is_script() const override { return true; }
};

Result<std::vector<hl7v2::Path>> read_places(Node const& node) {
  std::vector<hl7v2::Path> all;
  if (!node.is_list()) {
    all.push_back(TRY(read_place(node)));
    return all;
  }
  for (auto const& element : node.elements()) all.push_back(TRY(read_place(element)));
  return all;
}

Result<StepPointer> read_raw(Node const& node, std::string raw) {
  auto step = std::make_shared<RawStep>();
  step->paths = TRY(read_places(node));
  for (auto const& path : step->paths)
    if (path.field == 0) return node.wrong("has to name fields; 'remove' is for segments");
  step->raw = std::move(raw);
  return StepPointer(step);
}

bool is_id(std::string const& text) {
  auto const path = hl7v2::parse_path(text);
  return path && text.size() == hl7v2::Message::kSegmentIdBytes && path->segment == text;
}

/// A file of the channels' folder; nothing outside of it is read.
Result<script::Source> read_script_file(Node const& node, ChannelFolder const& folder) {
  auto const name = TRY(node.text());
  std::filesystem::path const relative(name);
  bool const leads_out =
      relative.is_absolute() || relative.lexically_normal().string().starts_with("..");
  if (folder.path.empty() || leads_out) return node.wrong("is no file of the channels' folder");
  auto text = read_file(folder.path + '/' + name);
  if (!text) return node.wrong("cannot be read: " + to_string(text.error()));
  return script::Source{name, *std::move(text), 1};
}

}  // namespace

Result<StepPointer> read_set(Node const& node, ChannelFolder const&) {
  auto step = std::make_shared<SetStep>();
  step->settings = TRY(read_settings(node));
  return StepPointer(step);
}

Result<StepPointer> read_copy(Node const& node, ChannelFolder const&) {
  TRY(node.allow({"from", "to"}));
  auto step = std::make_shared<CopyStep>();
  step->from = TRY(read_place(node["from"]));
  if (step->from.field == 0) return node["from"].wrong("has to name a field");
  step->to = TRY(read_field(node["to"]));
  return StepPointer(step);
}

Result<StepPointer> read_clear(Node const& node, ChannelFolder const&) {
  return read_raw(node, {});
}

Result<StepPointer> read_null(Node const& node, ChannelFolder const&) {
  return read_raw(node, "\"\"");
}

Result<StepPointer> read_remove(Node const& node, ChannelFolder const&) {
  auto step = std::make_shared<RemoveStep>();
  step->paths = TRY(read_places(node));
  for (auto const& path : step->paths)
    if (path.segment == "MSH" && path.field <= 2)
      return node.wrong("may not name MSH, or its delimiters");
  return StepPointer(step);
}

Result<StepPointer> read_add(Node const& node, ChannelFolder const&) {
  TRY(node.allow({"segment", "after", "before", "fields"}));
  auto step = std::make_shared<AddStep>();
  step->id = TRY(node["segment"].text_or({}));
  if (!is_id(step->id) || step->id == "MSH") return node.wrong("needs a 'segment' such as NTE");
  step->after = TRY(node["after"].text_or({}));
  step->before = TRY(node["before"].text_or({}));
  if (!step->after.empty() && !is_id(step->after)) return node["after"].wrong("is no segment");
  if (!step->before.empty() && (!is_id(step->before) || step->before == "MSH"))
    return node["before"].wrong("is no segment that another can stand before");
  if (!step->after.empty() && !step->before.empty())
    return node.wrong("has 'after' and 'before'; one is enough");
  if (node["fields"].exists()) step->settings = TRY(read_settings(node["fields"]));
  for (auto const& setting : step->settings)
    if (setting.path.segment != step->id)
      return node["fields"].wrong("may only name fields of " + step->id);
  return StepPointer(step);
}

Result<StepPointer> read_version(Node const& node, ChannelFolder const&) {
  auto step = std::make_shared<SetStep>();
  auto text = Template::parse(TRY(node.text()));
  if (!text) return node.wrong(text.error().what);
  step->settings.push_back({*hl7v2::parse_path("MSH-12.1"), *std::move(text)});
  return StepPointer(step);
}

Result<StepPointer> read_drop_z(Node const& node, ChannelFolder const&) {
  if (TRY(node.text()) != "true") return node.wrong("can only be true");
  return StepPointer(std::make_shared<DropZStep>());
}

Result<StepPointer> read_only_if(Node const& node, ChannelFolder const& folder) {
  auto step = std::make_shared<OnlyIfStep>();
  step->conditions = TRY(read_conditions(node, folder));
  return StepPointer(step);
}

/// `script: file.js`, `script: |` with the text itself, or `{file:, text:, library: [file.js]}`.
Result<StepPointer> read_script(Node const& node, ChannelFolder const& folder) {
  std::vector<script::Source> sources;
  auto body = node;
  if (node.is_map()) {
    TRY(node.allow({"file", "text", "library"}));
    auto const library = node["library"];
    if (library.exists() && !library.is_list()) return library.wrong("has to be a list of files");
    if (library.exists()) {
      for (auto const& file : library.elements())
        sources.push_back(TRY(read_script_file(file, folder)));
    }
    if (node["file"].exists() == node["text"].exists())
      return node.wrong("needs a 'file' or a 'text'");
    body = node[node["file"].exists() ? "file" : "text"];
  }
  auto const text = TRY(body.plain_text());
  bool const is_file = text.ends_with(".js") && text.find_first_of("\n;(") == std::string::npos;
  if (is_file) {
    sources.push_back(TRY(read_script_file(body, folder)));
  } else {
    // Of an inline text the mark is where its `|` stands; the text begins in the line below.
    bool const is_block = text.find('\n') != std::string::npos;
    sources.push_back({body.file(), text, body.line() + (is_block ? 1 : 0)});
  }
  auto compiled = script::Script::compile(std::move(sources));
  if (!compiled) return std::move(compiled).failure();
  auto step = std::make_shared<ScriptStep>();
  step->script = *std::move(compiled);
  return StepPointer(step);
}

}  // namespace sinew::engine
