#include "simulate/segments.h"

#include <array>

#include "simulate/er7.h"

namespace sinew::simulate {
namespace {

constexpr std::string_view kFacility = "SPRINGFIELD^2.16.840.1.113883.3.9999.1^ISO";
constexpr std::string_view kMrnAuthority = "SPRINGFIELD&2.16.840.1.113883.3.9999.1&ISO";

struct Background {
  std::string_view race, ethnicity, language;
};
// Race and ethnicity: CDCREC; language: ISO 639-1.
constexpr std::array kBackgrounds = {
    Background{"2106-3^White^CDCREC", "2186-5^Not Hispanic or Latino^CDCREC", "en^English^ISO639"},
    Background{"2054-5^Black or African American^CDCREC", "2186-5^Not Hispanic or Latino^CDCREC",
               "en^English^ISO639"},
    Background{"2131-1^Other Race^CDCREC", "2135-2^Hispanic or Latino^CDCREC", "es^Spanish^ISO639"},
    Background{"2028-9^Asian^CDCREC~2106-3^White^CDCREC", "2186-5^Not Hispanic or Latino^CDCREC",
               "ja^Japanese^ISO639"},
    Background{"1002-5^American Indian or Alaska Native^CDCREC", "", "en^English^ISO639"},
};

std::string location(World const& world, Visit const& visit) {
  auto const& units = world.tables.locations;
  auto room = std::to_string(visit.room);
  room.insert(0, room.size() < 2 ? "0" : "");
  return escaped(world.cell(units, visit.unit, "unit")) + "^" + room + "^" +
         std::to_string(visit.bed) + "^SPRINGFIELD^^^^^" +
         escaped(world.cell(units, visit.unit, "name"));
}

}  // namespace

Sender const kAdmissions{"ADT", "REGISTRATION", "2.5.1", "UNICODE UTF-8"};
Sender const kLaboratory{"LAB", "LABSYS^1.2.840.99999.7^ISO", "2.5.1", "UNICODE UTF-8"};
Sender const kPharmacy{"PHARMACY", "RXFLOW", "2.5", "UNICODE UTF-8"};
Sender const kImmunization{"IMMUNIZATION", "VAXTRACK", "2.5.1", "UNICODE UTF-8"};
Sender const kDocuments{"DOCUMENTS", "DICTATE", "2.3", "UNICODE UTF-8"};
Sender const kScheduling{"SCHEDULING", "BOOKING", "2.3.1", "UNICODE UTF-8"};

Message start(World& world, Sender const& sender, std::string_view type, std::string_view event,
              std::string_view structure) {
  world.now.ms += 5'000 + static_cast<std::int64_t>(world.random.below(120'000));
  ++world.message_number;
  Message message;
  message.feed = sender.feed;
  message.event = std::string(type) + "^" + std::string(event);
  message.er7 = "MSH|^~\\&";
  auto const control_id = std::string(sender.feed.substr(0, 3)) +
                          std::to_string(world.options.seed) + "-" +
                          std::to_string(world.message_number);
  // From 2.3.1 on, MSH-9 names the structure.
  auto const type_field =
      message.event + (sender.version == "2.3" ? "" : "^" + std::string(structure));
  // MSH-1 is the separator itself, so MSH-3 follows the second bar.
  auto& out = message.er7;
  for (auto const& part :
       {std::string(sender.application), std::string(kFacility), std::string("SINEW"),
        std::string("SPRINGFIELD"), time_stamp(world.now), std::string(), type_field, control_id,
        std::string("P"), std::string(sender.version)}) {
    out += '|';
    out += part;
  }
  out += "||||||";
  out += sender.charset;
  out += '\r';
  return message;
}

void add_evn(World& world, Message& message) {
  Line line(message.er7, "EVN");
  line.field(1, message.event.substr(4)).field(2, time_stamp(world.now));
}

std::string person_name(World const& world, Person const& person) {
  auto const& names = world.tables.names;
  auto const family = escaped(world.cell(names, person.name, "family"));
  auto const given = escaped(world.cell(names, person.name, "given"));
  auto name = family + "^" + given + "^^^^^L";
  // Scripts other than Latin travel with a romanised alias, as registries send them.
  if (world.cell(names, person.name, "script") != "latin") {
    name += "~PATIENT " + person.mrn.substr(3) + "^ALIAS^^^^^A";
  }
  return name;
}

void add_pid(World& world, Message& message, Person const& person) {
  auto const& tables = world.tables;
  auto const address = [&](std::string_view column) {
    return escaped(world.cell(tables.addresses, person.address, column));
  };
  auto const& background = kBackgrounds[person.background];
  auto const deceased_is_null = world.options.quirks && world.random.chance(3);
  Line line(message.er7, "PID");
  line.field(1, "1")
      .field(3, person.mrn + "^^^" + std::string(kMrnAuthority) + "^MR")
      .field(5, person_name(world, person))
      .field(7, person.birth_date)
      .field(8, world.cell(tables.names, person.name, "sex"))
      .field(10, background.race)
      .field(11, address("street") + "^^" + address("city") + "^" + address("state") + "^" +
                     address("zip") + "^USA^H^^" + address("county"))
      .field(13, "^PRN^PH^^1^" + person.phone.substr(0, 3) + "^" + person.phone.substr(3))
      .field(15, background.language)
      .field(22, background.ethnicity)
      .field(29, deceased_is_null ? "\"\"" : "");
}

void add_nk1(World& world, Message& message, Person const& person) {
  auto const& names = world.tables.names;
  Line line(message.er7, "NK1");
  line.field(1, "1")
      .field(2, escaped(world.cell(names, (person.name + 1) % names.rows().size(), "family")) +
                    "^" +
                    escaped(world.cell(names, (person.name + 7) % names.rows().size(), "given")))
      .field(3, "SPO^Spouse^HL70063")
      .field(5, "^PRN^PH^^1^217^" + person.phone.substr(3));
}

std::string doctor(World const& world, std::size_t row) {
  auto const& staff = world.tables.staff;
  return std::string(world.cell(staff, row, "npi")) + "^" +
         escaped(world.cell(staff, row, "family")) + "^" +
         escaped(world.cell(staff, row, "given")) + "^^^^" +
         std::string(world.cell(staff, row, "degree")) + "^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI";
}

std::string coded(std::string_view code, std::string_view text, std::string_view system) {
  return escaped(code) + "^" + escaped(text) + "^" + std::string(system);
}

void add_pv1(World& world, Message& message, Visit const& visit, bool discharged) {
  auto const attending = doctor(world, visit.doctor);
  Line line(message.er7, "PV1");
  line.field(1, "1")
      .field(2, world.cell(world.tables.locations, visit.unit, "class"))
      .field(3, location(world, visit))
      .field(4, "E")
      .field(7, attending)
      .field(10, "MED")
      .field(19, visit.number + "^^^" + std::string(kMrnAuthority) + "^VN")
      .field(36, discharged ? "01" : "")
      .field(44, time_stamp(visit.admitted))
      .field(45, discharged ? time_stamp(world.now) : "");
}

void add_in1(World& world, Message& message, Person const& person) {
  auto const payer = world.random.chance(60) ? "Prairie Health Plan" : "Lakeland Mutual";
  Line line(message.er7, "IN1");
  line.field(1, "1")
      .field(2, "PPO^Preferred provider organization^L")
      .field(3, payer[0] == 'P' ? "PHP01" : "LKM02")
      .field(4, payer)
      .field(8, "GRP-4471")
      .field(12, "20260101")
      .field(16, person_name(world, person))
      .field(17, "SEL^Self^HL70063")
      .field(36, person.member_id);
}

}  // namespace sinew::simulate
