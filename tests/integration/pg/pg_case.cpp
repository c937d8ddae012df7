#include "integration/pg/pg_case.hpp"

namespace pg_test {
namespace {

constexpr base::EmbeddedFile kTables{"0001_tables.sql", R"(
  create table item (
    id bigint constraint an_item_is_stored_once primary key,
    name text
  );
  create table verdict (
    id bigint constraint one_verdict_each unique deferrable initially deferred
  );
)"};
constexpr pg::MigrationSet kSet{"pg_test", {&kTables, 1}};

}  // namespace

PgCase::PgCase() : PgFixture{{&kSet, 1}} {}

}  // namespace pg_test
