#include <doctest/doctest.h>
#include <zlib.h>

#include "base/file.h"
#include "validate/package.h"

namespace sinew::validate {
namespace {

constexpr auto kPackages = SINEW_SOURCE_DIR "/../shared/corpora/packages/";

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string octal(std::uint64_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, value /= 8) {
    *at = static_cast<char>('0' + value % 8);
  }
  return text;
}

/// A tar entry; `size` lies about the content when given.
std::string entry(std::string_view name, std::string_view content, char kind = '0',
                  std::uint64_t size = 0) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, 11, octal(size ? size : content.size(), 11));
  header[156] = kind;
  header.replace(257, 6, std::string_view("ustar\0", 6));
  header.replace(148, 8, "        ");
  std::uint64_t sum = 0;
  for (unsigned char const c : header) sum += c;
  header.replace(148, 7, octal(sum, 6) + std::string(1, '\0'));
  std::string padded(content);
  padded.resize((content.size() + 511) / 512 * 512, '\0');
  return header + padded;
}

std::vector<std::string> names_in(std::string const& tar) {
  std::vector<std::string> names;
  auto const done =
      for_each_file(tar, {}, [&](ArchiveFile const& file) { names.emplace_back(file.name); });
  CHECK(done);
  return names;
}

constexpr std::string_view kManifest = R"({"name":"x.y","version":"1.2.3"})";

}  // namespace

TEST_CASE("names that leave the archive, links and devices are passed over") {
  auto const tar = entry("../evil", "x") + entry("/etc/passwd", "x") + entry("a/../../b", "x") +
                   entry("..\\evil", "x") + entry("link", "", '2') + entry("device", "", '3') +
                   entry("folder/", "", '5') + entry("a/..b/good", "x") + std::string(1024, '\0');
  CHECK(names_in(tar) == std::vector<std::string>{"a/..b/good"});
}

TEST_CASE("long names are read in GNU's form and in that of pax") {
  std::string const name = "package/" + std::string(120, 'n') + ".json";
  std::string const record = " path=" + name + "\n";
  auto const pax = std::to_string(record.size() + 3) + record;
  CHECK(names_in(entry("././@LongLink", name + '\0', 'L') + entry("cut", "x") +
                 entry("pax", pax, 'x') + entry("cut", "x") + entry("last", "y")) ==
        std::vector<std::string>{name, name, "last"});
}

TEST_CASE("a damaged archive is refused, and one over its limits") {
  auto const nothing = [](ArchiveFile const&) {};
  auto broken = entry("a", "x");
  broken[0] = 'b';
  CHECK_FALSE(for_each_file(broken, {}, nothing));
  CHECK_FALSE(for_each_file(entry("a", "x", '0', 1'000'000), {}, nothing));
  auto const two = entry("a", "x") + entry("b", "y");
  CHECK(for_each_file(two, {two.size(), 2}, nothing));
  CHECK(for_each_file(two, {two.size(), 1}, nothing).error().code == ErrorCode::too_large);
  CHECK(for_each_file(two, {two.size() - 1, 2}, nothing).error().code == ErrorCode::too_large);
}

TEST_CASE("gzip: several members, cut short, wrong checksum, and a bomb") {
  auto const packed = gzip("hello");
  CHECK(*unpack_gzip(packed + gzip(" world"), 11) == "hello world");
  CHECK(unpack_gzip(packed, 4).error().code == ErrorCode::too_large);
  CHECK(*unpack_gzip(packed, 5) == "hello");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CHECK_FALSE(unpack_gzip(std::string_view(packed).substr(0, size), 100));
  }
  auto wrong = packed;
  wrong[wrong.size() - 6] ^= 1;
  CHECK_FALSE(unpack_gzip(wrong, 100));
  CHECK(unpack_gzip("hello", 100).error().code == ErrorCode::malformed);
  auto const bomb = gzip(std::string(std::size_t{64} << 20, '\0'));
  CHECK(bomb.size() < 100'000);
  CHECK(unpack_gzip(bomb, 1 << 20).error().code == ErrorCode::too_large);
}

TEST_CASE("a package keeps the definitions directly in package/ and says what it could not read") {
  auto const tar =
      entry("package/package.json", kManifest) +
      entry("package/a.json", R"({"resourceType":"ValueSet","url":"http://v","version":"2"})") +
      entry("package/b.json", R"({"resourceType":"Patient","id":"ValueSet"})") +
      entry("package/c.json", R"({"resourceType":"ValueSet)") +
      entry("package/example/d.json", R"({"resourceType":"ValueSet","url":"http://w"})") +
      entry("package/.index.json", "{}");
  auto const package = read_package(gzip(tar));
  REQUIRE(package);
  CHECK(package->name == "x.y");
  CHECK(package->version == "1.2.3");
  REQUIRE(package->definitions.size() == 1);
  CHECK(package->definitions[0].url == "http://v");
  CHECK(package->definitions[0].version == "2");
  REQUIRE(package->issues.size() == 1);
  CHECK(package->issues[0].where == "package/c.json");
  auto const examples = read_examples(gzip(tar));
  REQUIRE(examples);
  REQUIRE(examples->size() == 1);
  CHECK(examples->front().first == "d.json");
  CHECK_FALSE(read_package(gzip(entry("package/a.json", "{}"))));
  CHECK_FALSE(read_package(gzip(entry("package/package.json", R"({"name":"x"})"))));
}

TEST_CASE("the published packages are read whole") {
  struct {
    std::string file, name, version;
    std::size_t definitions;
  } const rows[] = {
      // counted with tar: StructureDefinition, ValueSet, CodeSystem, SearchParameter, ConceptMap,
      // CapabilityStatement, OperationDefinition, guide; US Core 3.1.1 has its guide twice
      {"hl7.fhir.us.core-311.tgz", "hl7.fhir.us.core", "3.1.1", 30 + 32 + 5 + 74 + 1 + 2 + 1 + 2},
      {"hl7.fhir.us.core-610.tgz", "hl7.fhir.us.core", "6.1.0", 59 + 36 + 5 + 106 + 2 + 1 + 1},
      {"hl7.fhir.uv.ips-110.tgz", "hl7.fhir.uv.ips", "1.1.0", 36 + 60 + 1 + 4 + 1 + 1 + 1},
  };
  for (auto const& row : rows) {
    CAPTURE(row.file);
    auto const bytes = read_file(kPackages + row.file);
    if (!bytes) {
      MESSAGE("skipped: no corpus packages");
      return;
    }
    auto const package = read_package(*bytes);
    REQUIRE(package);
    CHECK(package->name == row.name);
    CHECK(package->version == row.version);
    CHECK(package->definitions.size() == row.definitions);
    CHECK(package->issues.empty());
    CHECK(package->fhir_versions == std::vector<std::string>{"4.0.1"});
  }
}

}  // namespace sinew::validate
