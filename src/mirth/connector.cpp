#include "mirth/connector.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::mirth {
namespace {

constexpr std::size_t kLineBytesMax = 96;

struct DriverRow {
  std::string_view begins;  ///< of the URL
  std::string_view ours;    ///< empty: there is no such database here
};
constexpr auto kDrivers = std::to_array<DriverRow>({
    {"jdbc:postgresql:", "postgresql:"},
    {"jdbc:sqlite:", "sqlite:"},
});

struct PluginRow {
  std::string_view kind;
  std::string_view why;
};
constexpr auto kPlugins = std::to_array<PluginRow>({
    {"AdvancedClusteringConnectorPluginProperties", "clustering is a matter of the server"},
    {"DigestHttpAuthProperties", "HTTP digest is not there: use basic, or a proxy"},
    {"JavaScriptHttpAuthProperties", "who may call is not decided by scripts"},
    {"CustomHttpAuthProperties", "Java classes are not there"},
    {"OAuth2HttpAuthProperties", "tokens are not checked by the source: put a proxy before it"},
});

std::string scheme_folder(std::string const& folder) {
  return folder.size() > 1 && folder.ends_with('/') ? folder.substr(0, folder.size() - 1) : folder;
}

Section sftp_section(Item const& properties, Part const& part) {
  Section section("sftp");
  auto const host = properties.trimmed("host");
  auto const slash = host.find('/');
  auto server = host.substr(0, slash);
  auto const colon = server.rfind(':');
  auto const port = colon == std::string::npos ? std::string("22") : server.substr(colon + 1);
  server = server.substr(0, colon);
  add_address(section.settings, part, server, port);
  auto const folder = slash == std::string::npos ? std::string("/") : host.substr(slash);
  section.settings.emplace_back("user",
                                scalar(setting(part, "user", properties.trimmed("username"))));
  auto const scheme = properties["schemeProperties"];
  if (scheme.is_true("keyAuth")) {
    section.settings.emplace_back("key-file",
                                  scalar(setting(part, "key file", scheme.trimmed("keyFile"))));
    if (!scheme.trimmed("passPhrase").empty())
      section.settings.emplace_back("key-password", scalar(secret(part, "key password")));
  } else {
    section.settings.emplace_back("password", scalar(secret(part, "password")));
  }
  auto const known = scheme.trimmed("knownHostsFile");
  if (known.empty())
    part.by_hand("host key", "the server's key has to be known: make a known_hosts file");
  section.settings.emplace_back(
      "known-hosts",
      scalar(known.empty() ? secret(part, "known hosts") : setting(part, "known hosts", known)));
  section.settings.emplace_back("folder", scalar(scheme_folder(setting(part, "folder", folder))));
  return section;
}

}  // namespace

std::string duration(std::int64_t milliseconds) {
  constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
  milliseconds = std::clamp<std::int64_t>(milliseconds, 1, 1'000'000 * kSecond);
  if (milliseconds % kHour == 0) return std::to_string(milliseconds / kHour) + "h";
  if (milliseconds % kMinute == 0) return std::to_string(milliseconds / kMinute) + "m";
  if (milliseconds % kSecond == 0) return std::to_string(milliseconds / kSecond) + "s";
  return std::to_string(std::min<std::int64_t>(milliseconds, 1'000'000)) + "ms";
}

std::string frame_of(Item const& mode) {
  auto const begins = mode.trimmed("startOfMessageBytes"), ends = mode.trimmed("endOfMessageBytes");
  bool const is_mllp = begins == "0B" && ends == "1C0D";
  if (is_mllp || ends.empty()) return {};
  // The digits alone could be read as a number.
  return "{start: \"" + begins + "\", end: \"" + ends + "\"}";
}

std::string secret(Part const& part, std::string_view what) {
  std::string const place = part.channel() + (part.name() == "source" ? "" : " " + part.name());
  auto name = place + " " + std::string(what);
  if (auto const at = name.find(" destination "); at != std::string::npos)
    name.erase(at, std::string_view(" destination").size());
  return part.variable(name,
                       std::string(what) + " of " + part.name() + " of channel " + part.channel());
}

void add_address(Settings& settings, Part const& part, std::string const& host,
                 std::string const& port) {
  settings.emplace_back("host", scalar(setting(part, "host", host)));
  settings.emplace_back("port", scalar(port_setting(part, port)));
}

Section folder_section(Item const& properties, Part const& part) {
  auto const scheme = to_upper(properties.trimmed("scheme"));
  if (scheme == "SFTP") return sftp_section(properties, part);
  Section section("file");
  auto const folder = properties.trimmed("host");
  section.settings.emplace_back("folder", scalar(scheme_folder(setting(part, "folder", folder))));
  if (!scheme.empty() && scheme != "FILE") {
    part.by_hand("scheme " + scheme, "files are local or on an SFTP server: mount it, or let " +
                                         scheme + " be fetched by another program");
    section.kind = to_lower(scheme);
  }
  if (folder.size() > 1 && folder[1] == ':')
    part.by_hand("folder", "a folder of Windows: name the one it is here");
  return section;
}

Section database_section(Item const& properties, Part const& part) {
  Section section("sql");
  auto url = properties.trimmed("url");
  auto const* const row = std::ranges::find_if(
      kDrivers, [&url](DriverRow const& each) { return url.starts_with(each.begins); });
  if (row == kDrivers.end()) {
    auto const driver = properties.trimmed("driver");
    part.by_hand("database", "there are PostgreSQL and SQLite, and this is " +
                                 (driver.empty() ? "of another kind" : driver) +
                                 ": a foreign data wrapper or a small program can stand between");
    section.is_draft = true;
  } else {
    url = std::string(row->ours) + url.substr(row->begins.size());
  }
  // `?user=a&password=b` may stand there.
  url.erase(std::min(url.size(), url.find_first_of("?;")));
  if (properties.trimmed("password").empty() && properties.trimmed("username").empty()) {
    section.settings.emplace_back("connection", scalar(setting(part, "database", url)));
    return section;
  }
  auto const name = part.channel() + (part.name() == "source" ? "" : " " + part.name());
  section.settings.emplace_back(
      "connection", scalar(part.variable(
                        name + " connection",
                        "the database, its user and password: " + setting(part, "database", url) +
                            " for the user '" + properties.trimmed("username") + "'")));
  return section;
}

std::string tls_of(Item const& properties, Part const& part, std::string_view side) {
  for (auto const& plugin : properties["pluginProperties"].items()) {
    if (plugin.kind() != "SSLConnectorPluginProperties" || !plugin.is_true("enabled")) continue;
    part.by_hand("TLS",
                 "keys and certificates are files here, not entries of a keystore: export "
                 "them and set the variables");
    Settings tls;
    bool const is_server = side == "server";
    auto const client_auth = plugin.trimmed("clientAuthentication");
    if (is_server || !plugin.trimmed("localCertificateAlias").empty()) {
      tls.emplace_back("certificate", scalar(secret(part, "certificate file")));
      tls.emplace_back("key", scalar(secret(part, "key file")));
    }
    if (is_server && (client_auth == "REQUIRED" || client_auth == "REQUESTED"))
      tls.emplace_back("client-ca", scalar(secret(part, "client ca file")));
    if (!is_server) tls.emplace_back("ca", scalar(secret(part, "ca file")));
    if (plugin.is_true("trustAllCertificates"))
      part.differs("TLS", "Mirth trusts every certificate; here the authority has to be named");
    return flow(tls);
  }
  return {};
}

void report_plugins(Item const& properties, Part const& part) {
  for (auto const& plugin : properties["pluginProperties"].items()) {
    auto const kind = plugin.kind();
    if (kind == "NoneHttpAuthProperties" || kind == "BasicHttpAuthProperties" ||
        kind == "SSLConnectorPluginProperties")
      continue;
    auto const* const row = std::ranges::find(kPlugins, kind, &PluginRow::kind);
    part.by_hand("plugin " + kind,
                 row == kPlugins.end() ? "this plugin is not known" : std::string(row->why));
  }
}

void write_section(Yaml& yaml, int depth, Section const& section) {
  if (section.kind.empty()) return;
  if (!section.value.empty()) return yaml.pair(depth, section.kind, section.value);
  std::string const one_line = section.kind + ": " + flow(section.settings);
  Yaml lines;
  if (one_line.size() <= kLineBytesMax) {
    lines.line(0, one_line);
  } else {
    lines.line(0, section.kind + ":");
    for (auto const& [key, value] : section.settings) lines.pair(1, key, value);
  }
  yaml.block(depth, lines.text());
}

std::string transport_of(Item const& connector) {
  auto const name = connector.trimmed("transportName");
  return name.empty() ? connector["properties"].kind() : name;
}

}  // namespace sinew::mirth
