#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sinew::rest {

struct BundleLink {
  std::string_view relation;
  std::string url;
};

/// What a searchset or a history begins with.
struct BundleHead {
  std::string_view type = "searchset";
  std::optional<std::uint64_t> total = {};
  std::vector<BundleLink> links = {};
};

/// Writes the bundle of a search or of a history, entry by entry, or its resources as lines
/// (NDJSON, which has no head and no end). Stored bodies are copied, never looked into.
///
/// OPTIMIZATION: such a bundle is thousands of entries of one form; a writer that looks at every
/// character takes three times as long as the copy.
/// Source: FHIR R4 bundle.html#searchset, #history, nd-json.html.
class BundleWriter {
 public:
  enum class Form : bool { json, lines };
  /// `base`  of every fullUrl.
  explicit BundleWriter(std::string_view base, Form form = Form::json);

  void begin(BundleHead const& head);
  /// Beside what is begun already: bytes that are to come.
  void reserve(std::size_t bytes) { text_.reserve(text_.size() + bytes); }
  /// An entry of mode "match" or "include".
  void add(store::Resource const& resource, std::string_view mode);
  /// An entry with more members than the resource: `"request":{...},"response":{...}`. A deleted
  /// resource has a fullUrl alone.
  void add_version(store::Resource const& version, std::string_view members);
  /// An OperationOutcome; in a searchset with the mode "outcome".
  void add_outcome(std::string_view outcome);
  /// A bundle without entries has no array of them.
  void end();

  [[nodiscard]] std::size_t size() const { return text_.size(); }
  /// What was written since the last call.
  [[nodiscard]] std::string take() { return std::exchange(text_, {}); }

 private:
  void separate();
  void begin_entry(store::Resource const& resource);

  Form form_;
  bool is_searchset_ = true;
  bool has_entries_ = false;
  std::string entry_head_;  ///< `{"fullUrl":"https://.../`
  std::string text_;
};

/// A body of more leaves in pieces of about this.
inline constexpr std::size_t kPieceBytes = std::size_t{128} << 10;

/// A bundle that is written while it leaves.
class BundleSource {
 public:
  /// `base`  of every fullUrl.
  explicit BundleSource(std::string base) : base_(std::move(base)) {}
  BundleSource(BundleSource const&) = delete;
  BundleSource& operator=(BundleSource const&) = delete;
  virtual ~BundleSource() = default;
  [[nodiscard]] std::string const& base() const { return base_; }
  /// Writes what comes next, until `writer` holds a piece; false: that was the end.
  [[nodiscard]] virtual Result<bool> write_next(BundleWriter& writer) = 0;

 private:
  std::string const base_;
};

}  // namespace sinew::rest
