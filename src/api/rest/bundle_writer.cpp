#include "api/rest/bundle_writer.h"

#include <utility>

#include "json/write.h"

namespace sinew::rest {

BundleWriter::BundleWriter(std::string_view base, Form form) : form_(form) {
  std::string url;
  json::append_string(url, base);
  url.pop_back();
  entry_head_ = R"({"fullUrl":)" + url + '/';
}

void BundleWriter::begin(BundleHead const& head) {
  is_searchset_ = head.type == "searchset";
  if (form_ == Form::lines) return;
  json::Writer writer(text_);
  writer.begin_object();
  writer.member("resourceType", "Bundle");
  writer.member("type", head.type);
  if (head.total) {
    writer.key("total");
    writer.integer(static_cast<std::int64_t>(*head.total));
  }
  if (head.links.empty()) return;
  writer.key("link");
  writer.begin_array();
  for (auto const& link : head.links) {
    writer.begin_object();
    writer.member("relation", link.relation);
    writer.member("url", link.url);
    writer.end_object();
  }
  writer.end_array();
}

void BundleWriter::separate() {
  text_ += has_entries_ ? "," : R"(,"entry":[)";
  has_entries_ = true;
}

/// Type and id hold no character that JSON would escape.
void BundleWriter::begin_entry(store::Resource const& resource) {
  separate();
  text_.append(entry_head_).append(resource.type).append(1, '/').append(resource.id);
  text_ += '"';
  if (!resource.deleted) text_.append(R"(,"resource":)").append(resource.body);
}

void BundleWriter::add(store::Resource const& resource, std::string_view mode) {
  if (form_ == Form::lines) {
    text_.append(resource.body).append(1, '\n');
    return;
  }
  begin_entry(resource);
  text_.append(R"(,"search":{"mode":")").append(mode).append(R"("}})");
}

void BundleWriter::add_version(store::Resource const& version, std::string_view members) {
  if (form_ == Form::lines) {
    if (!version.deleted) text_.append(version.body).append(1, '\n');
    return;
  }
  begin_entry(version);
  text_.append(1, ',').append(members).append(1, '}');
}

void BundleWriter::add_outcome(std::string_view outcome) {
  if (form_ == Form::lines) {
    text_.append(outcome).append(1, '\n');
    return;
  }
  separate();
  text_.append(R"({"resource":)").append(outcome);
  text_ += is_searchset_ ? R"(,"search":{"mode":"outcome"}})" : "}";
}

void BundleWriter::end() {
  if (form_ == Form::lines) return;
  text_ += has_entries_ ? "]}" : "}";
}

}  // namespace sinew::rest
