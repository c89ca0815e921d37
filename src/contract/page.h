#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinew::contract {

/// A page of headings, paragraphs and tables, as Markdown or as HTML that needs nothing else.
class Page {
 public:
  enum class Format : bool { markdown, html };
  Page(Format format, std::string_view title);

  void heading(int level, std::string_view text);
  void paragraph(std::string_view text);
  void code(std::string_view text);
  void table(std::vector<std::string> const& columns,
             std::vector<std::vector<std::string>> const& rows);
  [[nodiscard]] std::string finish();

 private:
  Format format_;
  std::string out_;
};

}  // namespace sinew::contract
