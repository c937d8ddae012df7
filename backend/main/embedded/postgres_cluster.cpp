#include "main/embedded/postgres_cluster.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "main/embedded/private_file.hpp"

#include <fmt/format.h>

#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <csignal>

namespace embedded {
namespace {

constexpr std::string_view kMajorVersion = "15";
constexpr std::string_view kPasswordFile = "earshot.password";
constexpr std::chrono::minutes kSetupLimit{5};  // initdb writes 40 MB and syncs them.
constexpr std::uintmax_t kRoomyDisk = 20'000'000'000;

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

void run_step(std::string_view what,
              const std::vector<std::string>& arguments,
              base::ChildOptions options) {
  const std::filesystem::path log_file = options.log_file;
  const base::ExitStatus status = base::run_program(arguments, std::move(options), kSetupLimit);
  if (status.is_success()) return;
  throw base::Error{fmt::format("{} failed ({}): {}; its log is {}",
                                what,
                                status.text(),
                                base::last_lines(log_file, 3),
                                log_file.string())};
}

// In single-user mode, before any socket exists. A statement ends with an empty line.
void make_role_and_database(const PostgresCluster& cluster, const std::filesystem::path& folder) {
  const std::string password = base::random_text(26);
  write_private_file(folder / kPasswordFile, password + "\n");
  const std::filesystem::path statements = folder / "earshot.sql";
  write_private_file(statements,
                     fmt::format("create role earshot login password '{}';\n\n"
                                 "create database earshot owner earshot;\n\n",
                                 password));
  run_step("setting up the database",
           {cluster.binaries / "postgres",
            "--single",
            "-j",
            "-D",
            folder,
            "-c",
            "exit_on_error=on",
            "postgres"},
           {.working_dir = folder,
            .input_file = statements,
            .log_file = cluster.log_file,
            .death_signal = SIGTERM});
  std::filesystem::remove(statements);
}

void make_cluster(const PostgresCluster& cluster) {
  const std::filesystem::path unfinished = cluster.folder.string() + ".new";
  std::filesystem::remove_all(unfinished);
  run_step("initdb",
           {cluster.binaries / "initdb",
            "--pgdata=" + unfinished.string(),
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--username=postgres",
            "--auth-local=peer",
            "--auth-host=scram-sha-256",
            "--data-checksums",
            "--no-instructions"},
           {.log_file = cluster.log_file, .death_signal = SIGTERM});
  make_role_and_database(cluster, unfinished);
  std::filesystem::rename(unfinished, cluster.folder);
  sync_folder(cluster.folder.parent_path());
}

}  // namespace

void PostgresCluster::open_or_make() const {
  if (::access((binaries / "postgres").c_str(), X_OK) != 0) {
    throw base::Error{fmt::format("PostgreSQL 15 is not in {}: apt-get install postgresql-15",
                                  binaries.string())};
  }
  if (!std::filesystem::exists(folder)) make_cluster(*this);

  const std::string version = read_small_file(folder / "PG_VERSION");
  if (version.empty() || password().empty()) {
    throw base::Error{
        fmt::format("the database in {} is damaged: restore it from a backup", folder.string())};
  }
  if (version != kMajorVersion) {
    throw base::Error{fmt::format("the database in {} was made by PostgreSQL {}, and this is {}",
                                  folder.string(),
                                  version,
                                  kMajorVersion)};
  }
}

std::string PostgresCluster::password() const {
  return read_small_file(folder / kPasswordFile);
}

void PostgresCluster::write_settings() const {
  const bool is_roomy = std::filesystem::space(folder).available >= kRoomyDisk;
  write_private_file(
      folder / "postgresql.conf",
      fmt::format(fmt::runtime(kSettings), fmt::arg("max_wal_size", is_roomy ? "4GB" : "1GB")));
  write_private_file(folder / "pg_hba.conf", kAccess);
  write_private_file(folder / "pg_ident.conf",
                     fmt::format("# Written by earshot at each start.\n"
                                 "owner \"{0}\" postgres\nowner \"{0}\" earshot\n",
                                 user_name()));
}

void PostgresCluster::remove_stale_pid_file() const {
  const std::string content = read_small_file(folder / "postmaster.pid");
  pid_t pid = 0;
  std::from_chars(content.data(), content.data() + content.size(), pid);
  // PostgreSQL itself clears the file when the number belongs to nobody, with checks of its own.
  if (pid > 0 && ::kill(pid, 0) == 0) std::filesystem::remove(folder / "postmaster.pid");
}

}  // namespace embedded
