#pragma once

namespace sinew::app {

/// Reads the command line, runs the command it names, and returns the exit status.
int run(int argc, char** argv);

}  // namespace sinew::app
