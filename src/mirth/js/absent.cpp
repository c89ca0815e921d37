#include "mirth/js/absent.h"

#include <algorithm>
#include <array>

namespace sinew::mirth::js {
namespace {

struct AbsentRow {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kJava = "Java classes are not there: write it in JavaScript";
constexpr std::string_view kFiles =
    "scripts read and write no files: use a file source or destination";
constexpr std::string_view kNetwork =
    "scripts open no connections: use a destination, such as http or sql";
constexpr std::string_view kChannels =
    "scripts do not steer channels: `sinew delivery` and the console do";
constexpr std::string_view kAttachments =
    "there are no attachments: the whole message is kept once, as it came";
constexpr std::string_view kLasting =
    "nothing that a script keeps lasts beyond the message: use a lookup table, or keep it where "
    "the "
    "message goes";
constexpr std::string_view kSerializers =
    "there are no serializers: say what comes and leaves with the channel's formats";

// Sorted by name.
// clang-format off
constexpr auto kAbsent = std::to_array<AbsentRow>({
    {"$g", kLasting},
    {"$gc", kLasting},
    {"ACKGenerator", "scripts make no acknowledgements: the source answers by its policy"},
    {"AlertSender", "scripts send no alerts: use an alert rule on errors"},
    {"AttachmentUtil", kAttachments},
    {"ChannelUtil", kChannels},
    {"ContextFactory", kJava},
    {"DICOMUtil", kAttachments},
    {"DatabaseConnectionFactory", "scripts open no databases: use an sql source or destination, or a lookup table"},
    {"DefaultHttpClient", kNetwork},
    {"FileUtil", kFiles},
    {"HTTPUtil", kNetwork},
    {"HttpClient", kNetwork},
    {"ImmutableMessage", kChannels},
    {"JavaAdapter", kJava},
    {"JavaImporter", kJava},
    {"MessageHeaders", "scripts do not see the headers of a request as an object"},
    {"NCPDPUtil", "there is no NCPDP"},
    {"Packages", kJava},
    {"RawMessage", kChannels},
    {"SMTPConnectionFactory", "scripts send no mail: use an smtp destination"},
    {"SerializerFactory", kSerializers},
    {"VMRouter", "scripts do not route: use a destination of the kind channel"},
    {"addAttachment", kAttachments},
    {"alerts", "scripts send no alerts: use an alert rule on errors"},
    {"com", kJava},
    {"getAttachment", kAttachments},
    {"getAttachmentIds", kAttachments},
    {"getAttachments", kAttachments},
    {"globalChannelMap", kLasting},
    {"globalMap", kLasting},
    {"importClass", kJava},
    {"importPackage", kJava},
    {"java", kJava},
    {"javax", kJava},
    {"org", kJava},
    {"router", "scripts do not route: use a destination of the kind channel"},
    {"updateAttachment", kAttachments},
});

constexpr auto kJavaRows = std::to_array<JavaRow>({
    {"java.lang.Boolean.parseBoolean",   "e4x.parseBoolean", false},
    {"java.lang.Double.parseDouble",     "parseFloat",       false},
    {"java.lang.Float.parseFloat",       "parseFloat",       false},
    {"java.lang.Integer",                "Number",           true},
    {"java.lang.Integer.parseInt",       "parseInt",         false},
    {"java.lang.Integer.valueOf",        "Number",           false},
    {"java.lang.Long",                   "Number",           true},
    {"java.lang.Long.parseLong",         "parseInt",         false},
    {"java.lang.Math",                   "Math",             false},
    {"java.lang.String",                 "String",           true},
    {"java.lang.String.valueOf",         "String",           false},
    {"java.lang.System.currentTimeMillis", "Date.now",       false},
    {"java.util.ArrayList",              "e4x.ArrayList",    false},
    {"java.util.Date",                   "Date",             false},
    {"java.util.HashMap",                "e4x.HashMap",      false},
    {"java.util.LinkedHashMap",          "e4x.HashMap",      false},
    {"java.util.LinkedList",             "e4x.ArrayList",    false},
    {"java.util.UUID.randomUUID",        "e4x.uuid",         false},
});

constexpr auto kKnown = std::to_array<std::string_view>(
    {"$", "$c", "$cfg", "$co", "$g", "$gc", "$r", "$s", "Array", "Boolean", "Date", "DateUtil", "Infinity", "JSON",
     "Map", "Math", "NaN", "Number", "Object", "RegExp", "Set", "String", "XML", "XMLList", "channelId", "channelMap",
     "channelName", "configurationMap", "connectorMap", "connectorMessage", "decodeURIComponent", "destinationSet",
     "encodeURIComponent", "globalChannelMap", "globalMap", "isFinite", "isNaN", "it", "logger", "lookup", "message",
     "msg", "parseFloat", "parseInt", "responseMap", "sourceMap", "tmp", "undefined", "validate"});

constexpr auto kReserved = std::to_array<std::string_view>(
    {"await", "break", "case", "catch", "class", "const", "continue", "default", "delete", "do", "else", "false",
     "finally", "for", "function", "if", "in", "instanceof", "let", "new", "null", "of", "return", "switch", "this",
     "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield"});

constexpr auto kXmlMethods = std::to_array<std::string_view>(
    {"attribute", "attributes", "child", "childIndex", "children", "comments", "descendants", "elements",
     "hasComplexContent", "hasOwnProperty", "hasSimpleContent", "length", "localName", "name", "namespace", "nodeKind",
     "parent", "text", "toString", "toXMLString", "valueOf"});
// clang-format on

static_assert(std::ranges::is_sorted(kAbsent, {}, &AbsentRow::name));
static_assert(std::ranges::is_sorted(kJavaRows, {}, &JavaRow::path));
static_assert(std::ranges::is_sorted(kKnown));
static_assert(std::ranges::is_sorted(kReserved));
static_assert(std::ranges::is_sorted(kXmlMethods));

}  // namespace

std::string_view why_absent(std::string_view name) {
  auto const found = std::ranges::lower_bound(kAbsent, name, {}, &AbsentRow::name);
  return found != kAbsent.end() && found->name == name ? found->why : std::string_view();
}

JavaRow const* find_java(std::string_view path) {
  auto const found = std::ranges::lower_bound(kJavaRows, path, {}, &JavaRow::path);
  return found != kJavaRows.end() && found->path == path ? &*found : nullptr;
}

bool is_known_name(std::string_view name) { return std::ranges::binary_search(kKnown, name); }
bool is_reserved_word(std::string_view name) { return std::ranges::binary_search(kReserved, name); }
bool is_xml_method(std::string_view name) { return std::ranges::binary_search(kXmlMethods, name); }

}  // namespace sinew::mirth::js
