#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sinew::app {

// One structure of settings and one function per command; cli.cpp fills the one from the command
// line and calls the other. Each returns the exit status of the process.

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailed =
    1;  ///< some input or some check failed; standard error says which
inline constexpr int kExitUsage = 2;  ///< the command line itself is wrong

/// Tables and habits of one sender, as every command that maps takes them.
struct MapSettings {
  std::vector<std::string> map_folders;  ///< layers over the built-in tables, in order
  bool built_in = true;                  ///< false: `map_folders` alone
  std::string feed_name = "default";
  std::string charset;  ///< table 0211 name that overrides MSH-18
  std::string zone;     ///< "+01:00": for times sent without one
};

struct ParseSettings {
  std::vector<std::string> inputs;
  bool json = false;
};
int parse(ParseSettings const& settings);

struct ConvertSettings {
  std::vector<std::string> inputs;
  MapSettings map;
  std::string from = "hl7v2";
  std::string to = "fhir";             ///< fhir, ndjson, hl7v2
  std::string bundle = "transaction";  ///< transaction, message, collection
  std::string out_folder;              ///< one file per message instead of standard output
  bool ledger = false;
  bool provenance = false;
  bool normalize = false;
  bool pretty = false;
  bool json = false;
};
int convert(ConvertSettings const& settings);

struct TlsSettings {
  bool enabled = false;
  std::string ca_file, certificate_file, key_file;
};

struct SendSettings {
  std::vector<std::string> inputs;
  std::string mllp;  ///< host:port
  TlsSettings tls;
  unsigned connections = 1;
  unsigned in_flight = 1;  ///< messages of one connection sent before their answers came
  double rate = 0;         ///< messages per second over all connections; 0: as fast as they go
  std::uint64_t repeat = 1;
  unsigned timeout_ms = 30'000;
  bool new_control_ids = false;  ///< a fresh MSH-10 in every copy
  bool quiet = false;
  bool json = false;
};
int send(SendSettings const& settings);

struct SimulateSettings {
  std::uint64_t seed = 1;
  std::uint64_t count = 0;  ///< 0: without end
  double rate = 0;          ///< messages per second; 0: as fast as they go
  std::string mllp;         ///< host:port; empty: standard output
  std::string out_folder;
  std::string feed;  ///< only this sending system
  bool no_quirks = false;
};
int simulate(SimulateSettings const& settings);

struct MapCheckSettings {
  MapSettings map;
  bool json = false;
};
int map_check(MapCheckSettings const& settings);
int map_test(MapCheckSettings const& settings);
int map_print(MapCheckSettings const& settings);

struct MapDiffSettings {
  std::string before, after;  ///< folders of tables; "built-in" names those of the program
  std::string corpus;
  bool json = false;
};
int map_diff(MapDiffSettings const& settings);

struct ExplainSettings {
  std::string what;  ///< "Observation/123.valueQuantity"
  std::string store = "sinew.db";
  MapSettings map;
  bool json = false;
};
int explain(ExplainSettings const& settings);

struct VerifySettings {
  std::string store = "sinew.db";
  bool repair = false;
  bool json = false;
};
int verify(VerifySettings const& settings);

struct ServeSettings {
  std::string store = "sinew.db";
  std::string mllp = "127.0.0.1:2575";  ///< of the feed that `map` describes
  std::vector<std::string> listen;      ///< more feeds: "lab=0.0.0.0:2576,map=site/lab,zone=-05:00"
  std::string http = "127.0.0.1:8080";
  std::string mllp_certificate, mllp_key, mllp_client_ca;
  std::string http_certificate, http_key;
  std::vector<std::string> cors_origins;  ///< pages that may call: "https://app.example", "*"
  std::size_t conditional_delete_max = 1;
  bool allows_purge = false;
  MapSettings map;
  unsigned workers = 2;
  unsigned idle_seconds = 0;
  std::string acknowledge = "durable";  ///< when an original-mode sender gets AA: durable, applied
  std::size_t message_bytes_max = std::size_t{16} << 20;
  std::string log_level = "info";
  std::string channels;   ///< folder of channel files; empty: nothing is passed on
  std::string contracts;  ///< folder of accepted feed contracts; empty: none is kept
  unsigned contract_window_seconds = 3600;
  std::string retention;              ///< file of rules; empty: messages are kept for ever
  std::uint64_t store_bytes_max = 0;  ///< the oldest messages go beyond; 0: no limit
  std::string alerts;                 ///< file of alert rules; empty: none
  std::vector<std::string> packages;  ///< FHIR packages that $validate and writes are checked with
  std::string package_folder;         ///< of the installed ones; empty: beside the store
  /// What writes are checked against: "profiles", "Observation=base", "Patient=http://..."
  std::vector<std::string> validate_writes;
};
int serve(ServeSettings const& settings);

struct ChannelCheckSettings {
  std::string folder;
};
int channel_check(ChannelCheckSettings const& settings);

/// Samples are received at the same time always, so that what scripts write does not change.
inline constexpr char kSampleReceived[] = "2026-01-01T12:00:00Z";
struct ChannelTestSettings {
  std::string folder;
  std::string channel;  ///< only this one
  std::string received = kSampleReceived;
  bool update = false;
  bool json = false;
};
int channel_test(ChannelTestSettings const& settings);

struct ChannelTrySettings {
  std::string folder, input;
  std::string channel;  ///< only this one
  std::string feed;     ///< empty: one that the channel takes
  std::string received = kSampleReceived;
  bool json = false;
};
int channel_try(ChannelTrySettings const& settings);
struct ImportMirthSettings {
  std::vector<std::string> inputs;
  std::string out_folder;
  bool force = false;  ///< files that are there already are written over
  bool json = false;
};
int import_mirth(ImportMirthSettings const& settings);

/// What waits to be sent by a running server, and what a person decides about it.
struct MessageSettings {
  std::string server = "http://127.0.0.1:8080";
  /// What GET /messages is asked: "patient", "A-100".
  std::vector<std::pair<std::string, std::string>> criteria;
  std::size_t count = 50;
  std::vector<std::string> targets;  ///< numbers of messages
  bool json = false, delivers = true, takes_all = false;
};
struct ChannelPlanSettings {
  std::string server = "http://127.0.0.1:8080";
  std::string folder;  ///< empty: the one that the server reads
  std::uint64_t version = 0;
  bool json = false;
};
struct DeliverySettings {
  std::string server = "http://127.0.0.1:8080";
  std::string destination;  ///< only this one's
  std::string status;       ///< waiting, sending, delivered, held, dead, skipped
  std::size_t count = 50;
  std::vector<std::string> targets;  ///< items, or destinations to pause and resume
  bool json = false;
};
int message_find(MessageSettings const& settings);
int message_show(MessageSettings const& settings);
int message_reprocess(MessageSettings const& settings);
int channel_plan(ChannelPlanSettings const& settings);
int channel_apply(ChannelPlanSettings const& settings);
int channel_versions(ChannelPlanSettings const& settings);
int channel_rollback(ChannelPlanSettings const& settings);
int delivery_state(DeliverySettings const& settings);
int delivery_list(DeliverySettings const& settings);
int delivery_resend(DeliverySettings const& settings);
int delivery_skip(DeliverySettings const& settings);
int delivery_pause(DeliverySettings const& settings);
int delivery_resume(DeliverySettings const& settings);

struct FhirpathSettings {
  std::string expression;
  std::vector<std::string> inputs;  ///< FHIR resources, JSON or XML
  bool strict = false;
  bool locations = false;  ///< where each item stands, and its type
  bool json = false;
};
int fhirpath(FhirpathSettings const& settings);

struct ValidateSettings {
  std::vector<std::string> inputs;    ///< FHIR resources, JSON or XML
  std::vector<std::string> packages;  ///< `.tgz` files, beside those that are installed
  std::string package_folder;         ///< of the installed ones
  std::vector<std::string> profiles;  ///< canonicals, beside those of meta.profile
  bool all = false;                   ///< information, too
  bool json = false;
};
int validate(ValidateSettings const& settings);

struct PackageSettings {
  std::vector<std::string> inputs;  ///< files, or name@version
  std::string folder;               ///< of the installed packages; empty: beside the store
  std::string store = "sinew.db";
  std::string registry;
};
int package_add(PackageSettings const& settings);
int package_list(PackageSettings const& settings);
int package_remove(PackageSettings const& settings);

struct UscdiSettings {
  std::string store = "sinew.db";
  std::string url;  ///< of a running server, asked in place of the store
  std::vector<std::string> packages;
  std::string package_folder;
  bool conformance = true;
  bool json = false;
};
int uscdi(UscdiSettings const& settings);

/// What a feed really sends: learned, shown, compared.
struct ContractSettings {
  std::vector<std::string> inputs;
  std::string contract;  ///< to show, to compare with, or to go on from
  std::string store;     ///< learn its journal in place of files
  std::string feed;
  std::string out;  ///< empty: standard output
  std::size_t messages_max = 1'000'000;
  bool html = false;
  bool all = false;
  bool json = false;
};
int contract_learn(ContractSettings const& settings);
int contract_show(ContractSettings const& settings);
int contract_check(ContractSettings const& settings);

/// Messages against a conformance profile of HL7 v2.
struct ConformanceSettings {
  std::vector<std::string> inputs;
  std::string profile, constraints, values;  ///< XML as the tools of NIST export it
  bool all = false;                          ///< what was not checked, too
  bool json = false;
};
int contract_validate(ConformanceSettings const& settings);

struct AlertCheckSettings {
  std::string file;
};
int alert_check(AlertCheckSettings const& settings);

struct VersionSettings {
  bool json = false;
};
int version(VersionSettings const& settings);

}  // namespace sinew::app
