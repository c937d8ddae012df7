#include "base/error.hpp"
#include "bench/no_op_app.hpp"
#include "main/commands.hpp"
#include "main/embedded/stop_signals.hpp"

#include <poll.h>

#include <cstdio>
#include <vector>

// `earshot serve` with one application more, whose route stores nothing. Same options.

namespace {

int run(int argc, char** argv) {
  CLI::App command{"earshot serve, and POST /v1/bench/no-op"};
  commands::Settings settings;
  commands::add_serve_options(command, settings);
  try {
    command.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return command.exit(error);
  }
  commands::complete(command, settings);

  const bench::NoOpApp no_op;
  std::vector<const engine::App*> apps{commands::apps().begin(), commands::apps().end()};
  apps.push_back(&no_op);

  const base::Log log = settings.make_log();
  const embedded::StopSignals signals;
  const base::SystemClock clock;
  const engine::Engine engine{commands::engine_options(settings), apps, clock, log};
  std::printf("ready: http://127.0.0.1:%d\n", engine.http_port().value_or(0));
  std::fflush(stdout);
  pollfd stop{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
  while (::poll(&stop, 1, /*timeout_ms=*/-1) < 0) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_server: %s\n", error.what());
    return 1;
  }
}
