#include "simulate/er7.h"
#include "simulate/events.h"
#include "simulate/segments.h"

namespace sinew::simulate {
namespace {

constexpr std::size_t kClosedVisitsMax = 50;

std::string digits(Random& random, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('0' + random.below(10));
  return out;
}

std::string two(std::size_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

Person make_person(World& world) {
  auto& random = world.random;
  Person person;
  person.mrn = "MRN" + std::to_string(1'000'000 + world.persons.size());
  person.name = world.pick(world.tables.names);
  person.address = world.pick(world.tables.addresses);
  person.birth_date = std::to_string(1930 + random.below(95)) + two(1 + random.below(12)) +
                      two(1 + random.below(28));
  person.phone = "217555" + digits(random, 4);
  person.member_id = "M" + digits(random, 9);
  person.background = random.below(5);
  return person;
}

/// A new person, or one who comes back.
std::size_t arriving_person(World& world) {
  auto const full = world.persons.size() >= world.options.patients_max;
  if (!world.persons.empty() && (full || world.random.chance(35))) {
    return world.random.below(world.persons.size());
  }
  world.persons.push_back(make_person(world));
  return world.persons.size() - 1;
}

std::size_t unit_of_class(World& world, std::string_view wanted) {
  auto const& units = world.tables.locations;
  auto row = world.pick(units);
  while (world.cell(units, row, "class") != wanted) row = (row + 1) % units.rows().size();
  return row;
}

Visit make_visit(World& world, std::size_t person, std::string_view visit_class) {
  Visit visit;
  visit.person = person;
  visit.number = "V" + std::to_string(world.next_number());
  visit.unit = unit_of_class(world, visit_class);
  visit.room = 1 + world.random.below(12);
  visit.bed = 1 + world.random.below(2);
  visit.doctor = world.pick(world.tables.staff);
  visit.diagnosis = world.pick(world.tables.diagnoses);
  visit.admitted = world.now;
  return visit;
}

void add_dg1(World& world, Message& message, Visit const& visit) {
  auto const& diagnoses = world.tables.diagnoses;
  Line line(message.er7, "DG1");
  line.field(1, "1")
      .field(3, coded(world.cell(diagnoses, visit.diagnosis, "code"),
                      world.cell(diagnoses, visit.diagnosis, "name"), "I10C"))
      .field(5, time_stamp(visit.admitted))
      .field(6, "A");
}

Message visit_message(World& world, Visit const& visit, std::string_view event,
                      std::string_view structure, bool discharged = false) {
  auto message = start(world, kAdmissions, "ADT", event, structure);
  add_evn(world, message);
  add_pid(world, message, world.persons[visit.person]);
  add_pv1(world, message, visit, discharged);
  return message;
}

/// Takes a random element out of a list.
template <class T>
T take(Random& random, std::vector<T>& list) {
  auto const at = random.below(list.size());
  std::swap(list[at], list.back());
  T taken = std::move(list.back());
  list.pop_back();
  return taken;
}

}  // namespace

Message register_outpatient(World& world) {
  auto const visit = make_visit(world, arriving_person(world), "O");
  auto message = visit_message(world, visit, "A04", "ADT_A01");
  add_in1(world, message, world.persons[visit.person]);
  return message;
}

Message admit(World& world) {
  auto const visit = make_visit(world, arriving_person(world), world.random.chance(40) ? "E" : "I");
  auto message = start(world, kAdmissions, "ADT", "A01", "ADT_A01");
  add_evn(world, message);
  auto const& person = world.persons[visit.person];
  add_pid(world, message, person);
  add_nk1(world, message, person);
  add_pv1(world, message, visit);
  if (world.random.chance(25)) {
    Line(message.er7, "AL1")
        .field(1, "1")
        .field(2, "DA")
        .field(3, "7980^Penicillin^RXNORM")
        .field(4, "SV")
        .field(5, "Hives");
  }
  add_dg1(world, message, visit);
  add_in1(world, message, person);
  if (world.options.quirks && world.random.chance(20)) {
    Line(message.er7, "ZPV").field(1, "1").field(3, "VIP-LOUNGE").field(7, "Y");
  }
  world.open_visits.push_back(visit);
  return message;
}

Message transfer(World& world) {
  if (world.open_visits.empty()) return {};
  auto& visit = world.open_visits[world.random.below(world.open_visits.size())];
  visit.unit = unit_of_class(world, "I");
  visit.room = 1 + world.random.below(12);
  return visit_message(world, visit, "A02", "ADT_A02");
}

Message discharge(World& world) {
  if (world.open_visits.empty()) return {};
  auto visit = take(world.random, world.open_visits);
  auto message = visit_message(world, visit, "A03", "ADT_A03", true);
  add_dg1(world, message, visit);
  world.closed_visits.push_back(std::move(visit));
  if (world.closed_visits.size() > kClosedVisitsMax) {
    world.closed_visits.erase(world.closed_visits.begin());
  }
  return message;
}

Message cancel_admission(World& world) {
  if (world.open_visits.empty()) return {};
  return visit_message(world, take(world.random, world.open_visits), "A11", "ADT_A09");
}

Message cancel_discharge(World& world) {
  if (world.closed_visits.empty()) return {};
  auto visit = take(world.random, world.closed_visits);
  auto message = visit_message(world, visit, "A13", "ADT_A01");
  world.open_visits.push_back(std::move(visit));
  return message;
}

Message change_demographics(World& world) {
  if (world.open_visits.empty()) return {};
  auto const& visit = world.open_visits[world.random.below(world.open_visits.size())];
  auto& person = world.persons[visit.person];
  if (world.random.chance(60)) person.address = world.pick(world.tables.addresses);
  if (world.random.chance(60)) person.phone = "217555" + digits(world.random, 4);
  return visit_message(world, visit, "A08", "ADT_A01");
}

Message merge_duplicate(World& world) {
  if (world.persons.empty()) return {};
  auto const survivor = world.random.below(world.persons.size());
  auto duplicate = world.persons[survivor];
  duplicate.mrn = "DUP" + std::to_string(world.next_number());
  auto message = start(world, kAdmissions, "ADT", "A40", "ADT_A39");
  add_evn(world, message);
  add_pid(world, message, world.persons[survivor]);
  Line(message.er7, "MRG")
      .field(1, duplicate.mrn + "^^^SPRINGFIELD&2.16.840.1.113883.3.9999.1&ISO^MR")
      .field(7, person_name(world, duplicate));
  return message;
}

Message charge(World& world) {
  if (world.open_visits.empty()) return {};
  auto const& visit = world.open_visits[world.random.below(world.open_visits.size())];
  auto message = start(world, kAdmissions, "DFT", "P03", "DFT_P03");
  add_evn(world, message);
  add_pid(world, message, world.persons[visit.person]);
  add_pv1(world, message, visit);
  Line(message.er7, "FT1")
      .field(1, "1")
      .field(2, "T" + std::to_string(world.next_number()))
      .field(4, time_stamp(world.now))
      .field(5, time_stamp(world.now))
      .field(6, "CG")
      .field(7, "99213^Office or other outpatient visit^C4")
      .field(10, "1");
  return message;
}

}  // namespace sinew::simulate
