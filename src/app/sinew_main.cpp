#include "app/cli.h"

int main(int argc, char** argv) { return sinew::app::run(argc, argv); }
