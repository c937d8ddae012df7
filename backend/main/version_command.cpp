#include "main/commands.hpp"

#include <cstdio>

namespace commands {

int run_version() {
  std::puts("earshot " EARSHOT_VERSION);
  return 0;
}

}  // namespace commands
