#include <cstdio>
#include <string>
#include <vector>

#include "mapping/program.h"

// Compiles a folder of mapping tables and prints every mistake: map_check [FOLDER]
// Without a folder, the tables that are built in. Exit code 1 when there is an error.
int main(int argc, char** argv) {
  using namespace sinew;
  std::vector<mapping::Layer> layers;
  if (argc > 1) {
    auto layer = mapping::read_layer(argv[1]);
    if (!layer) {
      std::fprintf(stderr, "%s\n", to_string(layer.error()).c_str());
      return 2;
    }
    layers.push_back(std::move(*layer));
  } else {
    layers.push_back(mapping::built_in_layer());
  }
  auto const compiled = mapping::compile(layers);
  std::size_t errors = 0;
  for (auto const& issue : compiled.issues) {
    bool const is_error = issue.severity == Severity::error;
    errors += is_error;
    std::printf("%s: %s%s\n", issue.where.c_str(), is_error ? "" : "warning: ", issue.what.c_str());
  }
  std::printf("%zu files, %zu mistakes\n", layers[0].files.size(), errors);
  return errors == 0 ? 0 : 1;
}
