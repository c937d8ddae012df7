#include "main/embedded/postgres.hpp"

#include "base/error.hpp"
#include "base/private_file.hpp"
#include "main/embedded/leftovers.hpp"
#include "main/embedded/port_check.hpp"

#include <fmt/format.h>

#include <charconv>
#include <random>

namespace embedded {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kProgram = "postgres";
constexpr const char* kFolder = "postgres";
constexpr const char* kPortFile = "postgres.port";
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

// glibc gives a heap's end back to the kernel beyond 128 KiB, and a statement of some jobs is
// larger: each took pages and gave them back, a fifth of the time of a process that stores 30 jobs
// a commit. Kept are at most 4 MiB a connection.
std::vector<std::string> environment() {
  std::vector<std::string> all = base::ChildOptions{}.environment;
  all.emplace_back("MALLOC_TRIM_THRESHOLD_=4194304");
  all.emplace_back("MALLOC_MMAP_THRESHOLD_=1048576");
  return all;
}

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
  const std::string text = base::read_small_file(memory);
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (port >= 1024 && is_port_free(kLoopback, port)) return port;
  port = choose_port();
  base::write_private_file(memory, fmt::format("{}\n", port));
  return port;
}

PostgresCluster checked_cluster(const DataDirectory& data,
                                const PostgresOptions& options,
                                const base::Log& log) {
  PostgresCluster cluster{.folder = data.path() / kFolder,
                          .binaries = options.binaries,
                          .log_file = data.path() / "postgres.log"};
  // It may be on another disk, behind a link; a process says where it really works.
  std::error_code is_not_there;
  const auto real = std::filesystem::canonical(cluster.folder, is_not_there);
  if (!is_not_there) cluster.folder = real;
  stop_leftovers(cluster.folder, kProgram, kLeftoverSteps, log);
  cluster.check();
  return cluster;
}

// Source: PostgreSQL 15 manual, "Message Formats", StartupMessage.
std::string startup_packet() {
  using namespace std::string_view_literals;
  constexpr std::string_view kProtocol = "\0\3\0\0"sv;
  constexpr std::string_view kWho = "user\0earshot\0database\0earshot\0\0"sv;
  const char size = static_cast<char>(sizeof(std::int32_t) + kProtocol.size() + kWho.size());
  return std::string{'\0', '\0', '\0', size}.append(kProtocol).append(kWho);
}

std::string url_with(const std::string& password, const std::string& port) {
  return fmt::format("postgresql://earshot:{}@{}:{}/earshot", password, kLoopback, port);
}

}  // namespace

Postgres::Postgres(const DataDirectory& data, const PostgresOptions& options, const base::Log& log)
    : log_{log},
      runtime_path_{data.runtime_path()},
      cluster_{checked_cluster(data, options, log)},
      port_{remembered_or_chosen_port(data.path() / kPortFile)},
      probe_{port_, startup_packet(), /*answer_size=*/1} {}

Postgres::~Postgres() {
  kill_leftovers(cluster_.folder, kProgram);
}

bool Postgres::prepare(int stop_descriptor) {
  return cluster_.exists() || cluster_.make(stop_descriptor);
}

std::string Postgres::url() const {
  return url_with(cluster_.password(), std::to_string(port_));
}

std::optional<std::string> postgres_url(const std::filesystem::path& data_dir) {
  const PostgresCluster cluster{.folder = data_dir / kFolder, .binaries = {}, .log_file = {}};
  const std::string password = cluster.password();
  const std::string port = base::read_small_file(data_dir / kPortFile);
  if (password.empty() || port.empty()) return std::nullopt;
  return url_with(password, port);
}

std::unique_ptr<base::ChildProcess> Postgres::spawn() {
  stop_leftovers(cluster_.folder, kProgram, kLeftoverSteps, log_);
  probe_.reset();
  cluster_.remove_stale_pid_file();
  remove_stale_sockets();
  cluster_.write_settings();
  const std::vector<std::string> arguments{cluster_.binaries / kProgram,
                                           "-D",
                                           cluster_.folder,
                                           "-c",
                                           fmt::format("listen_addresses={}", kLoopback),
                                           "-c",
                                           fmt::format("port={}", port_),
                                           "-c",
                                           "unix_socket_directories=" + runtime_path_.string()};
  return std::make_unique<base::ChildProcess>(arguments,
                                              base::ChildOptions{.environment = environment(),
                                                                 .working_dir = cluster_.folder,
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

Health Postgres::health() {
  const auto answer = probe_.ask(kHealthPatience);
  if (!answer) return Health::kSilent;
  // It also refuses while it replays the log of an unclean stop.
  constexpr char kAuthentication = 'R';
  return answer->starts_with(kAuthentication) ? Health::kReady : Health::kRefusing;
}

}  // namespace embedded
