#include <array>
#include <cmath>

#include "base/text.h"
#include "simulate/er7.h"
#include "simulate/events.h"
#include "simulate/segments.h"

namespace sinew::simulate {
namespace {

constexpr std::size_t kReportedMax = 200;

std::string fixed(double value, int decimals) {
  char text[32];
  auto const end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return {text, end.ptr};
}

double number_of(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Draws the results of an order.
void measure(World& world, LabOrder& order) {
  auto const& laboratory = world.tables.laboratory;
  order.values.clear();
  order.flags.clear();
  for (auto row = order.first_row; row < order.first_row + order.row_count; ++row) {
    auto const format = world.cell(laboratory, row, "format");
    if (format == "CWE") {
      auto const detected = world.random.chance(15);
      order.values.push_back(detected ? "260373001^Detected^SCT" : "260415000^Not detected^SCT");
      order.flags.push_back(detected ? "A" : "N");
      continue;
    }
    auto const value = std::abs(world.random.normal(number_of(world.cell(laboratory, row, "mean")),
                                                    number_of(world.cell(laboratory, row, "sd"))));
    auto const low = world.cell(laboratory, row, "low");
    auto const high = world.cell(laboratory, row, "high");
    auto const decimals = static_cast<int>(number_of(world.cell(laboratory, row, "decimals")));
    order.flags.push_back(!low.empty() && value < number_of(low)     ? "L"
                          : !high.empty() && value > number_of(high) ? "H"
                                                                     : "N");
    // A structured numeric says "below what can be measured" with its comparator.
    order.values.push_back(format == "SN" && value < 0.01 ? "<^0.01"
                           : format == "SN"               ? "^" + fixed(value, decimals)
                                                          : fixed(value, decimals));
  }
}

void add_orc(World& world, Message& message, LabOrder const& order, std::string_view control) {
  Line(message.er7, "ORC")
      .field(1, control)
      .field(2, order.placer + "^EHR")
      .field(3, order.filler.empty() ? "" : order.filler + "^LABSYS")
      .field(5, control == "CA" ? "CA" : "")
      .field(9, time_stamp(order.ordered))
      .field(12, doctor(world, order.doctor));
}

void add_obr(World& world, Message& message, LabOrder const& order, std::string_view status) {
  auto const& laboratory = world.tables.laboratory;
  Line(message.er7, "OBR")
      .field(1, "1")
      .field(2, order.placer + "^EHR")
      .field(3, order.filler.empty() ? "" : order.filler + "^LABSYS")
      .field(4, coded(world.cell(laboratory, order.first_row, "panel"),
                      world.cell(laboratory, order.first_row, "panel_name"), "LN"))
      .field(7, time_stamp(order.ordered))
      .field(16, doctor(world, order.doctor))
      .field(22, status.empty() ? "" : time_stamp(world.now))
      .field(24, status.empty() ? "" : "LAB")
      .field(25, status);
}

void add_results(World& world, Message& message, LabOrder const& order, std::string_view status) {
  auto const& laboratory = world.tables.laboratory;
  for (std::size_t i = 0; i < order.row_count; ++i) {
    auto const row = order.first_row + i;
    auto const low = world.cell(laboratory, row, "low");
    auto const high = world.cell(laboratory, row, "high");
    auto const unit = world.cell(laboratory, row, "unit");
    auto const range = !low.empty() && !high.empty() ? std::string(low) + "-" + std::string(high)
                       : !high.empty()               ? "<" + std::string(high)
                       : !low.empty()                ? ">" + std::string(low)
                                                     : std::string();
    Line(message.er7, "OBX")
        .field(1, std::to_string(i + 1))
        .field(2, world.cell(laboratory, row, "format"))
        .field(3, coded(world.cell(laboratory, row, "code"), world.cell(laboratory, row, "name"),
                        "LN"))
        .field(5, order.values[i])
        .field(6, unit.empty() ? "" : coded(unit, unit, "UCUM"))
        .field(7, escaped(range))
        .field(8, order.flags[i])
        .field(11, status)
        .field(14, time_stamp(order.ordered))
        .field(19, time_stamp(world.now));
    if (world.random.chance(4)) {
      Line(message.er7, "NTE")
          .field(1, "1")
          .field(2, "L")
          .field(3, "Specimen slightly haemolysed \\T\\ repeated");
    }
  }
  Line(message.er7, "SPM")
      .field(1, "1")
      .field(2, "^" + order.filler + "-S&LABSYS")
      .field(4, "119297000^Blood specimen^SCT")
      .field(17, time_stamp(order.ordered));
}

Message report(World& world, LabOrder const& order, std::string_view status) {
  auto message = start(world, kLaboratory, "ORU", "R01", "ORU_R01");
  add_pid(world, message, world.persons[order.person]);
  add_pv1(world, message, order.visit);
  add_orc(world, message, order, "RE");
  add_obr(world, message, order, status);
  add_results(world, message, order, status);
  return message;
}

LabOrder take_oldest(std::vector<LabOrder>& orders) {
  auto order = std::move(orders.front());
  orders.erase(orders.begin());
  return order;
}

}  // namespace

Message order_laboratory(World& world) {
  if (world.open_visits.empty()) return {};
  auto const& laboratory = world.tables.laboratory;
  LabOrder order;
  order.visit = world.open_visits[world.random.below(world.open_visits.size())];
  order.person = order.visit.person;
  order.placer = "P" + std::to_string(world.next_number());
  order.doctor = order.visit.doctor;
  order.ordered = world.now;
  order.first_row = world.pick(laboratory);
  auto const panel = world.cell(laboratory, order.first_row, "panel");
  while (order.first_row > 0 && world.cell(laboratory, order.first_row - 1, "panel") == panel) {
    --order.first_row;
  }
  auto row = order.first_row;
  while (row < laboratory.rows().size() && world.cell(laboratory, row, "panel") == panel) ++row;
  order.row_count = row - order.first_row;
  auto message = start(world, kLaboratory, "OML", "O21", "OML_O21");
  add_pid(world, message, world.persons[order.person]);
  add_pv1(world, message, order.visit);
  add_orc(world, message, order, "NW");
  add_obr(world, message, order, "");
  world.ordered.push_back(std::move(order));
  return message;
}

Message cancel_order(World& world) {
  if (world.ordered.empty()) return {};
  auto const order = take_oldest(world.ordered);
  auto message = start(world, kLaboratory, "OML", "O21", "OML_O21");
  add_pid(world, message, world.persons[order.person]);
  add_orc(world, message, order, "CA");
  add_obr(world, message, order, "");
  return message;
}

Message report_preliminary(World& world) {
  if (world.ordered.empty()) return {};
  auto order = take_oldest(world.ordered);
  order.filler = "F" + std::to_string(world.next_number());
  measure(world, order);
  auto message = report(world, order, "P");
  world.preliminary.push_back(std::move(order));
  return message;
}

Message report_final(World& world) {
  auto& from = !world.preliminary.empty() ? world.preliminary : world.ordered;
  if (from.empty()) return {};
  auto order = take_oldest(from);
  if (order.filler.empty()) {
    order.filler = "F" + std::to_string(world.next_number());
    measure(world, order);
  }
  auto message = report(world, order, "F");
  world.reported.push_back(std::move(order));
  if (world.reported.size() > kReportedMax) world.reported.erase(world.reported.begin());
  return message;
}

Message report_correction(World& world) {
  if (world.reported.empty()) return {};
  auto& order = world.reported[world.random.below(world.reported.size())];
  measure(world, order);
  return report(world, order, "C");
}

Message record_vital_signs(World& world) {
  if (world.open_visits.empty()) return {};
  auto const visit = world.open_visits[world.random.below(world.open_visits.size())];
  auto message = start(world, kLaboratory, "ORU", "R01", "ORU_R01");
  add_pid(world, message, world.persons[visit.person]);
  add_pv1(world, message, visit);
  auto const filler = "VS" + std::to_string(world.next_number());
  Line(message.er7, "OBR")
      .field(1, "1")
      .field(3, filler + "^MONITOR")
      .field(4,
             "85353-1^Vital signs, weight, height, head circumference, oxygen saturation and BMI "
             "panel^LN")
      .field(7, time_stamp(world.now))
      .field(25, "F");
  struct Sign {
    std::string_view code, name, unit;
    double mean, deviation;
    int decimals;
  };
  static constexpr std::array kSigns = {
      Sign{"8480-6", "Systolic blood pressure", "mm[Hg]", 124, 14, 0},
      Sign{"8462-4", "Diastolic blood pressure", "mm[Hg]", 78, 9, 0},
      Sign{"8867-4", "Heart rate", "/min", 76, 12, 0},
      Sign{"8310-5", "Body temperature", "Cel", 36.8, 0.5, 1},
  };
  for (std::size_t i = 0; i < kSigns.size(); ++i) {
    auto const& sign = kSigns[i];
    Line(message.er7, "OBX")
        .field(1, std::to_string(i + 1))
        .field(2, "NM")
        .field(3, coded(sign.code, sign.name, "LN"))
        .field(5, fixed(world.random.normal(sign.mean, sign.deviation), sign.decimals))
        .field(6, coded(sign.unit, sign.unit, "UCUM"))
        .field(11, "F")
        .field(14, time_stamp(world.now));
  }
  return message;
}

}  // namespace sinew::simulate
