#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"

// Trains a compression dictionary for data/store.
//   train_dictionary samples.ndjson data/store/resource.bin ID
// Samples are separated by line feeds. An id is used once: stored frames name it for ever.

namespace {

constexpr std::size_t kDictionaryBytes = 64 << 10;

int complain(std::string const& text) {
  std::fprintf(stderr, "train_dictionary: %s\n", text.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return complain("usage: train_dictionary SAMPLES OUT ID");
  auto const samples = sinew::read_file(argv[1]);
  if (!samples) return complain(to_string(samples.error()));
  auto const id = sinew::parse_integer<unsigned>(argv[3]);
  if (!id) return complain("the id is a number");
  std::string joined;
  std::vector<std::size_t> sizes;
  for (auto const line : sinew::split(*samples, '\n')) {
    if (line.empty()) continue;
    joined += line;
    sizes.push_back(line.size());
  }
  std::string dictionary(kDictionaryBytes, '\0');
  ZDICT_fastCover_params_t params{};
  params.d = 8;
  params.k = 1024;
  params.f = 20;
  params.accel = 1;
  params.zParams.compressionLevel = 1;
  params.zParams.dictID = *id;
  auto const size =
      ZDICT_trainFromBuffer_fastCover(dictionary.data(), dictionary.size(), joined.data(),
                                      sizes.data(), static_cast<unsigned>(sizes.size()), params);
  if (ZDICT_isError(size)) return complain(ZDICT_getErrorName(size));
  dictionary.resize(size);
  auto const written = sinew::write_file(argv[2], dictionary);
  return written ? 0 : complain(to_string(written.error()));
}
