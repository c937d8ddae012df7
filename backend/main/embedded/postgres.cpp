#include "main/embedded/postgres.hpp"

#include "base/error.hpp"
#include "main/embedded/leftovers.hpp"
#include "main/embedded/port_check.hpp"
#include "main/embedded/private_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <random>

namespace embedded {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLoopback = "127.0.0.1";

// SIGINT is a fast shutdown with a last checkpoint; SIGQUIT leaves without, and the next start
// replays the log. Both lose nothing. Together with Mosquitto's steps at most 8 s.
const std::vector<base::StopStep> kStopSteps{{SIGINT, 4000ms}, {SIGQUIT, 500ms}};
// Whoever waits for a start can wait longer for the checkpoint of the run before.
const std::vector<base::StopStep> kLeftoverSteps{{SIGINT, 20s}, {SIGQUIT, 5s}};

// Below the ports that the kernel lends to outgoing connections: those come and go.
constexpr std::uint16_t kPortFirst = 20000;
constexpr std::uint16_t kPortLast = 32000;
constexpr int kPortTries = 100;

std::uint16_t choose_port() {
  std::random_device random;
  std::uniform_int_distribution<std::uint16_t> any{kPortFirst, kPortLast};
  for (int i = 0; i < kPortTries; ++i) {
    const std::uint16_t port = any(random);
    if (is_port_free(kLoopback, port)) return port;
  }
  throw base::Error{fmt::format(
      "no free port for PostgreSQL on 127.0.0.1 between {} and {}", kPortFirst, kPortLast)};
}

// The same as in the run before, so that an operator's bookmarks hold; else another.
std::uint16_t remembered_or_chosen_port(const std::filesystem::path& memory) {
  const std::string text = read_small_file(memory);
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (port >= 1024 && is_port_free(kLoopback, port)) return port;
  port = choose_port();
  write_private_file(memory, fmt::format("{}\n", port));
  return port;
}

}  // namespace

Postgres::Postgres(const DataDirectory& data, PostgresOptions options, const base::Log& log)
    : log_{log},
      runtime_path_{data.runtime_path()},
      cluster_{.folder = data.path() / "postgres",
               .binaries = std::move(options.binaries),
               .log_file = data.path() / "postgres.log"} {
  stop_leftovers();
  cluster_.open_or_make();
  port_ = remembered_or_chosen_port(data.path() / "postgres.port");
}

std::string Postgres::url() const {
  return fmt::format(
      "postgresql://earshot:{}@{}:{}/earshot", cluster_.password(), kLoopback, port_);
}

std::unique_ptr<base::ChildProcess> Postgres::spawn() {
  stop_leftovers();
  cluster_.remove_stale_pid_file();
  remove_stale_sockets();
  cluster_.write_settings();
  const std::vector<std::string> arguments{cluster_.binaries / "postgres",
                                           "-D",
                                           cluster_.folder,
                                           "-c",
                                           fmt::format("listen_addresses={}", kLoopback),
                                           "-c",
                                           fmt::format("port={}", port_),
                                           "-c",
                                           "unix_socket_directories=" + runtime_path_.string()};
  return std::make_unique<base::ChildProcess>(arguments,
                                              base::ChildOptions{.working_dir = cluster_.folder,
                                                                 .log_file = cluster_.log_file,
                                                                 .death_signal = SIGINT,
                                                                 .stop_steps = kStopSteps});
}

// A socket's lock file names a process too, and the server would not start while that number is in
// use: by somebody else, or by the killed server itself until the kernel has buried it. Nothing
// runs in the cluster's folder now, and the sockets' folder is ours alone.
void Postgres::remove_stale_sockets() const {
  for (const char* ending : {"", ".lock"}) {
    std::filesystem::remove(runtime_path_ / fmt::format(".s.PGSQL.{}{}", port_, ending));
  }
}

bool Postgres::is_ready() {
  // It also says no while the log of an unclean stop is replayed.
  const base::ExitStatus status = base::run_program({cluster_.binaries / "pg_isready",
                                                     "--quiet",
                                                     fmt::format("--host={}", kLoopback),
                                                     fmt::format("--port={}", port_),
                                                     "--username=earshot",
                                                     "--dbname=earshot",
                                                     "--timeout=2"},
                                                    {},
                                                    /*limit=*/5s);
  return status.is_success();
}

void Postgres::stop_leftovers() const {
  embedded::stop_leftovers(cluster_.folder, "postgres", kLeftoverSteps, log_);
}

}  // namespace embedded
