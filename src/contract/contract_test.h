#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "contract/drift.h"
#include "contract/learner.h"

namespace sinew::contract {

/// A laboratory's result for patient `patient`, with what a test wants to be different.
struct LabMessage {
  int number = 1;
  int patient = 1;
  std::string sex = "F";
  std::string status = "F";
  std::string unit = "mmol/L";
  std::string version = "2.5.1";
  std::string value = "140";
  std::string time = "20260302101500+0000";  // a Monday
  std::string after_pid = {};                ///< more segments
  std::string pid_more = {};                 ///< more fields of PID, from PID-9 on
};

inline std::string er7(LabMessage const& m) {
  return fmt::format(
      "MSH|^~\\&|LAB|HOSP|SINEW|HOSP|{}||ORU^R01^ORU_R01|M{}|P|{}|||AL|NE||UNICODE UTF-8\r"
      "PID|1||{}^^^HOSP^MR||FAMILYNAME{}^GIVENNAME{}||19700203|{}{}\r{}"
      "OBR|1|P{}|F{}|24323-8^CMP^LN|||20260302100000\r"
      "OBX|1|NM|2951-2^Sodium^LN||{}|{}^^UCUM|135-145|N|||{}|||20260302100000\r",
      m.time, m.number, m.version, 4711000 + m.patient, m.patient, m.patient, m.sex, m.pid_more,
      m.after_pid, m.number, m.number, m.value, m.unit, m.status);
}

/// `count` messages of as many patients, men and women in turn.
inline Profile learned(int count, LabMessage message = {}) {
  Learner learner("lab");
  for (int i = 0; i < count; ++i) {
    message.number = message.patient = i;
    message.sex = i % 2 == 0 ? "F" : "M";
    learner.learn(er7(message), {});
  }
  return std::move(learner).take();
}

inline std::vector<std::string> keys(std::vector<Drift> const& drifts) {
  std::vector<std::string> all;
  for (auto const& drift : drifts) all.push_back(drift.key());
  return all;
}

}  // namespace sinew::contract
