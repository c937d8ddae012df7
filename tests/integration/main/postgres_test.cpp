#include "main/embedded/postgres.hpp"

#include "base/error.hpp"
#include "main/embedded/leftovers.hpp"
#include "main/embedded/port_check.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

using embedded::Postgres;
using embedded::Supervisor;
using namespace std::chrono_literals;
using support::content_of;
using support::eventually;
using support::output_of;

namespace {

const std::filesystem::path kBinaries = "/usr/lib/postgresql/15/bin";

struct PostgresFixture : support::EmbeddedFixture {
  // What the service's role sees over TCP.
  static std::string query(const Postgres& postgres, const std::string& sql) {
    return query_at(postgres.url(), sql);
  }
  static std::string query_at(const std::string& url, const std::string& sql) {
    return output_of({kBinaries / "psql", "-X", "-q", "-A", "-t", "-d", url, "-c", sql}).text;
  }
  [[nodiscard]] std::filesystem::path cluster() const { return data.path() / "postgres"; }
  // The number in postmaster.pid; 0 where there is none.
  [[nodiscard]] pid_t postmaster() const {
    pid_t pid = 0;
    std::ifstream{cluster() / "postmaster.pid"} >> pid;
    return pid;
  }
  [[nodiscard]] Supervisor supervisor() const { return Supervisor{stop_button.get(), log}; }
  [[nodiscard]] Postgres postgres() const { return Postgres{data, {}, log}; }
  void make_cluster() const { REQUIRE(postgres().prepare(stop_button.get())); }
  [[nodiscard]] std::string refusal() const {
    try {
      Postgres server = postgres();
      Supervisor watcher = supervisor();
      return watcher.start(server) ? "started" : "stopped";
    } catch (const base::Error& error) {
      return error.what();
    }
  }
  // From the next start on PostgreSQL recovers, with an archive in which it looks again and again
  // for so long, in vain: what the replay of much log looks like from outside.
  void let_recovery_take(const std::string& seconds) const {
    std::ofstream{cluster() / "recovery.signal"} << "";
    std::ofstream{cluster() / "postgresql.auto.conf"}
        << "restore_command = 'touch " << recovering().string() << "; sleep " << seconds
        << "; false'\n";
  }
  [[nodiscard]] std::filesystem::path recovering() const { return data.path() / "recovering"; }
};

}  // namespace

TEST_CASE_METHOD(PostgresFixture,
                 "the first start makes a database that is durable, private and not a superuser's",
                 "[integration][postgres]") {
  Postgres server{data, {}, log};
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));

  CHECK(query(server, "select current_user, current_database()") == "earshot|earshot\n");
  CHECK(query(server,
              "select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls from "
              "pg_roles where rolname = current_user") == "f\n");
  const std::string settings =
      "select string_agg(name || '=' || setting, ' ' order by name collate \"C\") from pg_settings "
      "where name in "
      "('fsync','synchronous_commit','full_page_writes','data_checksums','jit','server_encoding',"
      "'lc_collate','TimeZone','listen_addresses','wal_compression','tcp_user_timeout')";
  CHECK(query(server, settings) ==
        "TimeZone=UTC data_checksums=on fsync=on full_page_writes=on jit=off lc_collate=C.UTF-8 "
        "listen_addresses=127.0.0.1 server_encoding=UTF8 synchronous_commit=on "
        "tcp_user_timeout=5000 wal_compression=lz4\n");
  CHECK(query(server, "create table t (i int); create extension btree_gist; select 1") == "1\n");

  const std::string place = "@127.0.0.1:" + std::to_string(server.port()) + "/";
  CHECK(query_at("postgresql://earshot:wrong" + place + "earshot", "select 1")
            .find("password authentication failed") != std::string::npos);
  CHECK(query_at("postgresql://postgres" + place + "postgres", "select 1")
            .find("no pg_hba.conf entry") != std::string::npos);
  const std::string socket = "host=" + data.runtime_path().string() +
                             " port=" + std::to_string(server.port()) + " user=postgres";
  CHECK(query_at(socket, "select usesuper from pg_user where usename = current_user") == "t\n");
  CHECK_FALSE(std::filesystem::exists(cluster() / "earshot.sql"));
  CHECK(std::filesystem::status(cluster() / "earshot.password").permissions() ==
        std::filesystem::perms{0600});
}

TEST_CASE_METHOD(PostgresFixture,
                 "data, port and password are the same at the next start",
                 "[integration][postgres]") {
  std::string url;
  {
    Postgres server = postgres();
    Supervisor watcher = supervisor();
    REQUIRE(watcher.start(server));
    url = server.url();
    CHECK(query(server, "create table kept as select 42 as answer; select 1") == "1\n");
  }
  CHECK(postmaster() == 0);
  Postgres server = postgres();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  CHECK(server.url() == url);
  CHECK(query(server, "select answer from kept") == "42\n");
}

TEST_CASE_METHOD(PostgresFixture,
                 "a first start killed in the middle leaves no half database",
                 "[integration][postgres]") {
  std::filesystem::create_directories(data.path() / "postgres.new" / "base");
  std::ofstream{data.path() / "postgres.new" / "PG_VERSION"} << "15\n";
  Postgres server = postgres();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  CHECK(query(server, "select 1") == "1\n");
  CHECK_FALSE(std::filesystem::exists(data.path() / "postgres.new"));
}

TEST_CASE_METHOD(PostgresFixture,
                 "a killed postmaster is started again by the supervisor, on the same port",
                 "[integration][postgres]") {
  Postgres server = postgres();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  CHECK(query(server, "create table kept as select 42 as answer; select 1") == "1\n");
  const pid_t killed = postmaster();
  bool came_back = false;
  {
    const std::jthread operator_at_work{[&] {
      ::kill(killed, SIGKILL);
      came_back = eventually([&] { return query(server, "select answer from kept") == "42\n"; });
      press_stop();
    }};
    watcher.run();
  }
  CHECK(came_back);
  CHECK(postmaster() != killed);
}

TEST_CASE_METHOD(PostgresFixture,
                 "a server left behind by a killed run is stopped, and its data kept",
                 "[integration][postgres]") {
  pid_t orphan = 0;
  {
    Postgres server = postgres();
    Supervisor watcher = supervisor();
    REQUIRE(watcher.start(server));
    CHECK(query(server, "create table kept as select 42 as answer; select 1") == "1\n");
  }
  // As after kill -9 of a parent whose children did not get their signal.
  const base::ChildProcess shell{
      {"/bin/sh", "-c", (kBinaries / "postgres").string() + " -D . -p 20001 -k '' & wait"},
      {.working_dir = cluster(), .log_file = data.path() / "orphan.log"}};
  REQUIRE(eventually([&] { return (orphan = postmaster()) != 0; }));

  Postgres server = postgres();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  CHECK(postmaster() != orphan);
  CHECK(query(server, "select answer from kept") == "42\n");
}

TEST_CASE_METHOD(PostgresFixture,
                 "a stranger whose number is in postmaster.pid lives on",
                 "[integration][postgres]") {
  make_cluster();
  base::ChildProcess stranger{{"/usr/bin/sleep", "60"}, {}};
  std::ofstream{cluster() / "postmaster.pid"} << stranger.pid() << "\n"
                                              << cluster().string()
                                              << "\n1\n20001\n\n127.0.0.1\n  0 0\n";
  Postgres server = postgres();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  CHECK(query(server, "select 1") == "1\n");
  CHECK_FALSE(stranger.poll());
}

TEST_CASE_METHOD(PostgresFixture,
                 "a port that somebody took meanwhile is replaced by another",
                 "[integration][postgres]") {
  std::uint16_t first = 0;
  { first = postgres().port(); }
  const base::FileDescriptor stranger{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(first);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(stranger.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(stranger.get(), 1) == 0);

  Postgres server = postgres();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  CHECK(server.port() != first);
  CHECK(query(server, "select 1") == "1\n");
}

TEST_CASE_METHOD(PostgresFixture,
                 "a missing or foreign database is one clear line",
                 "[integration][postgres]") {
  CHECK_THROWS_WITH((Postgres{data, {.binaries = "/nowhere"}, log}),
                    "PostgreSQL 15 is not in /nowhere: apt-get install postgresql-15");
  std::filesystem::create_symlink("/nowhere/disk", cluster());
  const std::string damaged = "the database in " + cluster().string() + " is damaged (";
  CHECK(refusal() == damaged + "PG_VERSION is missing or empty): restore it from a backup");
  CHECK(std::filesystem::is_symlink(cluster()));
  std::filesystem::remove(cluster());
  std::filesystem::create_directory(cluster());
  std::ofstream{cluster() / "PG_VERSION"} << "99\n";
  CHECK(refusal() == "the database in " + cluster().string() +
                         " was made by PostgreSQL 99, and this is 15: use pg_upgrade, or dump it "
                         "there and restore it into a new one");
  CHECK(std::distance(std::filesystem::directory_iterator{cluster()}, {}) == 1);
}

TEST_CASE_METHOD(PostgresFixture,
                 "each kind of damage is one line that says what to do, and changes nothing",
                 "[integration][postgres]") {
  make_cluster();
  for (const char* const lost : {"PG_VERSION", "base", "global/pg_control", "earshot.password"}) {
    INFO(lost);
    const auto aside = data.path() / "aside";
    std::filesystem::rename(cluster() / lost, aside);
    const bool is_folder = std::filesystem::is_directory(aside);
    if (is_folder) std::filesystem::create_directory(cluster() / lost);
    const std::string name = is_folder ? "base/1/PG_VERSION" : lost;
    CHECK(refusal() == "the database in " + cluster().string() + " is damaged (" + name +
                           " is missing or empty): restore it from a backup");
    CHECK(std::filesystem::exists(cluster() / lost) == is_folder);
    std::filesystem::remove(cluster() / lost);
    std::filesystem::rename(aside, cluster() / lost);
  }

  const std::string good = content_of(cluster() / "global/pg_control");
  const std::string garbage(good.size(), 'x');
  std::ofstream{cluster() / "global/pg_control"} << garbage;
  const std::string line = refusal();
  INFO(line);
  CHECK(line.starts_with("PostgreSQL did not start (exit code 1)"));
  CHECK(line.find("the data is damaged: restore a backup; its log is ") != std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(content_of(cluster() / "global/pg_control") == garbage);
  std::ofstream{cluster() / "global/pg_control"} << good;
  CHECK(refusal() == "started");
}

TEST_CASE_METHOD(PostgresFixture,
                 "a stop during the first initdb is noticed at once and leaves nothing half made",
                 "[integration][postgres]") {
  const auto unfinished = data.path() / "postgres.new";
  {
    Postgres server = postgres();
    Supervisor watcher = supervisor();
    std::chrono::steady_clock::time_point pressed;
    bool has_begun = false;
    const std::jthread operator_at_work{[&] {
      has_begun = eventually([&] { return std::filesystem::exists(unfinished / "base"); });
      pressed = std::chrono::steady_clock::now();
      press_stop();
    }};
    CHECK_FALSE(watcher.start(server));
    CHECK(has_begun);
    CHECK(std::chrono::steady_clock::now() - pressed < 2s);
  }
  CHECK_FALSE(std::filesystem::exists(unfinished));
  CHECK_FALSE(std::filesystem::exists(cluster()));
  CHECK(refusal() == "started");
}

TEST_CASE_METHOD(PostgresFixture,
                 "while PostgreSQL recovers the start waits and says so",
                 "[integration][postgres]") {
  REQUIRE(refusal() == "started");
  let_recovery_take("0.1");
  const support::CapturedErrors said;
  Postgres server = postgres();
  Supervisor watcher{stop_button.get(), loud_log, {.news_period = 100ms}};
  REQUIRE(watcher.start(server));
  CHECK(said.count("waiting for PostgreSQL") >= 2);
  CHECK(std::filesystem::exists(recovering()));
  CHECK(query(server, "select pg_is_in_recovery()") == "f\n");
}

TEST_CASE_METHOD(PostgresFixture,
                 "a stop while PostgreSQL recovers ends in time, and the next start goes on",
                 "[integration][postgres]") {
  REQUIRE(refusal() == "started");
  let_recovery_take("60");
  std::chrono::steady_clock::time_point pressed;
  bool has_begun = false;
  {
    Postgres server = postgres();
    Supervisor watcher = supervisor();
    const std::jthread operator_at_work{[&] {
      has_begun = eventually([&] { return std::filesystem::exists(recovering()); });
      pressed = std::chrono::steady_clock::now();
      press_stop();
    }};
    CHECK_FALSE(watcher.start(server));
  }
  CHECK(has_begun);
  CHECK(std::chrono::steady_clock::now() - pressed < 8s);
  CHECK(embedded::processes_in(cluster(), "postgres").empty());
  let_recovery_take("0");
  CHECK(refusal() == "started");
}

TEST_CASE_METHOD(PostgresFixture,
                 "a postmaster that hangs is said to, and started again when that lasts",
                 "[integration][postgres]") {
  const support::CapturedErrors said;
  Postgres server = postgres();
  Supervisor watcher{stop_button.get(),
                     loud_log,
                     {.look_period = 20ms, .silence_said_after = 100ms, .silence_limit = 600ms}};
  REQUIRE(watcher.start(server));
  CHECK(query(server, "create table kept as select 42 as answer; select 1") == "1\n");
  const pid_t hanging = postmaster();
  bool came_back = false;
  {
    const std::jthread operator_at_work{[&] {
      ::kill(hanging, SIGSTOP);
      came_back = eventually([&] { return said.count("PostgreSQL is ready again") == 1; });
      press_stop();
    }};
    watcher.run();
  }
  CHECK(came_back);
  CHECK(postmaster() != hanging);
  CHECK(query(server, "select answer from kept") == "42\n");
  // A machine under load may be slow to start it again, which is said too.
  CHECK(said.count_before("it did not answer for", "PostgreSQL runs but does not answer") == 1);
}

TEST_CASE_METHOD(PostgresFixture,
                 "whatever hangs, nothing outlives the server",
                 "[integration][postgres]") {
  {
    Postgres server = postgres();
    Supervisor watcher = supervisor();
    REQUIRE(watcher.start(server));
    const auto running = embedded::processes_in(cluster(), "postgres");
    REQUIRE(running.size() > 1);
    for (const pid_t pid : running) ::kill(pid, SIGSTOP);
    press_stop();
  }
  CHECK(eventually([&] { return embedded::processes_in(cluster(), "postgres").empty(); }));
}
