#pragma once

#include "simulate/state.h"

namespace sinew::simulate {

/// One function per thing that happens in the hospital. Each changes the world and gives the
/// message that tells of it; an empty `er7` means that it cannot happen now.
/// Sources: HL7 v2.5.1 chapters 3 (ADT), 4 (orders), 4A (vaccines), 7 (results), 9 (documents), 10
/// (scheduling).
using Happening = Message (*)(World&);

Message register_outpatient(World& world);  // ADT^A04
Message admit(World& world);                // ADT^A01
Message transfer(World& world);             // ADT^A02
Message discharge(World& world);            // ADT^A03
Message cancel_admission(World& world);     // ADT^A11
Message cancel_discharge(World& world);     // ADT^A13
Message change_demographics(World& world);  // ADT^A08
Message merge_duplicate(World& world);      // ADT^A40
Message order_laboratory(World& world);     // OML^O21
Message cancel_order(World& world);         // OML^O21, ORC-1 CA
Message report_preliminary(World& world);   // ORU^R01, OBR-25 P
Message report_final(World& world);         // ORU^R01, OBR-25 F
Message report_correction(World& world);    // ORU^R01, OBR-25 C
Message record_vital_signs(World& world);   // ORU^R01, blood pressure, pulse, temperature
Message prescribe(World& world);            // RDE^O11
Message vaccinate(World& world);            // VXU^V04
Message dictate_document(World& world);     // MDM^T02
Message book_appointment(World& world);     // SIU^S12
Message change_appointment(World& world);   // SIU^S13, S15 or S26
Message charge(World& world);               // DFT^P03

}  // namespace sinew::simulate
