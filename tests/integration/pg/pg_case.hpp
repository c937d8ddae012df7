#pragma once

#include "support/pg_fixture.hpp"

namespace pg_test {

/// A database with two small tables: `item(id, name)` and `verdict(id)`, whose constraint is only
/// checked at COMMIT.
class PgCase : public support::PgFixture {
 public:
  PgCase();

  [[nodiscard]] pg::Connection connect() { return pg::Connection{options()}; }
  [[nodiscard]] std::string items() {
    return value_of("select coalesce(string_agg(id::text, ' ' order by id), '') from item");
  }
};

inline constexpr pg::Statement kInsert{"insert", "insert into item (id) values ($1) returning id"};
inline constexpr pg::Statement kInsertVerdict{"insert_verdict", "insert into verdict values ($1)"};
inline constexpr pg::Statement kSleep{"sleep", "select pg_sleep($1)"};

}  // namespace pg_test
