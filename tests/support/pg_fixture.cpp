#include "support/pg_fixture.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

#include <cstdio>
#include <cstdlib>

namespace support {
namespace {

using namespace std::chrono_literals;

pg::ConnectionOptions options_for(const std::string& url) {
  return {.url = url,
          .application_name = "test",
          .statement_timeout = 10s,
          .lock_timeout = 5s,
          .idle_in_transaction_timeout = 30s,
          .connect_timeout = 10s};
}

// Making a database copies files; it is not bounded by what a test may take.
pg::Connection server_connection(const std::string& server_url) {
  pg::ConnectionOptions options = options_for(server_url);
  options.statement_timeout = 60s;
  options.lock_timeout = 60s;
  return pg::Connection{options};
}

constexpr pg::Statement kDigest{"digest",
                                "select left(encode(sha256(convert_to($1, 'UTF8')), "
                                "'hex'), 20)"};
constexpr pg::Statement kLock{"lock", "select pg_advisory_lock(hashtext('earshot test template'))"};
constexpr pg::Statement kExists{"exists",
                                "select exists (select from pg_database where datname = $1)"};
constexpr pg::Statement kTerminate{"terminate", "select pg_terminate_backend($1, 10000)"};

// The name of the migrated template, which is made if this is the first test to want it.
std::string template_for(pg::Connection& server,
                         const std::string& server_url,
                         std::span<const pg::MigrationSet> sets) {
  std::string content;
  for (const pg::MigrationSet& set : sets) {
    content.append(set.schema).append("\n");
    for (const base::EmbeddedFile& file : set.files) {
      content.append(file.path).append("\n").append(file.content).append("\n");
    }
  }
  const std::string name = "template_" + server.run(kDigest, content).one().get<std::string>(0);

  server.run(kLock);  // Until this connection ends, so that others find the template complete.
  if (server.run(kExists, name).one().get<bool>(0)) return name;
  const std::string unfinished = name + "_new";
  server.query("drop database if exists " + unfinished + " with (force)");
  server.query("create database " + unfinished);
  {
    pg::Connection connection{options_for(pg::with_database(server_url, unfinished))};
    pg::migrate(connection, sets);
  }
  server.query("alter database " + unfinished + " rename to " + name);
  return name;
}

std::string clone(const std::string& server_url, std::span<const pg::MigrationSet> sets) {
  pg::Connection server = server_connection(server_url);
  const std::string origin = template_for(server, server_url, sets);
  const std::string name = "test_" + base::random_text(20);
  server.query("create database " + name + " template " + origin);
  return name;
}

}  // namespace

std::string shared_server() {
  const char* url = std::getenv("EARSHOT_TEST_DATABASE_URL");
  if (url == nullptr) {
    throw base::Error{"EARSHOT_TEST_DATABASE_URL is not set: run this under scripts/with-services"};
  }
  return url;
}

PgFixture::PgFixture(std::span<const pg::MigrationSet> sets, std::string server_url)
    : server_url_{std::move(server_url)},
      options_{options_for(pg::with_database(server_url_, clone(server_url_, sets)))},
      onlooker_{make_onlooker()} {}

// Nothing is proven by how quickly it sees: only that it must not wait for ever.
std::unique_ptr<pg::Connection> PgFixture::make_onlooker() const {
  pg::ConnectionOptions patient = options_;
  patient.statement_timeout = std::chrono::seconds{60};
  return std::make_unique<pg::Connection>(patient);
}

PgFixture::~PgFixture() {
  try {
    const std::string name = value_of("select current_database()");
    server_connection(server_url_).query("drop database " + name + " with (force)");
  } catch (const base::Error& error) {
    // The whole server is thrown away; one database more does no harm.
    std::fprintf(stderr, "a test's database was not dropped: %s\n", error.what());
  }
}

std::string PgFixture::value_of(const std::string& sql) {
  return onlooker_->query(sql).one().get<std::string>(0);
}

void PgFixture::terminate_backend(int pid) {
  if (!onlooker_->run(kTerminate, pid).one().get<bool>(0)) {
    throw base::Error{"a server process did not end"};
  }
}

}  // namespace support
