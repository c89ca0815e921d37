#include <algorithm>

#include "mapping/program.h"

namespace sinew::mapping {
namespace {

std::string_view type_code(BundleType type) {
  switch (type) {
    case BundleType::transaction:
      return "transaction";
    case BundleType::message:
      return "message";
    case BundleType::collection:
      return "collection";
  }
  return {};
}

/// PUT creates or replaces; what only has to be there is created unless it is.
/// Source: FHIR R4 http.html#transaction
void append_request(MappedResource const& resource, std::string& json) {
  json += ",\"request\":{\"method\":\"";
  json += resource.verb == Verb::remove ? "DELETE" : "PUT";
  json.append("\",\"url\":\"").append(resource.type).append("/").append(resource.id).append("\"");
  if (resource.verb == Verb::ensure) json += ",\"ifNoneMatch\":\"*\"";
  json += '}';
}

}  // namespace

void write_bundle(Output const& output, BundleType type, std::string& json,
                  std::vector<std::int64_t>* shift) {
  auto const& resources = output.resources;
  if (shift != nullptr) shift->assign(resources.size(), 0);
  auto header = std::ranges::find(resources, "MessageHeader", &MappedResource::type);
  if (type == BundleType::message && header == resources.end()) type = BundleType::collection;
  json.append("{\"resourceType\":\"Bundle\",\"type\":\"").append(type_code(type)).append("\"");
  bool first = true;
  auto const append_entry = [&](std::size_t index) {
    auto const& resource = resources[index];
    bool const is_removal = resource.verb == Verb::remove;
    if (is_removal && type != BundleType::transaction) return;
    json += first ? ",\"entry\":[{\"fullUrl\":\"urn:uuid:" : ",{\"fullUrl\":\"urn:uuid:";
    first = false;
    json.append(resource.id).append("\"");
    if (!is_removal) {
      json += ",\"resource\":";
      if (shift != nullptr) {
        (*shift)[index] = static_cast<std::int64_t>(json.size()) - resource.begin;
      }
      json.append(output.json, resource.begin, resource.end - resource.begin);
    }
    if (type == BundleType::transaction) append_request(resource, json);
    json += '}';
  };
  // A message begins with its header. Source: FHIR R4 messaging.html#bundle
  auto const header_index = static_cast<std::size_t>(header - resources.begin());
  if (header != resources.end()) append_entry(header_index);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    if (i != header_index) append_entry(i);
  }
  json += first ? "}" : "]}";
}

}  // namespace sinew::mapping
