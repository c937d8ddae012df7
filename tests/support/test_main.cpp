// Compiled once and linked into every test program.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <csignal>

// A server that ends a connection while a test still sends must fail that test, not kill the
// program.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return Catch::Session{}.run(argc, argv);
}
