#include "app/cli.h"

#include <CLI/CLI.hpp>

#include <functional>

#include "app/commands.h"
#include "app/package_registry.h"

namespace sinew::app {
namespace {

// Each function declares one command and ties it to the settings that live in `Commands`.
struct Commands {
  ParseSettings parse;
  ConvertSettings convert;
  SendSettings send;
  SimulateSettings simulate;
  MapCheckSettings map_check, map_test, map_print;
  MapDiffSettings map_diff;
  ExplainSettings explain;
  VerifySettings verify;
  ServeSettings serve;
  FhirpathSettings fhirpath;
  ValidateSettings validate;
  ChannelCheckSettings channel_check;
  ChannelTestSettings channel_test;
  ChannelTrySettings channel_try;
  ImportMirthSettings import_mirth;
  DeliverySettings delivery;
  ChannelPlanSettings channel_plan;
  MessageSettings message;
  PackageSettings package;
  UscdiSettings uscdi;
  ContractSettings contract;
  ConformanceSettings conformance;
  AlertCheckSettings alert_check;
  VersionSettings version;
  std::function<int()> chosen;
};

template <class Settings>
void choose(CLI::App* command, Commands& commands, Settings& settings,
            int (*run)(Settings const&)) {
  command->callback([&commands, &settings, run] {
    commands.chosen = [&settings, run] { return run(settings); };
  });
}

void add_map_options(CLI::App* command, MapSettings& map) {
  command
      ->add_option("--map", map.map_folders,
                   "Folder of mapping tables laid over the built-in ones; repeat for more layers")
      ->allow_extra_args(false);
  command->add_flag("!--no-built-in", map.built_in, "Leave the built-in tables out");
  command
      ->add_option("--feed", map.feed_name,
                   "Name of the sender, part of what identifies a resource")
      ->capture_default_str();
  command->add_option("--charset", map.charset,
                      "Character set (HL7 table 0211 name) to use whatever MSH-18 says");
  command->add_option("--zone", map.zone, "Offset such as -05:00 for times sent without one");
}

void add_parse(CLI::App& app, Commands& commands) {
  auto* const command = app.add_subcommand(
      "parse", "Print HL7 v2 messages as a named tree, with what is wrong marked in place");
  command->add_option("IN", commands.parse.inputs, "Files, folders, or - for standard input");
  command->add_flag("--json", commands.parse.json, "One JSON object per message");
  command->footer("example: sinew parse adt_a01.hl7");
  choose(command, commands, commands.parse, parse);
}

void add_convert(CLI::App& app, Commands& commands) {
  auto& settings = commands.convert;
  auto* const command =
      app.add_subcommand("convert", "Convert messages: HL7 v2 to FHIR R4, or to HL7 v2 again");
  command->add_option("IN", settings.inputs, "Files, folders, or - for standard input");
  command->add_option("--from", settings.from, "Format of the input")
      ->check(CLI::IsMember({"hl7v2"}))
      ->capture_default_str();
  command
      ->add_option(
          "--to", settings.to,
          "fhir: a Bundle per message; ndjson: a resource per line; hl7v2: the message itself")
      ->check(CLI::IsMember({"fhir", "ndjson", "hl7v2"}))
      ->capture_default_str();
  command->add_option("--bundle", settings.bundle, "Type of the Bundle")
      ->check(CLI::IsMember({"transaction", "message", "collection"}))
      ->capture_default_str();
  command->add_flag("--ledger", settings.ledger,
                    "Say on standard error what was mapped, ignored on purpose, and unmapped");
  command->add_flag("--provenance", settings.provenance,
                    "Say on standard error which bytes and which rule each value came from");
  command->add_flag(
      "--normalize", settings.normalize,
      "With --to hl7v2: standard delimiters and terminators instead of the bytes as sent");
  command->add_flag("--pretty", settings.pretty, "Indent the JSON");
  command->add_flag(
      "--json", settings.json,
      "One JSON object per message holding input, bundle, ledger, provenance and issues");
  command->add_option("--out", settings.out_folder, "Write one file per message into this folder");
  add_map_options(command, settings.map);
  command->footer(
      "examples:\n"
      "  sinew convert --from hl7v2 --to fhir oru.hl7 --pretty\n"
      "  sinew convert --to ndjson messages/ > resources.ndjson\n"
      "  sinew convert --ledger oru.hl7 > /dev/null");
  choose(command, commands, settings, convert);
}

void add_send(CLI::App& app, Commands& commands) {
  auto& settings = commands.send;
  auto* const command =
      app.add_subcommand("send", "Send messages over MLLP and print the acknowledgements");
  command->add_option("IN", settings.inputs, "Files, folders, or - for standard input");
  command->add_option("--mllp", settings.mllp, "host:port of the receiver")->required();
  command->add_flag("--tls", settings.tls.enabled, "Speak TLS");
  command->add_option("--ca", settings.tls.ca_file, "PEM file of the authorities to trust");
  command->add_option("--cert", settings.tls.certificate_file, "PEM file of our certificate");
  command->add_option("--key", settings.tls.key_file, "PEM file of our key");
  command->add_option("--connections", settings.connections, "Connections at once")
      ->check(CLI::Range(1U, 10'000U))
      ->capture_default_str();
  command->add_option("--in-flight", settings.in_flight, "Unanswered messages per connection")
      ->check(CLI::Range(1U, 10'000U))
      ->capture_default_str();
  command
      ->add_option("--rate", settings.rate, "Messages per second over all connections; 0: no limit")
      ->capture_default_str();
  command->add_option("--repeat", settings.repeat, "Send everything this many times")
      ->capture_default_str();
  command->add_option("--timeout-ms", settings.timeout_ms, "How long to wait for an answer")
      ->capture_default_str();
  command->add_flag("--new-control-ids", settings.new_control_ids,
                    "Give every copy an MSH-10 of its own, so that none is a duplicate");
  command->add_flag("--quiet", settings.quiet, "Print the summary only");
  command->add_flag("--json", settings.json, "The summary as JSON");
  command->footer("example: sinew send --mllp localhost:2575 --connections 8 --repeat 100 adt.hl7");
  choose(command, commands, settings, send);
}

void add_simulate(CLI::App& app, Commands& commands) {
  auto& settings = commands.simulate;
  auto* const command = app.add_subcommand(
      "simulate", "Play a small synthetic hospital: the same seed gives the same messages");
  command->add_option("--seed", settings.seed, "Which hospital")->capture_default_str();
  command->add_option("--count", settings.count, "Stop after this many messages; 0: go on")
      ->capture_default_str();
  command->add_option("--rate", settings.rate, "Messages per second; 0: as fast as they go")
      ->capture_default_str();
  command->add_option("--mllp", settings.mllp, "Send to host:port, one connection per system");
  command->add_option("--out", settings.out_folder, "Write one file per message into this folder");
  command->add_option("--feed", settings.feed, "Only the messages of one system")
      ->check(CLI::IsMember({"ADT", "LAB", "PHARMACY", "IMMUNIZATION", "DOCUMENTS", "SCHEDULING"}));
  command->add_flag("--no-quirks", settings.no_quirks, "Leave out the odd habits of real senders");
  choose(command, commands, settings, simulate);
}

void add_map(CLI::App& app, Commands& commands) {
  auto* const map = app.add_subcommand("map", "Work on mapping tables");
  map->require_subcommand(1);
  auto* const check =
      map->add_subcommand("check", "Compile the tables and report every mistake with file:line");
  auto* const test = map->add_subcommand("test", "Run the cases that lie beside the tables");
  auto* const print =
      map->add_subcommand("print", "Print the tables in force, each row with the layer it is from");
  struct {
    CLI::App* command;
    MapCheckSettings& settings;
    int (*run)(MapCheckSettings const&);
  } const rows[] = {{check, commands.map_check, map_check},
                    {test, commands.map_test, map_test},
                    {print, commands.map_print, map_print}};
  for (auto const& row : rows) {
    row.command->add_option("FOLDER", row.settings.map.map_folders,
                            "Folders of tables laid over the built-in ones");
    row.command->add_flag("!--no-built-in", row.settings.map.built_in,
                          "Leave the built-in tables out");
    row.command->add_flag("--json", row.settings.json, "For a program to read");
    choose(row.command, commands, row.settings, row.run);
  }
  auto* const diff = map->add_subcommand(
      "diff", "Show which messages of a corpus two sets of tables map differently, and where");
  diff->add_option("BEFORE", commands.map_diff.before, "Folder of tables, or `built-in`")
      ->required();
  diff->add_option("AFTER", commands.map_diff.after, "Folder of tables, or `built-in`")->required();
  diff->add_option("--corpus", commands.map_diff.corpus, "Folder of messages")->required();
  diff->add_flag("--json", commands.map_diff.json, "One JSON object per difference");
  choose(diff, commands, commands.map_diff, map_diff);
}

void add_explain(CLI::App& app, Commands& commands) {
  auto& settings = commands.explain;
  auto* const command = app.add_subcommand(
      "explain", "Show the message, field and rule that a stored value came from");
  command
      ->add_option("WHAT", settings.what,
                   "Type/id or Type/id.element, e.g. Observation/123.valueQuantity")
      ->required();
  command->add_option("--store", settings.store, "The store: a file, or postgresql://...")
      ->capture_default_str();
  command->add_flag("--json", settings.json, "For a program to read");
  add_map_options(command, settings.map);
  choose(command, commands, settings, explain);
}

void add_package_folder(CLI::App* command, std::string& folder) {
  command->add_option("--package-folder", folder,
                      "Folder of the installed packages; default: sinew-packages beside the store");
}

void add_verify(CLI::App& app, Commands& commands) {
  auto& settings = commands.verify;
  auto* const command = app.add_subcommand(
      "verify", "Compare every table of a store with its resources, and mend what differs");
  command->add_option("STORE", settings.store, "The store's file; a server may be running on it")
      ->capture_default_str();
  command->add_flag("--repair", settings.repair,
                    "Mend what is found; no server may be running on the store");
  command->add_flag("--json", settings.json, "For a program to read");
  choose(command, commands, settings, verify);
}

void add_package_option(CLI::App* command, std::vector<std::string>& packages) {
  command
      ->add_option("--package", packages,
                   "FHIR package (.tgz) with profiles and value sets; repeat for more")
      ->allow_extra_args(false);
}

void add_serve(CLI::App& app, Commands& commands) {
  auto& settings = commands.serve;
  auto* const command = app.add_subcommand(
      "serve", "Receive messages over MLLP, store them as FHIR, and answer FHIR requests");
  command
      ->add_option("--store", settings.store,
                   "The store: a file, made when it is not there, or postgresql://...")
      ->capture_default_str();
  command->add_option("--mllp", settings.mllp, "host:port to listen on for HL7 v2")
      ->capture_default_str();
  command
      ->add_option("--listen", settings.listen,
                   "One more feed: NAME=host:port[,map=FOLDER][,charset=NAME][,zone=+hh:mm]; "
                   "repeat for more")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--acknowledge", settings.acknowledge,
          "When a sender in original mode gets AA: durable (on disk) or applied (queryable)")
      ->check(CLI::IsMember({"durable", "applied"}))
      ->capture_default_str();
  command->add_option("--http", settings.http, "host:port to listen on for FHIR")
      ->capture_default_str();
  command->add_option("--mllp-cert", settings.mllp_certificate, "PEM file: MLLP over TLS");
  command->add_option("--mllp-key", settings.mllp_key, "PEM file of its key");
  command->add_option("--mllp-client-ca", settings.mllp_client_ca,
                      "PEM file: senders must show a certificate of this authority");
  command->add_option("--http-cert", settings.http_certificate, "PEM file: HTTPS");
  command->add_option("--http-key", settings.http_key, "PEM file of its key");
  command
      ->add_option("--cors-origin", settings.cors_origins,
                   "Origin whose pages may call the FHIR API (CORS), or *; repeat for more")
      ->allow_extra_args(false);
  command
      ->add_option("--conditional-delete-max", settings.conditional_delete_max,
                   "How many resources one conditional delete may take")
      ->check(CLI::Range(1U, 999U))
      ->capture_default_str();
  command->add_flag("--allow-purge", settings.allows_purge,
                    "Do $purge and $expunge, which take resources away with their history");
  command->add_option("--workers", settings.workers, "Threads that map messages")
      ->check(CLI::Range(1U, 256U))
      ->capture_default_str();
  command
      ->add_option("--idle-seconds", settings.idle_seconds,
                   "Close an MLLP connection that is silent this long; 0: never")
      ->capture_default_str();
  command->add_option("--message-bytes-max", settings.message_bytes_max, "Longest message accepted")
      ->capture_default_str();
  command->add_option("--log-level", settings.log_level, "Least severe line that is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  command->add_option(
      "--channels", settings.channels,
      "Folder of channel files (*.yaml): which messages are passed on, and where to");
  command->add_option("--contracts", settings.contracts,
                      "Folder of accepted feed contracts (*.contract.json): feeds are learned, and "
                      "compared with them");
  command
      ->add_option("--contract-window", settings.contract_window_seconds,
                   "Seconds after which a difference that is not seen again is over")
      ->check(CLI::Range(1U, 30U * 86'400U))
      ->capture_default_str();
  command->add_option("--alerts", settings.alerts,
                      "File of alert rules (YAML): what is watched, and who is told");
  command->add_option("--retention", settings.retention,
                      "Rules of how long messages are kept: a table of feed, status, keep");
  command
      ->add_option("--store-bytes-max", settings.store_bytes_max,
                   "Remove the oldest messages while the database is larger: 50GB")
      ->transform(CLI::AsSizeValue(false));
  add_package_option(command, settings.packages);
  command
      ->add_option("--validate-writes", settings.validate_writes,
                   "Check what clients write: off, base (R4) or profiles; TYPE=LEVEL for one type, "
                   "TYPE=CANONICAL for a profile it has to obey; repeat for more")
      ->allow_extra_args(false);
  add_map_options(command, settings.map);
  command->footer(
      "SIGHUP reads the mapping tables again. SIGTERM stops after what is under way is done.");
  choose(command, commands, settings, serve);
}

void add_fhirpath(CLI::App& app, Commands& commands) {
  auto& settings = commands.fhirpath;
  auto* const command =
      app.add_subcommand("fhirpath", "Evaluate a FHIRPath expression on FHIR resources");
  command->add_option("EXPR", settings.expression, "The expression")->required();
  command->add_option("IN", settings.inputs,
                      "Resources in JSON or XML: files, folders, or - for standard input");
  command->add_flag("--strict", settings.strict,
                    "Refuse names and types that the resource's type rules out");
  command->add_flag("--locations", settings.locations,
                    "Before each item, where it stands and its type");
  command->add_flag("--json", settings.json, "One JSON object per resource");
  command->footer(
      "example: sinew fhirpath \"Patient.name.where(use = 'official').given\" patient.json");
  choose(command, commands, settings, fhirpath);
}

void add_validate(CLI::App& app, Commands& commands) {
  auto& settings = commands.validate;
  auto* const command = app.add_subcommand(
      "validate", "Check resources against FHIR R4 and the profiles of packages");
  command->add_option("IN", settings.inputs,
                      "Resources in JSON or XML: files, folders, or - for standard input");
  add_package_option(command, settings.packages);
  add_package_folder(command, settings.package_folder);
  command
      ->add_option("--profile", settings.profiles,
                   "Canonical of a profile they have to obey, beside those they name themselves; "
                   "repeat for more")
      ->allow_extra_args(false);
  command->add_flag("--all", settings.all, "Print what was not checked, too");
  command->add_flag("--json", settings.json, "One OperationOutcome per resource, a line each");
  command->footer("example: sinew validate --package hl7.fhir.us.core-6.1.0.tgz patient.json");
  choose(command, commands, settings, validate);
}

void add_channel_test(CLI::App& test, Commands& commands) {
  auto& settings = commands.channel_test;
  test.add_option("FOLDER", settings.folder, "Folder of *.yaml files")->required();
  test.add_option("--channel", settings.channel, "Only this channel");
  test.add_option("--received", settings.received, "Time of receipt that scripts see");
  test.add_flag("--update", settings.update, "Write what comes out as what is expected");
  test.add_flag("--json", settings.json, "One JSON document");
  test.footer("example: sinew test channels/ --update");
  choose(&test, commands, settings, channel_test);
}

void add_channel(CLI::App& app, Commands& commands) {
  auto* const channel = app.add_subcommand("channel", "Look into channel files");
  channel->require_subcommand(1);
  auto* const check =
      channel->add_subcommand("check", "Read every channel of a folder and say what it does");
  check->add_option("FOLDER", commands.channel_check.folder, "Folder of *.yaml files")->required();
  check->footer("example: sinew channel check channels/");
  choose(check, commands, commands.channel_check, channel_check);
  auto* const test =
      channel->add_subcommand("test", "Run the samples of a folder's tests through its channels");
  add_channel_test(*test, commands);
  auto* const attempt =
      channel->add_subcommand("try", "Print what each destination would get of a message");
  auto& trying = commands.channel_try;
  attempt->add_option("FOLDER", trying.folder, "Folder of *.yaml files")->required();
  attempt->add_option("MESSAGE", trying.input, "HL7 v2 file, or - for standard input")->required();
  attempt->add_option("--channel", trying.channel, "Only this channel");
  attempt->add_option("--feed", trying.feed, "Feed that the message comes from");
  attempt->add_option("--received", trying.received, "Time of receipt that scripts see");
  attempt->add_flag("--json", trying.json, "One JSON document");
  attempt->footer("example: sinew channel try channels/ sample.hl7 --channel lab-results");
  choose(attempt, commands, trying, channel_try);
}

void add_import(CLI::App& app, Commands& commands) {
  auto& settings = commands.import_mirth;
  auto* const command = app.add_subcommand("import", "Make channel files of another engine's");
  command->require_subcommand(1);
  auto* const mirth = command->add_subcommand(
      "mirth", "Make a folder of channels from exports of Mirth Connect, OIE or BridgeLink");
  mirth
      ->add_option("FILE", settings.inputs,
                   "Channels, groups, code template libraries, backups of a server; a folder "
                   "stands for the files in it")
      ->required();
  mirth->add_option("-o,--out", settings.out_folder, "Folder to write")->required();
  mirth->add_flag("--force", settings.force, "Write over files that are there");
  mirth->add_flag("--json", settings.json, "Print the report as JSON");
  mirth->footer("example: sinew import mirth backup.xml -o channels/");
  choose(mirth, commands, settings, import_mirth);
}

CLI::App* add_channel_change(CLI::App& app, Commands& commands, char const* name, char const* what,
                             int (*run)(ChannelPlanSettings const&)) {
  auto& settings = commands.channel_plan;
  auto* const command = app.add_subcommand(name, what);
  command->add_option("--server", settings.server, "Address of the server")->capture_default_str();
  choose(command, commands, settings, run);
  return command;
}

void add_plan(CLI::App& app, Commands& commands) {
  auto& settings = commands.channel_plan;
  constexpr auto kFolder = "Folder of channels; left out: the one that the server reads";
  add_channel_change(app, commands, "plan",
                     "Say what a changed folder of channels would do to a running server",
                     channel_plan)
      ->add_option("FOLDER", settings.folder, kFolder);
  add_channel_change(app, commands, "apply",
                     "Put the folder of channels in force, between two messages", channel_apply)
      ->add_option("FOLDER", settings.folder, kFolder);
  add_channel_change(app, commands, "versions", "List the channels that were in force",
                     channel_versions)
      ->add_flag("--json", settings.json, "As the server gives it");
  add_channel_change(app, commands, "rollback",
                     "Make the server's folder what it was, and put it in force", channel_rollback)
      ->add_option("VERSION", settings.version, "Number of the version")
      ->required();
}

void add_delivery(CLI::App& app, Commands& commands) {
  auto& settings = commands.delivery;
  auto* const command = app.add_subcommand(
      "delivery", "See what a running server has to pass on, and decide about it");
  command->require_subcommand(1);
  auto const add = [&](char const* name, char const* what, int (*run)(DeliverySettings const&)) {
    auto* const each = command->add_subcommand(name, what);
    each->add_option("--server", settings.server, "Address of the server")->capture_default_str();
    choose(each, commands, settings, run);
    return each;
  };
  auto* const state = add("state", "Print how each destination does", delivery_state);
  state->add_flag("--json", settings.json, "As the server gives it");
  auto* const list = add("list", "Print deliveries, the newest first", delivery_list);
  list->add_option("--destination", settings.destination, "Only those of channel/destination");
  list->add_option("--status", settings.status, "Only those that stand there")
      ->check(CLI::IsMember({"waiting", "sending", "delivered", "held", "dead", "skipped"}));
  list->add_option("--count", settings.count, "How many at most")->capture_default_str();
  list->add_flag("--json", settings.json, "As the server gives it");
  add("resend", "Send again, or at once", delivery_resend)
      ->add_option("ITEM", settings.targets, "Numbers of deliveries")
      ->required();
  add("skip", "Do not send, and let go on what waits behind", delivery_skip)
      ->add_option("ITEM", settings.targets, "Numbers of deliveries")
      ->required();
  add("pause", "Send nothing more to a destination for now", delivery_pause)
      ->add_option("DESTINATION", settings.targets, "channel/destination")
      ->required();
  add("resume", "Go on sending to a destination", delivery_resume)
      ->add_option("DESTINATION", settings.targets, "channel/destination")
      ->required();
}

struct CriterionRow {
  char const *name, *what;
};
constexpr CriterionRow kMessageCriteria[] = {
    {"patient", "A number of the patient, also a former one"},
    {"name", "Words of the patient's name; word* for its beginning"},
    {"visit", "The visit's number"},
    {"order", "A number of an order"},
    {"accession", "An accession number"},
    {"control", "The control id (MSH-10)"},
    {"type", "ADT, A01, ADT^A01"},
    {"feed", "The feed it came by"},
    {"text", "Words that stand anywhere in it"},
    {"status", "received, applied, failed, duplicate, ignored"},
    {"reason", "Text of the reason why it failed"},
    {"since", "Received then or later: 2026-11-21, 2026-11-21T10:00:00Z"},
    {"until", "Received before then"},
    {"before", "Older than the message of that number"},
};

void add_message(CLI::App& app, Commands& commands) {
  auto& settings = commands.message;
  auto* const command = app.add_subcommand(
      "message", "Find messages of a running server, and have them mapped again");
  command->require_subcommand(1);
  auto const add = [&](char const* name, char const* what, int (*run)(MessageSettings const&)) {
    auto* const each = command->add_subcommand(name, what);
    each->add_option("--server", settings.server, "Address of the server")->capture_default_str();
    each->add_flag("--json", settings.json, "As the server gives it");
    choose(each, commands, settings, run);
    return each;
  };
  settings.criteria.clear();
  for (auto const& row : kMessageCriteria) settings.criteria.emplace_back(row.name, "");
  auto const add_criteria = [&](CLI::App* each) {
    for (std::size_t i = 0; i < settings.criteria.size(); ++i)
      each->add_option(std::string("--") + kMessageCriteria[i].name, settings.criteria[i].second,
                       kMessageCriteria[i].what);
  };
  auto* const find =
      add("find", "Print messages that meet all criteria, the newest first", message_find);
  add_criteria(find);
  find->add_option("--count", settings.count, "How many at most")->capture_default_str();
  find->footer("example: sinew message find --name 'mueller a*' --since 2026-11-20");
  add("show", "Print messages and where they went", message_show)
      ->add_option("MESSAGE", settings.targets, "Numbers of messages")
      ->required();
  auto* const reprocess = add("reprocess",
                              "Have messages taken up again as if they had just come, by the "
                              "tables and channels in force",
                              message_reprocess);
  reprocess->add_option("MESSAGE", settings.targets, "Numbers of messages; or say which:");
  add_criteria(reprocess);
  reprocess->add_flag("--all", settings.takes_all, "Every message");
  reprocess->add_flag("!--no-delivery", settings.delivers, "Do not pass them on again");
  reprocess->footer("example: sinew message reprocess --status failed --since 2026-11-20");
}

void add_package(CLI::App& app, Commands& commands) {
  auto& settings = commands.package;
  settings.registry = kPackageRegistry;
  auto* const package = app.add_subcommand(
      "package", "Install FHIR packages (implementation guides), which serve uses");
  package->require_subcommand(1);
  auto* const add = package->add_subcommand("add", "Install packages");
  add->add_option("PACKAGE", settings.inputs,
                  "Files (.tgz), or name@version to fetch from the registry; without version the "
                  "latest")
      ->required();
  add->add_option("--registry", settings.registry, "Address of the registry of FHIR packages")
      ->capture_default_str();
  auto* const list = package->add_subcommand(
      "list", "List what is installed, or print what the packages in files define");
  list->add_option("FILE", settings.inputs, "Packages (.tgz)");
  auto* const remove = package->add_subcommand("remove", "Take away an installed package");
  remove->add_option("PACKAGE", settings.inputs, "name@version")->required();
  struct {
    CLI::App* command;
    int (*run)(PackageSettings const&);
  } const rows[] = {{add, package_add}, {list, package_list}, {remove, package_remove}};
  for (auto const& row : rows) {
    row.command->add_option("--store", settings.store, "The store beside which packages lie")
        ->capture_default_str();
    add_package_folder(row.command, settings.folder);
    choose(row.command, commands, settings, row.run);
  }
  add->footer(
      "examples:\n"
      "  sinew package add hl7.fhir.us.core@6.1.0\n"
      "  sinew package add --store /var/lib/sinew/sinew.db us-core.tgz");
}

void add_uscdi(CLI::App& app, Commands& commands) {
  auto& settings = commands.uscdi;
  auto* const command = app.add_subcommand(
      "uscdi", "Report how far the data elements of USCDI v3 are covered by what is stored");
  command->add_option("STORE", settings.store, "The store's file")->capture_default_str();
  command->add_option("--url", settings.url, "Ask a running server: http://host:port");
  add_package_option(command, settings.packages);
  add_package_folder(command, settings.package_folder);
  command->add_flag("!--no-conformance", settings.conformance,
                    "Do not check resources against their profiles, which takes most of the time");
  command->add_flag("--json", settings.json, "For a program to read");
  command->footer(
      "Conformance is told for the profiles of the packages that are installed or named.");
  choose(command, commands, settings, uscdi);
}

void add_conformance(CLI::App* command, Commands& commands) {
  auto& settings = commands.conformance;
  auto* const validate = command->add_subcommand(
      "validate", "Check messages against a conformance profile (XML of NIST's tools)");
  validate->add_option("--profile", settings.profile, "The profile")->required();
  validate->add_option("--constraints", settings.constraints, "Its predicates and constraints");
  validate->add_option("--values", settings.values, "Its value sets");
  validate->add_option("IN", settings.inputs, "Files, folders, or - for standard input");
  validate->add_flag("--all", settings.all, "Print what was not checked, too");
  validate->add_flag("--json", settings.json, "One JSON object per message");
  choose(validate, commands, settings, contract_validate);
}

void add_contract(CLI::App& app, Commands& commands) {
  auto& settings = commands.contract;
  auto* const command = app.add_subcommand(
      "contract", "Learn what a feed really sends, write it down, and see when it changes");
  command->require_subcommand(1);
  auto* const learn = command->add_subcommand("learn", "Learn a contract from messages");
  learn->add_option("IN", settings.inputs, "Files, folders, or - for standard input");
  learn->add_option("--store", settings.store, "Learn from what this store has received instead");
  learn->add_option("--feed", settings.feed, "Name of the feed; of a store, only its messages");
  learn->add_option("--from", settings.contract, "Go on from this contract");
  learn->add_option("--messages-max", settings.messages_max, "The newest so many of a store")
      ->capture_default_str();
  learn->add_option("-o,--out", settings.out, "Write the contract here");
  learn->footer("example: sinew contract learn messages/ --feed lab -o lab.contract.json");
  choose(learn, commands, settings, contract_learn);
  auto* const show = command->add_subcommand("show", "Print the interface specification");
  show->add_option("CONTRACT", settings.contract, "The contract's file")->required();
  show->add_flag("--html", settings.html, "As HTML instead of Markdown");
  show->add_option("-o,--out", settings.out, "Write the page here");
  choose(show, commands, settings, contract_show);
  auto* const check = command->add_subcommand(
      "check", "List what messages, or another contract (*.json), have that a contract has not");
  check->add_option("CONTRACT", settings.contract, "The contract's file")->required();
  check->add_option("IN", settings.inputs, "Files, folders, or - for standard input");
  check->add_flag("--all", settings.all, "Print what is only worth knowing, too");
  check->add_flag("--json", settings.json, "One JSON array, with everything");
  check->footer("Exit status 1: something changed that a receiver may have to know.");
  choose(check, commands, settings, contract_check);
  add_conformance(command, commands);
}

void add_alert(CLI::App& app, Commands& commands) {
  auto* const command = app.add_subcommand("alert", "Look into alert rules");
  command->require_subcommand(1);
  auto* const check = command->add_subcommand("check", "Read a file of alert rules and list them");
  check->add_option("FILE", commands.alert_check.file, "The rules (*.yaml)")->required();
  choose(check, commands, commands.alert_check, alert_check);
}

void add_version(CLI::App& app, Commands& commands) {
  auto* const command = app.add_subcommand("version", "Print the version and what was built in");
  command->add_flag("--json", commands.version.json, "For a program to read");
  choose(command, commands, commands.version, version);
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Sinew: from the wire to FHIR, with every value traceable to the byte it came from");
  app.name("sinew");
  app.require_subcommand(1);
  app.set_config("--config", "", "Read options from a TOML file");
  Commands commands;
  add_serve(app, commands);
  add_convert(app, commands);
  add_parse(app, commands);
  add_send(app, commands);
  add_map(app, commands);
  add_explain(app, commands);
  add_verify(app, commands);
  add_simulate(app, commands);
  add_fhirpath(app, commands);
  add_validate(app, commands);
  add_package(app, commands);
  add_channel(app, commands);
  add_channel_test(*app.add_subcommand("test", "The same as `channel test`"), commands);
  add_import(app, commands);
  add_plan(app, commands);
  add_delivery(app, commands);
  add_message(app, commands);
  add_uscdi(app, commands);
  add_contract(app, commands);
  add_alert(app, commands);
  add_version(app, commands);
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    auto const asked_for_help = app.exit(error) == 0;
    return asked_for_help ? kExitSuccess : kExitUsage;
  }
  return commands.chosen();
}

}  // namespace sinew::app
