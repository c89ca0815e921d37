#include "engine/connectors/soap.h"

#include <algorithm>

#include "base/text.h"
#include "xml/write.h"
#include "xml/xml.h"

namespace sinew::engine {
namespace {

constexpr std::string_view kSpace11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kSpace12 = "http://www.w3.org/2003/05/soap-envelope";

bool begins_a_message(std::string_view text) {
  constexpr std::string_view kFirst[] = {"MSH", "FHS", "BHS"};
  return std::ranges::any_of(kFirst, [text](auto const& id) { return text.starts_with(id); });
}

/// The node that holds the message, missing when there is none. Goes through the nodes in document
/// order, without recursion.
xml::Node find_message(xml::Node body, std::string_view element) {
  std::vector<xml::Node> waiting{body};
  while (!waiting.empty()) {
    auto const node = waiting.back();
    waiting.pop_back();
    std::vector<xml::Node> below;
    for (xml::Node const child : node.elements()) below.push_back(child);
    bool const is_it = element.empty() ? below.empty() && begins_a_message(trim(node.text()))
                                       : node.name() == element;
    if (is_it) return node;
    waiting.insert(waiting.end(), below.rbegin(), below.rend());
  }
  return {};
}

void begin_envelope(xml::Writer& writer, bool is_version_12) {
  writer.declaration();
  writer.begin("soap:Envelope");
  writer.attribute("xmlns:soap", is_version_12 ? kSpace12 : kSpace11);
  writer.begin("soap:Body");
}

void add(xml::Writer& writer, std::string_view name, std::string_view text) {
  writer.begin(name);
  writer.text(text);
  writer.end();
}

}  // namespace

Result<SoapRequest> read_soap(std::string_view envelope, std::string_view element) {
  auto const document = TRY(xml::Document::parse(std::string(envelope)));
  auto const root = document.root();
  bool const is_11 = root.is(kSpace11, "Envelope");
  SoapRequest request;
  request.is_version_12 = root.is(kSpace12, "Envelope");
  if (!is_11 && !request.is_version_12)
    return fail(ErrorCode::malformed, "the root is no SOAP Envelope");
  auto const body = root["Body"];
  if (!body) return fail(ErrorCode::malformed, "the envelope has no Body");
  for (xml::Node const child : body.elements()) {
    request.operation = child.name();
    request.operation_space = child.space();
    break;
  }
  auto const place = find_message(body, element);
  if (!place) {
    return fail(ErrorCode::invalid, element.empty()
                                        ? "no element of the Body holds an HL7 v2 message"
                                        : "the Body has no element " + std::string(element));
  }
  request.message = std::string(trim(place.text()));
  if (request.message.empty()) return fail(ErrorCode::invalid, "the message is empty");
  // "translating both the two-character sequence #xD #xA and any #xD that is not followed by #xA to
  // a single #xA character" (XML 1.0 §2.11): where no carriage return is left, they were that.
  if (request.message.find('\r') == std::string::npos)
    std::ranges::replace(request.message, '\n', '\r');
  request.message += '\r';
  return request;
}

std::string write_soap_answer(SoapRequest const& request, std::string_view element,
                              std::string_view acknowledgement) {
  std::string out;
  xml::Writer writer(out);
  begin_envelope(writer, request.is_version_12);
  auto const prefix = request.operation_space.empty() ? std::string() : std::string("m:");
  writer.begin(prefix + (request.operation.empty() ? "message" : request.operation) + "Response");
  if (!prefix.empty()) writer.attribute("xmlns:m", request.operation_space);
  add(writer, prefix + std::string(element), acknowledgement);
  writer.end();
  writer.end();
  writer.end();
  return out;
}

std::string write_soap_fault(bool is_version_12, bool is_sender, std::string_view reason) {
  std::string out;
  xml::Writer writer(out);
  begin_envelope(writer, is_version_12);
  writer.begin("soap:Fault");
  if (is_version_12) {
    writer.begin("soap:Code");
    add(writer, "soap:Value", is_sender ? "soap:Sender" : "soap:Receiver");
    writer.end();
    writer.begin("soap:Reason");
    writer.begin("soap:Text");
    writer.attribute("xml:lang", "en");
    writer.text(reason);
    writer.end();
    writer.end();
  } else {
    add(writer, "faultcode", is_sender ? "soap:Client" : "soap:Server");
    add(writer, "faultstring", reason);
  }
  writer.end();
  writer.end();
  writer.end();
  return out;
}

std::string_view soap_media_type(bool is_version_12) {
  return is_version_12 ? "application/soap+xml; charset=utf-8" : "text/xml; charset=utf-8";
}

}  // namespace sinew::engine
