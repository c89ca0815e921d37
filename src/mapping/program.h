#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"

namespace sinew::mapping {

/// One table file of a layer: path below the map folder ("segment/PID.Patient.tsv") and its text.
struct TableFile {
  std::string path;
  std::string content;
};

/// Tables that override those of the layers before: base, implementation guide, site, feed.
struct Layer {
  std::string name;
  std::vector<TableFile> files;
};

/// The tables built into the program, and a folder of the same shape.
[[nodiscard]] Layer built_in_layer();
[[nodiscard]] Result<Layer> read_layer(std::string const& folder);

/// Compiled tables: immutable, shared between threads, known by the SHA-256 of its sources.
class Program;

struct Compiled {
  std::shared_ptr<Program const> program;  ///< null when there is any error
  std::vector<Issue> issues;  ///< every mistake, `where` = "segment/PID.Patient.tsv:12"
};
[[nodiscard]] Compiled compile(std::span<Layer const> layers);

[[nodiscard]] std::string_view digest(Program const& program);
/// "segment/PID.Patient#pid-8", and where it stands ("segment/PID.Patient.tsv:9", layer).
struct RuleInfo {
  std::string name, where, layer, source, target, note;
};
[[nodiscard]] RuleInfo rule_info(Program const& program, std::uint32_t rule);

/// What is known of a sender beyond its messages.
struct Feed {
  std::string name;     ///< part of the identity name space when MSH-3/4 are empty
  std::string charset;  ///< table 0211 name that overrides MSH-18
  std::optional<int> zone_offset_minutes;  ///< for times without a zone; none: the time is left out
  std::string identity_space;              ///< replaces MSH-4/MSH-3 as assigning system, when set
};

/// What the store shall do with a resource; see docs/reference/mapping-tables.md, Events.
enum class Verb : std::uint8_t { merge, put, ensure, remove };

struct MappedResource {
  std::string_view type;  ///< "Patient"; lives as long as the process
  std::string id;         ///< UUID, lower case
  Verb verb = Verb::merge;
  std::uint32_t begin = 0, end = 0;  ///< its JSON in Output::json
  /// Top-level elements the message asks to delete (HL7 null, or its event). A name with a `?`
  /// before it: what is stored stays, and the message's value is for a resource that has none.
  std::vector<std::string> clear;
};

/// A leaf value of the output and the bytes of the message it came from.
struct Leaf {
  std::uint32_t out_begin, out_end;        ///< in Output::json
  std::uint32_t source_begin, source_end;  ///< in the message; equal: a constant
  std::uint32_t rule;
};

enum class Fate : std::uint8_t { mapped, ignored, unmapped };

/// What became of one non-empty atom (subcomponent) of the message.
struct LedgerEntry {
  Fate fate;
  std::uint32_t segment;                                     ///< index in the message
  std::uint16_t field, repetition, component, subcomponent;  ///< 1-based
  std::uint32_t begin, end;                                  ///< its bytes in the message
  std::uint32_t rule;  ///< ignored: by which rule; unmapped: the rule that refused it, or kNoRule
  std::string_view reason;  ///< lives as long as the Program
};
inline constexpr std::uint32_t kNoRule = 0xFFFFFFFF;

struct RunOptions {
  bool provenance = false;
  bool ledger = false;
  bool urn_references =
      false;  ///< references as urn:uuid:<id> (bundles) instead of Type/<id> (store)
};

/// What `run` works in; private to the module.
struct Workspace;

/// Reused from run to run, so that nothing is allocated once it has grown.
struct Output {
  std::string json;                       ///< the resources, one after the other
  std::vector<MappedResource> resources;  ///< in the order they should be written
  std::vector<Leaf> leaves;
  std::vector<LedgerEntry> ledger;
  std::uint32_t mapped = 0, ignored = 0, unmapped = 0;  ///< counted always
  std::vector<Issue> issues;
  void clear();

  std::shared_ptr<Workspace> workspace;  ///< memory of `run`; keep it with the Output
};

/// Maps one message. Deterministic: the same message, feed and program give the same bytes.
/// Never fails on content; fails `not_supported` at MSH-9 when no table covers the message type.
[[nodiscard]] Result<> run(Program const& program, hl7v2::Message const& message,
                           hl7v2::GroupTree const& groups, Feed const& feed,
                           RunOptions const& options, Output& out);

enum class BundleType : std::uint8_t { transaction, message, collection };

/// The resources as a FHIR Bundle. When `shift` is given it receives, per resource, how far its
/// bytes moved from Output::json, so that leaves can be found in the bundle. Source: FHIR R4
/// bundle.html.
void write_bundle(Output const& output, BundleType type, std::string& json,
                  std::vector<std::int64_t>* shift = nullptr);

}  // namespace sinew::mapping
