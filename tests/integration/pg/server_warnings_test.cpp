#include "integration/pg/pg_case.hpp"
#include "pg/pool.hpp"
#include "support/eventually.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

using Catch::Contains;
using pg_test::PgCase;

namespace {

/// Everything this process writes to standard error while `act` runs.
template <class Act>
std::string said_during(const Act& act) {
  const support::ScratchFolder folder;
  const auto path = folder.path() / "stderr";
  const int before = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ::dup2(file, STDERR_FILENO);
  act();
  ::dup2(before, STDERR_FILENO);
  ::close(file);
  ::close(before);
  return support::content_of(path);
}

}  // namespace

TEST_CASE_METHOD(PgCase,
                 "the server's warnings are lines of the log, its notices are not",
                 "[pg]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kDebug};
  pg::Pool pool{options(), {}, log};
  const std::string said = said_during([&] {
    pool.acquire()->query("do $$ begin raise notice 'a notice'; raise warning 'a warning'; end $$");
  });
  CHECK_THAT(said, Contains("the database server warns") && Contains("a warning"));
  CHECK_THAT(said, !Contains("a notice"));
}

TEST_CASE_METHOD(PgCase, "a flood of warnings is a few lines, and long ones are cut", "[pg]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kDebug};
  pg::Pool pool{options(), {}, log};
  const std::string said = said_during([&] {
    pool.acquire()->query(
        "do $$ begin for i in 1..5000 loop raise warning '%', repeat('w', 5000); end loop; end $$");
  });
  CHECK(std::count(said.begin(), said.end(), '\n') == 10);
  CHECK(std::count(said.begin(), said.end(), 'w') < 10 * 600);
}

TEST_CASE_METHOD(PgCase, "without a log the server's warnings go nowhere", "[pg]") {
  pg::Connection connection = connect();
  CHECK(said_during([&] {
          connection.query("do $$ begin raise warning 'a warning'; end $$");
        }).empty());
}
