#include "simulate/er7.h"
#include "simulate/events.h"
#include "simulate/segments.h"

namespace sinew::simulate {

Message prescribe(World& world) {
  if (world.open_visits.empty()) return {};
  auto const visit = world.open_visits[world.random.below(world.open_visits.size())];
  auto const& drugs = world.tables.drugs;
  auto const drug = world.pick(drugs);
  auto const cell = [&](std::string_view column) {
    return std::string(world.cell(drugs, drug, column));
  };
  auto message = start(world, kPharmacy, "RDE", "O11", "RDE_O11");
  add_pid(world, message, world.persons[visit.person]);
  add_pv1(world, message, visit);
  Line(message.er7, "ORC")
      .field(1, "NW")
      .field(2, "RX" + std::to_string(world.next_number()) + "^EHR")
      .field(9, time_stamp(world.now))
      .field(12, doctor(world, visit.doctor));
  Line(message.er7, "RXE")
      .field(1, "^" + cell("frequency") + "^^" + time_stamp(world.now))
      .field(2, coded(cell("rxnorm"), cell("name"), "RXNORM"))
      .field(3, cell("dose"))
      .field(5, coded(cell("unit"), cell("unit"), "UCUM"))
      .field(10, "30")
      .field(12, "2");
  Line(message.er7, "RXR").field(1, cell("route") + "^^HL70162");
  return message;
}

Message vaccinate(World& world) {
  if (world.persons.empty()) return {};
  auto const& person = world.persons[world.random.below(world.persons.size())];
  auto const& vaccines = world.tables.vaccines;
  auto const vaccine = world.pick(vaccines);
  auto const cell = [&](std::string_view column) {
    return std::string(world.cell(vaccines, vaccine, column));
  };
  auto const refused = world.random.chance(8);
  auto message = start(world, kImmunization, "VXU", "V04", "VXU_V04");
  add_pid(world, message, person);
  Line(message.er7, "ORC")
      .field(1, "RE")
      .field(3, "IZ" + std::to_string(world.next_number()) + "^VAXTRACK");
  Line(message.er7, "RXA")
      .field(1, "0")
      .field(2, "1")
      .field(3, time_stamp(world.now))
      .field(4, time_stamp(world.now))
      .field(5, coded(cell("cvx"), cell("name"), "CVX"))
      .field(6, refused ? "999" : cell("dose"))
      .field(7, refused ? "" : coded(cell("unit"), cell("unit"), "UCUM"))
      .field(9, "00^New immunization record^NIP001")
      .field(10, doctor(world, world.pick(world.tables.staff)))
      .field(15, refused ? "" : "LOT" + std::to_string(1000 + world.random.below(9000)))
      .field(16, refused ? "" : "20271231")
      .field(17, refused ? "" : coded(cell("mvx"), cell("maker"), "MVX"))
      .field(18, refused ? "00^Parental decision^NIP002" : "")
      .field(20, refused ? "RE" : "CP")
      .field(21, "A");
  if (!refused) {
    Line(message.er7, "RXR")
        .field(1, "C28161^Intramuscular^NCIT")
        .field(2, "LD^Left deltoid^HL70163");
    Line(message.er7, "OBX")
        .field(1, "1")
        .field(2, "CE")
        .field(3, "64994-7^Vaccine funding program eligibility category^LN")
        .field(4, "1")
        .field(5, "V01^Not VFC eligible^HL70064")
        .field(11, "F");
  }
  return message;
}

Message dictate_document(World& world) {
  if (world.open_visits.empty()) return {};
  auto const visit = world.open_visits[world.random.below(world.open_visits.size())];
  auto const& documents = world.tables.documents;
  auto const kind = world.pick(documents);
  auto message = start(world, kDocuments, "MDM", "T02", "MDM_T02");
  add_evn(world, message);
  add_pid(world, message, world.persons[visit.person]);
  add_pv1(world, message, visit);
  Line(message.er7, "TXA")
      .field(1, "1")
      .field(2, world.cell(documents, kind, "type"))
      .field(3, "TX")
      .field(4, time_stamp(world.now))
      .field(9, doctor(world, visit.doctor))
      .field(12, "D" + std::to_string(world.next_number()) + "^DICTATE")
      .field(17, "AU")
      .field(19, "AV");
  Line(message.er7, "OBX")
      .field(1, "1")
      .field(2, "TX")
      .field(3,
             coded(world.cell(documents, kind, "code"), world.cell(documents, kind, "name"), "LN"))
      .field(5, world.cell(documents, kind, "text"))
      .field(11, "F");
  return message;
}

namespace {

Message appointment_message(World& world, Appointment const& appointment, std::string_view event,
                            std::string_view status) {
  auto message = start(world, kScheduling, "SIU", event, "SIU_S12");
  Instant const end{appointment.when.ms + 30 * 60'000};
  Line(message.er7, "SCH")
      .field(2, appointment.id + "^BOOKING")
      .field(6, "ROUTINE^Routine appointment^HL70276")
      .field(7, "FOLLOWUP^A follow up visit from a previous appointment^HL70276")
      .field(9, "30")
      .field(10, "MIN^Minutes^ISO+")
      .field(11, "^^30^" + time_stamp(appointment.when) + "^" + time_stamp(end))
      .field(16, doctor(world, appointment.doctor))
      .field(20, doctor(world, appointment.doctor))
      .field(25, std::string(status) + "^^HL70278");
  add_pid(world, message, world.persons[appointment.person]);
  Line(message.er7, "RGS").field(1, "1");
  Line(message.er7, "AIP")
      .field(1, "1")
      .field(3, doctor(world, appointment.doctor))
      .field(4, "D^Doctor")
      .field(6, time_stamp(appointment.when))
      .field(9, "30")
      .field(10, "MIN");
  Line(message.er7, "AIL").field(1, "1").field(3, "CLINIC^^^SPRINGFIELD").field(4, "OFFICE");
  return message;
}

}  // namespace

Message book_appointment(World& world) {
  if (world.persons.empty()) return {};
  Appointment appointment;
  appointment.person = world.random.below(world.persons.size());
  appointment.id = "A" + std::to_string(world.next_number());
  appointment.doctor = world.pick(world.tables.staff);
  appointment.when = {world.now.ms +
                      static_cast<std::int64_t>(1 + world.random.below(30)) * 86'400'000};
  auto message = appointment_message(world, appointment, "S12", "Booked");
  world.appointments.push_back(std::move(appointment));
  return message;
}

Message change_appointment(World& world) {
  if (world.appointments.empty()) return {};
  auto const at = world.random.below(world.appointments.size());
  auto appointment = world.appointments[at];
  auto const what = world.random.below(3);
  if (what == 0) {
    appointment.when.ms += 7 * 86'400'000LL;
    world.appointments[at] = appointment;
    return appointment_message(world, appointment, "S13", "Booked");
  }
  world.appointments.erase(world.appointments.begin() + static_cast<std::ptrdiff_t>(at));
  return what == 1 ? appointment_message(world, appointment, "S15", "Cancelled")
                   : appointment_message(world, appointment, "S26", "Noshow");
}

}  // namespace sinew::simulate
