#include "main/embedded/postgres_cluster.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/private_file.hpp"
#include "base/random.hpp"
#include "main/embedded/server_log.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>

namespace embedded {
namespace {

constexpr std::string_view kMajorVersion = "15";
constexpr std::string_view kPasswordFile = "earshot.password";
constexpr std::chrono::minutes kSetupLimit{5};  // initdb writes 40 MB and syncs them.
constexpr std::uintmax_t kRoomyDisk = 40'000'000'000;

// Without them there is nothing to start; the last belongs to the database template1.
constexpr std::array<std::string_view, 4> kVitalFiles{
    "PG_VERSION", kPasswordFile, "global/pg_control", "base/1/PG_VERSION"};

constexpr std::string_view kSettings =
    R"(# Written by earshot at each start; to change a setting, use ALTER SYSTEM.

# What is answered with 202 is on disk.
fsync = on
synchronous_commit = on
full_page_writes = on

max_connections = 64
shared_buffers = 128MB
unix_socket_permissions = 0700
password_encryption = scram-sha-256

# Few, spread checkpoints: after each, every page touched first is written whole to the WAL.
checkpoint_timeout = 15min
max_wal_size = {max_wal_size}
wal_compression = lz4

# Whoever is let in may write: not before a recovery is complete.
hot_standby = off

# Statements here are short; compiling them takes longer than running them.
jit = off

# A client that is gone, stopped or forgetful holds no lock for long.
tcp_user_timeout = 5s
tcp_keepalives_idle = 30s
tcp_keepalives_interval = 5s
tcp_keepalives_count = 3
client_connection_check_interval = 2s
idle_in_transaction_session_timeout = 60s

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
)";

// The owner of the folder enters through the private socket, the service by password on loopback.
constexpr std::string_view kAccess = R"(# Written by earshot at each start.
local all     postgres peer map=owner
local earshot earshot  peer map=owner
host  earshot earshot  127.0.0.1/32 scram-sha-256
)";

std::string user_name() {
  const passwd* const entry = ::getpwuid(::geteuid());
  if (entry != nullptr) return entry->pw_name;
  throw base::Error{fmt::format(
      "PostgreSQL needs a user with a name, and user {} has none in /etc/passwd", ::geteuid())};
}

// Gone with its folder, unless it was renamed to what it was made for.
struct UnfinishedFolder {
  explicit UnfinishedFolder(std::filesystem::path folder) : path{std::move(folder)} {}
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;
  ~UnfinishedFolder() {
    std::error_code ignored;  // The next start tries again.
    std::filesystem::remove_all(path, ignored);
  }

  std::filesystem::path path;
};

// False: `stop_descriptor` became readable, and the step was ended.
bool run_step(std::string_view what,
              const std::vector<std::string>& arguments,
              base::ChildOptions options,
              int stop_descriptor) {
  const std::filesystem::path log_file = options.log_file;
  base::ChildProcess step{arguments, std::move(options)};
  const auto status = step.wait_for(kSetupLimit, stop_descriptor);
  if (status && status->is_success()) return true;
  pollfd stop{.fd = stop_descriptor, .events = POLLIN, .revents = 0};
  if (!status && ::poll(&stop, 1, 0) > 0) return false;
  throw base::Error{fmt::format("{} failed ({}): {}; its log is {}",
                                what,
                                status ? status->text() : "it took too long",
                                last_words(log_file, 5),
                                log_file.string())};
}

// In single-user mode, before any socket exists. A statement ends with an empty line.
bool make_role_and_database(const PostgresCluster& cluster,
                            const std::filesystem::path& folder,
                            int stop_descriptor) {
  const std::string password = base::random_text(26);
  base::write_private_file(folder / kPasswordFile, password + "\n");
  const std::filesystem::path statements = folder / "earshot.sql";
  base::write_private_file(statements,
                           fmt::format("create role earshot login password '{}';\n\n"
                                       "create database earshot owner earshot;\n\n",
                                       password));
  const std::vector<std::string> arguments{cluster.binaries / "postgres",
                                           "--single",
                                           "-j",
                                           "-D",
                                           folder,
                                           "-c",
                                           "exit_on_error=on",
                                           "postgres"};
  const base::ChildOptions options{.working_dir = folder,
                                   .input_file = statements,
                                   .log_file = cluster.log_file,
                                   .death_signal = SIGTERM};
  if (!run_step("setting up the database", arguments, options, stop_descriptor)) return false;
  std::filesystem::remove(statements);
  return true;
}

}  // namespace

bool PostgresCluster::exists() const {
  std::error_code ignored;  // A link to a disk that is away counts: nothing is put in its place.
  return std::filesystem::exists(std::filesystem::symlink_status(folder, ignored));
}

bool PostgresCluster::make(int stop_descriptor) const {
  const UnfinishedFolder unfinished{folder.string() + ".new"};
  std::filesystem::remove_all(unfinished.path);
  const std::vector<std::string> initdb{binaries / "initdb",
                                        "--pgdata=" + unfinished.path.string(),
                                        "--encoding=UTF8",
                                        "--locale=C.UTF-8",
                                        "--username=postgres",
                                        "--auth-local=peer",
                                        "--auth-host=scram-sha-256",
                                        "--data-checksums",
                                        "--no-instructions"};
  const base::ChildOptions options{.log_file = log_file, .death_signal = SIGTERM};
  if (!run_step("initdb", initdb, options, stop_descriptor)) return false;
  if (!make_role_and_database(*this, unfinished.path, stop_descriptor)) return false;
  std::filesystem::rename(unfinished.path, folder);
  base::sync_folder(folder.parent_path());
  return true;
}

void PostgresCluster::check() const {
  if (::access((binaries / "postgres").c_str(), X_OK) != 0) {
    throw base::Error{fmt::format("PostgreSQL 15 is not in {}: apt-get install postgresql-15",
                                  binaries.string())};
  }
  if (!exists()) return;
  const std::string version = base::read_small_file(folder / "PG_VERSION");
  if (!version.empty() && version != kMajorVersion) {
    throw base::Error{
        fmt::format("the database in {} was made by PostgreSQL {}, and this is {}: use pg_upgrade, "
                    "or dump it there and restore it into a new one",
                    folder.string(),
                    version,
                    kMajorVersion)};
  }
  for (const std::string_view file : kVitalFiles) {
    std::error_code ignored;
    if (std::filesystem::file_size(folder / file, ignored) > 0 && !ignored) continue;
    throw base::Error{fmt::format(
        "the database in {} is damaged ({} is missing or empty): restore it from a backup",
        folder.string(),
        file)};
  }
}

std::string PostgresCluster::password() const {
  return base::read_small_file(folder / kPasswordFile);
}

void PostgresCluster::write_settings() const {
  // By its size and not by what is free: a full disk is no time to write other settings.
  const bool is_roomy = std::filesystem::space(folder).capacity >= kRoomyDisk;
  base::write_private_file(
      folder / "postgresql.conf",
      fmt::format(fmt::runtime(kSettings), fmt::arg("max_wal_size", is_roomy ? "4GB" : "1GB")));
  base::write_private_file(folder / "pg_hba.conf", kAccess);
  base::write_private_file(folder / "pg_ident.conf",
                           fmt::format("# Written by earshot at each start.\n"
                                       "owner \"{0}\" postgres\nowner \"{0}\" earshot\n",
                                       user_name()));
}

void PostgresCluster::remove_stale_pid_file() const {
  const std::string content = base::read_small_file(folder / "postmaster.pid");
  pid_t pid = 0;
  std::from_chars(content.data(), content.data() + content.size(), pid);
  // PostgreSQL itself clears the file when the number belongs to nobody, with checks of its own.
  if (pid > 0 && ::kill(pid, 0) == 0) std::filesystem::remove(folder / "postmaster.pid");
}

}  // namespace embedded
