#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

/// A segment, a field, or a part of one, as a tree shows it. The views live as long as the call.
struct TreeItem {
  std::string path;
  std::string_view name, type;
  std::string_view value;    ///< UTF-8; only of a leaf
  std::string_view display;  ///< of a coded value
  std::size_t offset = 0, length = 0;
  bool is_leaf = false;
  bool unplaced = false;
};

/// What the walk over a message tells, front to back, properly nested.
class TreeSink {
 public:
  virtual ~TreeSink() = default;
  virtual void begin_message(std::string_view structure, Message const& message) = 0;
  virtual void end_message() = 0;
  virtual void begin_group(std::string_view name) = 0;
  virtual void end_group() = 0;
  virtual void begin_segment(TreeItem const& item) = 0;
  virtual void end_segment() = 0;
  virtual void begin_item(TreeItem const& item) = 0;
  virtual void end_item() = 0;
  virtual void issue(Issue const& issue) = 0;
};

/// Indented lines.
class TextSink final : public TreeSink {
 public:
  explicit TextSink(std::size_t value_bytes_max) : value_bytes_max_(value_bytes_max) {}
  void begin_message(std::string_view structure, Message const& message) override;
  void end_message() override { --depth_; }
  void begin_group(std::string_view name) override;
  void end_group() override { --depth_; }
  void begin_segment(TreeItem const& item) override;
  void end_segment() override { --depth_; }
  void begin_item(TreeItem const& item) override;
  void end_item() override { --depth_; }
  void issue(Issue const& issue) override;
  [[nodiscard]] std::string text() && { return std::move(out_); }

 private:
  void indent() { out_.append(depth_ * 2, ' '); }
  void append_value(std::string_view value);
  std::string out_;
  std::size_t depth_ = 0;
  std::size_t value_bytes_max_;
};

/// One JSON object. Members whose value is unknown are left out.
class JsonSink final : public TreeSink {
 public:
  void begin_message(std::string_view structure, Message const& message) override;
  void end_message() override { close(); }
  void begin_group(std::string_view name) override;
  void end_group() override { close(); }
  void begin_segment(TreeItem const& item) override;
  void end_segment() override { close(); }
  void begin_item(TreeItem const& item) override;
  void end_item() override { close(); }
  void issue(Issue const& issue) override;
  [[nodiscard]] std::string text() && { return std::move(out_); }

 private:
  /// An object that is being written. Its issues come at its end, when all are known.
  struct Open {
    std::string_view children;  ///< the name of the member that holds what is inside
    bool has_children = false;
    std::string issues;
  };
  void open(std::string_view children);
  void close();
  void member(std::string_view name, std::string_view value);
  void member(std::string_view name, std::size_t value);
  void place(TreeItem const& item);
  std::string out_;
  std::vector<Open> open_;
};

/// A JSON string. Source: RFC 8259 §7.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sinew::hl7v2
