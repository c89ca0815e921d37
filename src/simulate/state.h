#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/table.h"
#include "simulate/hospital.h"
#include "simulate/random.h"

namespace sinew::simulate {

/// The built-in tables of data/simulate, opened once.
struct Tables {
  Table names, addresses, locations, staff, laboratory, diagnoses, vaccines, drugs, documents;
  [[nodiscard]] static Result<Tables> open();
};

struct Person {
  std::string mrn;
  std::size_t name = 0, address = 0;
  std::string birth_date;  ///< YYYYMMDD
  std::string phone;
  std::string member_id;
  std::size_t background = 0;  ///< row of the race and ethnicity list
};

struct Visit {
  std::size_t person = 0;
  std::string number;
  std::size_t unit = 0, room = 1, bed = 1;
  std::size_t doctor = 0, diagnosis = 0;
  Instant admitted{};
};

struct LabOrder {
  std::size_t person = 0;
  Visit visit;
  std::string placer, filler;
  std::size_t first_row = 0, row_count = 0;  ///< of data/simulate/laboratory.tsv
  std::size_t doctor = 0;
  Instant ordered{};
  std::vector<std::string> values;
  std::vector<std::string> flags;
};

struct Appointment {
  std::size_t person = 0;
  std::string id;
  std::size_t doctor = 0;
  Instant when{};
};

/// Everything that has happened so far.
struct World {
  Options options;
  Tables tables;
  Random random;
  Instant now;
  std::uint64_t message_number = 0;
  std::uint64_t last_number = 100'000;  ///< of orders, visits, documents
  std::vector<Person> persons;
  std::vector<Visit> open_visits;
  std::vector<Visit> closed_visits;  ///< the last few, so that a discharge can be cancelled
  std::vector<LabOrder> ordered, preliminary, reported;
  std::vector<Appointment> appointments;

  World(Options given, Tables opened)
      : options(given), tables(std::move(opened)), random(given.seed), now(given.start) {}

  std::string_view cell(Table const& table, std::size_t row, std::string_view column) const {
    return table.cell(table.rows()[row], column);
  }
  std::size_t pick(Table const& table) { return random.below(table.rows().size()); }
  std::uint64_t next_number() { return ++last_number; }
};

}  // namespace sinew::simulate
