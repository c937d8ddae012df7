#include "pg/migrator.hpp"

#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "pg/error.hpp"

#include <catch2/catch.hpp>

#include <barrier>
#include <thread>

using pg::MigrationState;

namespace {

using Files = std::vector<base::EmbeddedFile>;
using Titles = std::vector<std::string>;

constexpr base::EmbeddedFile kTown{"0001_town.sql", "create table town (name text);"};
constexpr base::EmbeddedFile kStreet{
    "0002_street.sql", "create table street (name text); insert into town values ('Rome');"};

// An empty database, in which only the migrations under test are applied.
class EmptyDatabase : public support::PgFixture {
 public:
  EmptyDatabase() : PgFixture{{}} {}

  Titles migrate(const Files& files, std::string_view owner = "geo") {
    pg::Connection connection{options()};
    const pg::MigrationSet set{owner, files};
    return pg::migrate(connection, {&set, 1}).applied;
  }
  bool has_table(const std::string& name) {
    return value_of("select to_regclass('" + name + "') is not null") == "t";
  }
  std::string recorded() {
    return value_of(
        "select coalesce(string_agg(owner || '/' || name, ' ' order by owner, number), "
        "'') from earshot.migration");
  }
};

}  // namespace

TEST_CASE_METHOD(EmptyDatabase, "migrations are applied once, by number", "[pg][migrator]") {
  CHECK(migrate({kStreet, kTown}) == Titles{"geo/0001_town", "geo/0002_street"});
  CHECK(value_of("select count(*) from town") == "1");
  CHECK(migrate({kTown, kStreet}).empty());
  CHECK(value_of("select count(*) from town") == "1");

  constexpr base::EmbeddedFile kHouse{"0003_house.sql", "create table house ();"};
  CHECK(migrate({kTown, kStreet, kHouse}) == Titles{"geo/0003_house"});
}

TEST_CASE_METHOD(EmptyDatabase, "owners number their files independently", "[pg][migrator]") {
  const Files first{{"0001_a.sql", "create table a ();"}};
  const Files second{{"0001_b.sql", "create table b ();"}};
  const std::vector<pg::MigrationSet> sets{{"one", first}, {"two", second}};
  pg::Connection connection{options()};
  CHECK(pg::migrate(connection, sets).applied == Titles{"one/0001_a", "two/0001_b"});
  CHECK(migrate(second, "two").empty());  // A program without the first owner is no older one.
}

TEST_CASE_METHOD(EmptyDatabase, "an edited migration is refused", "[pg][migrator]") {
  migrate({kTown});
  const base::EmbeddedFile edited{"0001_town.sql", "create table town (name text, size int);"};
  CHECK_THROWS_WITH(migrate({edited, kStreet}),
                    Catch::Contains("geo/0001_town") && Catch::Contains("another content"));
  CHECK_FALSE(has_table("street"));
}

TEST_CASE_METHOD(EmptyDatabase,
                 "a failing migration leaves nothing and is named",
                 "[pg][migrator]") {
  const base::EmbeddedFile failing{"0002_street.sql", "create table street (); select 1 / 0;"};
  CHECK_THROWS_WITH(migrate({kTown, failing}), "geo/0002_street: division by zero");
  CHECK(recorded() == "geo/0001_town");
  CHECK_FALSE(has_table("street"));
  CHECK(migrate({kTown, kStreet}) == Titles{"geo/0002_street"});
}

TEST_CASE_METHOD(EmptyDatabase, "a database newer than the program is refused", "[pg][migrator]") {
  migrate({kTown, kStreet});
  CHECK_THROWS_WITH(
      migrate({kTown}),
      Catch::Contains("newer than this program") && Catch::Contains("geo/0002_street"));
}

TEST_CASE_METHOD(EmptyDatabase,
                 "a file that appears before applied ones is refused",
                 "[pg][migrator]") {
  const base::EmbeddedFile later{"0002_street.sql", "create table street ();"};
  migrate({later});
  CHECK_THROWS_WITH(migrate({kTown, later}), Catch::Contains("geo/0001_town is missing"));
  CHECK_FALSE(has_table("town"));
}

TEST_CASE_METHOD(EmptyDatabase,
                 "a badly named file is refused before anything runs",
                 "[pg][migrator]") {
  for (const char* name : {"1_town.sql",
                           "0001-town.sql",
                           "0001_.sql",
                           "0000_town.sql",
                           "0001_town.txt",
                           "town.sql",
                           "00010_town.sql",
                           ""}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(migrate({kTown, {name, "select 1"}}), Catch::Contains("NNNN_noun.sql"));
  }
  const base::EmbeddedFile same_number{"0001_other.sql", "select 1"};
  CHECK_THROWS_WITH(migrate({kTown, same_number}), Catch::Contains("have one number"));
  CHECK_FALSE(has_table("town"));
}

TEST_CASE_METHOD(EmptyDatabase,
                 "programs that start at once apply each file once",
                 "[pg][migrator]") {
  onlooker().query("drop schema earshot cascade");  // Its creation is a race of its own.
  // Slow enough that every program finds the first file pending.
  const Files files{{"0001_town.sql", "select pg_sleep(0.3); create table town (name text);"},
                    kStreet};
  constexpr int kPrograms = 4;
  std::barrier start{kPrograms};
  std::vector<Titles> applied(kPrograms);
  {
    std::vector<std::jthread> programs;
    for (Titles& titles : applied) {
      programs.emplace_back([&] {
        pg::Connection connection{options()};
        const pg::MigrationSet set{"geo", files};
        start.arrive_and_wait();
        titles = pg::migrate(connection, {&set, 1}).applied;
      });
    }
  }
  std::size_t total = 0;
  for (const Titles& titles : applied) total += titles.size();
  CHECK(total == 2);
  CHECK(value_of("select count(*) from town") == "1");
}

TEST_CASE_METHOD(EmptyDatabase, "the status tells without changing anything", "[pg][migrator]") {
  const auto states = [&](const Files& files) {
    pg::Connection connection{options()};
    const pg::MigrationSet set{"geo", files};
    std::vector<MigrationState> all;
    for (const auto& status : pg::migration_status(connection, {&set, 1})) {
      all.push_back(status.state);
    }
    return all;
  };
  using States = std::vector<MigrationState>;
  onlooker().query("drop schema earshot cascade");  // The fixture's template has it.
  CHECK(states({kTown}) == States{MigrationState::kPending});
  CHECK_FALSE(has_table("earshot.migration"));

  migrate({kTown});
  CHECK(states({kTown, kStreet}) == States{MigrationState::kApplied, MigrationState::kPending});
  CHECK(states({{"0001_town.sql", "select 1"}}) == States{MigrationState::kChanged});
  CHECK(states({}) == States{MigrationState::kUnknown});
}

TEST_CASE_METHOD(EmptyDatabase,
                 "a migration may take longer than a statement elsewhere",
                 "[pg][migrator]") {
  pg::ConnectionOptions impatient = options();
  impatient.statement_timeout = std::chrono::milliseconds{100};
  pg::Connection connection{impatient};
  const Files files{{"0001_slow.sql", "select pg_sleep(0.3);"}};
  const pg::MigrationSet set{"geo", files};
  CHECK_NOTHROW(pg::migrate(connection, {&set, 1}));
  CHECK_THROWS_AS(connection.query("select pg_sleep(5)"), pg::TransientError);
}
