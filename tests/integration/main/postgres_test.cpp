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
  { const Postgres made = postgres(); }
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
                 "a missing, damaged or foreign database is one clear line",
                 "[integration][postgres]") {
  CHECK_THROWS_WITH((Postgres{data, {.binaries = "/nowhere"}, log}),
                    "PostgreSQL 15 is not in /nowhere: apt-get install postgresql-15");
  std::filesystem::create_directory(cluster());
  CHECK_THROWS_WITH(
      postgres(),
      "the database in " + cluster().string() + " is damaged: restore it from a backup");
  std::ofstream{cluster() / "PG_VERSION"} << "16\n";
  std::ofstream{cluster() / "earshot.password"} << "x\n";
  CHECK_THROWS_WITH(
      postgres(),
      "the database in " + cluster().string() + " was made by PostgreSQL 16, and this is 15");
}
