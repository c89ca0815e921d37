#include "base/text.h"
#include "mapping/mapper.h"

namespace sinew::mapping {
namespace {

/// The name space of all senders' name spaces; drawn once, never to change.
constexpr Uuid kSinewSpace{{0x5b, 0x1e, 0x3c, 0x52, 0x8f, 0x0a, 0x4d, 0x6e, 0x9b, 0x27, 0x61, 0xd4,
                            0x0e, 0x8a, 0x77, 0x13}};

// Parts of a tuple are kept apart by characters that no decoded value is cut at.
constexpr char kPartEnd = '\x1F';
constexpr char kAuthorityEnd = '\x1E';

constexpr std::uint16_t kSendingApplication = 3, kSendingFacility = 4, kControlId = 10;

bool is_oid(std::string_view text) {
  if (text.size() < 3 || text[0] < '0' || text[0] > '2' || text[1] != '.') return false;
  bool after_dot = true;
  for (char const c : text) {
    if (c == '.' && after_dot) return false;
    if (c != '.' && !is_ascii_digit(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// RFC 3986 §2.3: what needs no escape in a URI.
void append_escaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char const c : text) {
    bool const plain = is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_';
    if (plain) {
      out += c;
    } else {
      auto const byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

}  // namespace

void Mapper::identify_sender() {
  auto const facility = first_atom(message_.first("MSH", kSendingFacility), 0);
  auto const application = first_atom(message_.first("MSH", kSendingApplication), 0);
  sender_ = feed_.identity_space;
  if (sender_.empty()) sender_ = decode(facility);
  if (sender_.empty()) sender_ = decode(application);
  if (sender_.empty()) sender_ = feed_.name;
  space_ = uuid_v5(kSinewSpace, sender_);
}

/// The URI of a coding system, by the name a sender gives it.
std::string_view Mapper::system_uri(std::string_view name) {
  auto& key = new_text();
  for (char const c : name) key += to_ascii_lower(c);
  if (auto const found = program_.systems.find(key); found != program_.systems.end()) {
    return found->second;
  }
  auto& out = new_text();
  constexpr std::string_view kTable = "hl7";
  if (key.starts_with(kTable) && key.size() == 7 &&
      std::ranges::all_of(key.substr(3), is_ascii_digit)) {
    out.append("http://terminology.hl7.org/CodeSystem/v2-").append(key, 3);
  } else if (is_oid(key)) {
    out.append("urn:oid:").append(key);
  } else if (key.starts_with("urn:") || key.find("://") != std::string::npos) {
    out = name;
  } else {
    out = "urn:sinew:coding-system:";
    append_escaped(out, name);
  }
  return out;
}

/// The URI of an assigning authority (HD: namespace, universal id, its type).
/// Source: HL7 v2.5.1 §2.A.33 (HD), table 0301.
std::string_view Mapper::authority_uri(Found const& found) {
  if (found.raw.empty()) return {};
  std::string_view parts[3];
  for (std::uint16_t i = 0; i < 3; ++i) {
    auto const raw =
        part_of(found.raw, found.level, static_cast<std::uint16_t>(i + 1), delimiters_);
    parts[i] = decode(first_atom(raw, static_cast<std::uint8_t>(found.level + 1)));
    if (!parts[i].empty()) read(raw);
  }
  auto const [name, id, type] = parts;
  auto& out = new_text();
  if (!id.empty()) {
    if (is_oid(id) && (type.empty() || type == "ISO" || type == "OID")) {
      out.append("urn:oid:").append(id);
    } else if (type == "UUID" || type == "GUID") {
      out = "urn:uuid:";
      for (char const c : id) out += to_ascii_lower(c);
    } else if (type == "DNS") {
      out = "https://";
      append_escaped(out, id);
    } else if (type == "URI" || id.find("://") != std::string_view::npos) {
      out = id;
    }
    if (!out.empty()) return out;
  }
  auto const label = name.empty() ? id : name;
  if (label.empty()) return {};
  auto& key = new_text();
  for (char const c : label) key += to_ascii_lower(c);
  if (auto const known = program_.systems.find(key); known != program_.systems.end()) {
    return known->second;
  }
  out = "urn:sinew:authority:";
  append_escaped(out, sender_);
  out += ':';
  append_escaped(out, label);
  return out;
}

/// `cx`, `ei`, `xcn`, `xon`: authority and id of an identifier.
std::string_view Mapper::identifier_text(Node const& node, Context const& context) {
  struct Places {
    Op op;
    std::uint16_t id, other_id, authority, type;
    bool flat;  ///< the authority is not one component (HD) but components 2 to 4
  };
  // Source: HL7 v2.5.1 §2.A.14 (CX), §2.A.28 (EI), §2.A.88 (XCN), §2.A.90 (XON)
  constexpr Places kPlaces[] = {
      {Op::cx, 1, 0, 4, 5, false},
      {Op::ei, 1, 0, 0, 0, true},
      {Op::xcn, 1, 0, 9, 0, false},
      {Op::xon, 10, 3, 6, 0, false},
  };
  auto const& places = *std::ranges::find(kPlaces, node.op, &Places::op);
  auto const& source = program_.sources[argument(node, 0).index];
  auto const wanted = node.argument_count > 1 ? argument(node, 1).text : std::string_view{};
  std::string_view result;
  auto const take = [&](Found const& found) {
    auto const part = [&](std::uint16_t number) {
      return part_of(found.raw, found.level, number, delimiters_);
    };
    auto const inner = static_cast<std::uint8_t>(found.level + 1);
    if (!wanted.empty() && decode(first_atom(part(places.type), inner)) != wanted) return false;
    auto id = decode(first_atom(part(places.id), inner));
    if (id.empty() && places.other_id != 0) id = decode(first_atom(part(places.other_id), inner));
    if (id.empty()) return false;
    auto& text = new_text();
    if (places.flat) {
      auto const rest = found.raw.substr(std::min(found.raw.size(), part(1).size() + 1));
      text = authority_uri({rest, found.level, found.segment});
    } else {
      text = authority_uri({part(places.authority), inner, found.segment});
    }
    text += kAuthorityEnd;
    text += id;
    result = text;
    return true;
  };
  bool const is_field = source.base != Source::Base::value && source.repeats &&
                        source.parts[0] == 0 && source.repetition == 0;
  if (!is_field) {
    take(find(source, context));
    return result;
  }
  std::uint32_t segment = 0;
  auto const field = whole_field(source, context, segment);
  each_repetition(field, delimiters_.repetition,
                  [&](std::string_view raw) { return take({raw, 0, segment}); });
  return result;
}

/// OPTIMIZATION: what a part reads of an order is the same for each of its results.
std::string_view Mapper::evaluate_part(Index index, Context const& context) {
  auto const& node = program_.nodes[index];
  if (node.home == kNoHome || node.op == Op::reference) return evaluate(index, context);
  auto& part = work_.parts[index];
  auto const segment = home_segment(node, context.segment);
  if (part.epoch == work_.epoch && part.segment == segment) return part.text;
  part = {work_.epoch, segment, std::string(evaluate(index, context))};
  return part.text;
}

bool Mapper::append_tuple(std::string& tuple, IdentityRow const& row, Context const& context,
                          std::uint32_t segment) {
  if (!holds(row.condition, context)) return false;
  for (auto const& part : row.parts) {
    if (part.name != kNone) {
      auto* const instance = nearest_instance(part.name, segment, nullptr);
      if (instance == nullptr || instance->computing_id) return false;
      identify(*instance);
      tuple.append(instance->id.data(), instance->id.size());
    } else {
      auto const text = evaluate_part(part.expression, context);
      if (text.empty()) return false;
      tuple += text;
    }
    tuple += kPartEnd;
  }
  return true;
}

UuidText Mapper::identity_of(Shape const& shape, Context const& context, Index name) {
  auto const texts = texts_used_;
  auto const recording = std::exchange(recording_, false);
  auto& tuple = new_text();
  bool known = false;
  for (auto const& row : shape.identities) {
    tuple = fhir::type(shape.type).name.view();
    tuple += kPartEnd;
    known = append_tuple(tuple, row, context, context.segment);
    if (known) break;
    ++decisions_;
  }
  if (!known) {
    ++decisions_;
    // Without an identity of its own a resource is known by its place in the message.
    tuple = fhir::type(shape.type).name.view();
    tuple += kPartEnd;
    auto const control = trim(message_.first("MSH", kControlId));
    if (control.empty()) {
      tuple += std::to_string(hash64(message_.bytes()));
    } else {
      tuple += control;
    }
    tuple += kPartEnd;
    tuple += program_.names[name];
    tuple += kPartEnd;
    tuple += std::to_string(context.segment);
    if (context.has_value) {
      auto const begin = message_.segment_bytes(context.segment).data();
      tuple += kPartEnd;
      tuple += std::to_string(context.value.data() - begin);
    }
  }
  UuidText id;
  char text[kUuidBytes];
  write_uuid(uuid_v5(space_, tuple), text);
  std::copy(text, text + kUuidBytes, id.begin());
  recording_ = recording;
  texts_used_ = texts;
  return id;
}

void Mapper::identify(Instance& instance) {
  if (instance.has_id) return;
  instance.computing_id = true;
  auto const id =
      identity_of(structure_->shapes[instance.shape], context_of(instance.segment), instance.name);
  instance.id = id;
  instance.has_id = true;
  instance.computing_id = false;
}

}  // namespace sinew::mapping
