#pragma once

#include <string>
#include <string_view>

#include "simulate/state.h"

namespace sinew::simulate {

/// How one sending system writes its messages.
struct Sender {
  std::string_view feed;         ///< name of the connection
  std::string_view application;  ///< MSH-3
  std::string_view version;      ///< MSH-12
  std::string_view charset;      ///< MSH-18
};

extern Sender const kAdmissions, kLaboratory, kPharmacy, kImmunization, kDocuments, kScheduling;

/// Starts a message: MSH, with the time moved on and the next control id taken.
Message start(World& world, Sender const& sender, std::string_view type, std::string_view event,
              std::string_view structure);

void add_evn(World& world, Message& message);
void add_pid(World& world, Message& message, Person const& person);
void add_nk1(World& world, Message& message, Person const& person);

void add_pv1(World& world, Message& message, Visit const& visit, bool discharged = false);
void add_in1(World& world, Message& message, Person const& person);

std::string person_name(World const& world, Person const& person);                         ///< XPN
std::string doctor(World const& world, std::size_t row);                                   ///< XCN
std::string coded(std::string_view code, std::string_view text, std::string_view system);  ///< CWE

}  // namespace sinew::simulate
