#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "pg/error.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using pg_test::PgCase;

namespace {

using Texts = std::vector<std::string>;
using OptionalTexts = std::vector<std::optional<std::string>>;
using Numbers = std::vector<std::int64_t>;

// Sends `value` as a parameter of this type and reads it back.
template <class Value>
Value echo(pg::Connection& connection, const std::string& type, const Value& value) {
  const std::string sql = "select $1::" + type;
  return connection.run(pg::Statement{type, sql}, value).one().template get<Value>(0);
}

}  // namespace

TEST_CASE_METHOD(PgCase, "single values come back as they were sent", "[pg]") {
  pg::Connection connection = connect();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  CHECK(echo(connection, "bigint", kLeast) == kLeast);
  CHECK(echo(connection, "int", std::int32_t{-7}) == -7);
  CHECK(echo(connection, "smallint", std::int16_t{7}) == 7);
  CHECK(echo(connection, "boolean", true));
  CHECK_FALSE(echo(connection, "boolean", false));
  CHECK(echo(connection, "double precision", 0.1) == 0.1);
  CHECK(echo(connection, "double precision", -1.5e300) == -1.5e300);
  CHECK(std::isnan(echo(connection, "double precision", std::nan(""))));
  for (const std::string text :
       {"", "O'Reilly \\ \"x\" $1", "NULL", "Größe 東京 🦊", "a\nb\tc"}) {
    CHECK(echo(connection, "text", text) == text);
  }
  CHECK(echo(connection, "text", std::optional<std::string>{}) == std::nullopt);
  CHECK(echo(connection, "text", std::optional<std::string>{""}) == "");
}

TEST_CASE_METHOD(PgCase, "arrays come back as they were sent", "[pg]") {
  pg::Connection connection = connect();
  const Texts texts{
      "", "plain", "with \"quotes\"", "back\\slash", "{a,b}", "NULL", " ", "東京 🦊", "a\nb"};
  CHECK(echo(connection, "text[]", texts) == texts);
  CHECK(echo(connection, "text[]", Texts{}).empty());
  CHECK(echo(connection, "bigint[]", Numbers{1, -2, 9'000'000'000}) ==
        Numbers{1, -2, 9'000'000'000});
  CHECK(echo(connection, "bigint[]", Numbers{}).empty());
  const OptionalTexts optional_texts{"a", std::nullopt, "NULL", ""};
  CHECK(echo(connection, "text[]", optional_texts) == optional_texts);

  constexpr pg::Statement kOthers{"others",
                                  "select $1::boolean[]::text, $2::smallint[]::text, "
                                  "$3::double precision[]::text"};
  const auto row = connection
                       .run(kOthers,
                            std::vector<bool>{true, false},
                            std::vector<short>{1, -1},
                            std::vector<double>{0.25, 1e-300})
                       .one();
  CHECK(row.get<std::string>(0) == "{t,f}");
  CHECK(row.get<std::string>(1) == "{1,-1}");
  CHECK(row.get<std::string>(2) == "{0.25,1e-300}");
}

TEST_CASE_METHOD(PgCase, "a large array and a large answer pass", "[pg]") {
  pg::Connection connection = connect();
  Texts texts(4096, std::string(1000, 'x'));
  CHECK(echo(connection, "text[]", texts) == texts);
  constexpr pg::Statement kUnnest{"unnest", "select text from unnest($1::text[]) text"};
  const pg::Rows rows = connection.run(kUnnest, texts);
  CHECK(rows.size() == 4096);
  std::size_t bytes = 0;
  for (const pg::Row row : rows) bytes += row.get<std::string_view>("text").size();
  CHECK(bytes == 4096 * 1000);
}

TEST_CASE_METHOD(PgCase, "a text with a NUL is refused instead of being cut off", "[pg]") {
  pg::Connection connection = connect();
  const std::string with_nul{"abc\0def", 7};
  CHECK_THROWS_AS(echo(connection, "text", with_nul), base::Error);
  CHECK_THROWS_AS(echo(connection, "text[]", Texts{with_nul}), base::Error);
  CHECK(echo(connection, "text", std::string{"abc"}) == "abc");
}

TEST_CASE_METHOD(PgCase, "a text that is not UTF-8 is refused by the server", "[pg]") {
  pg::Connection connection = connect();
  try {
    echo(connection, "text", std::string{"\xff\xfe"});
    FAIL("it was stored");
  } catch (const pg::StatementError& error) {
    CHECK(error.sqlstate() == "22021");
  }
}

TEST_CASE_METHOD(PgCase, "a value of another type than expected is an error, not a guess", "[pg]") {
  pg::Connection connection = connect();
  const pg::Row row =
      connection.query("select 40000 as n, 'x' as t, null as nothing, '{{1}}'::int[] as deep")
          .one();
  CHECK(row.get<std::int32_t>("n") == 40000);
  CHECK_THROWS_AS(row.get<std::int16_t>("n"), base::Error);
  CHECK_THROWS_AS(row.get<bool>("t"), base::Error);
  CHECK_THROWS_AS(row.get<std::int64_t>("t"), base::Error);
  CHECK_THROWS_AS(row.get<std::string>("nothing"), base::Error);
  CHECK_THROWS_AS(row.get<std::string>("absent"), base::Error);
  CHECK_THROWS_AS(row.get<Numbers>("deep"), base::Error);
  CHECK_THROWS_AS(row.get<Texts>("t"), base::Error);
  CHECK(row.is_null("nothing"));
  CHECK_THROWS_AS(connection.query("select 1 where false").one(), base::Error);
}

TEST_CASE_METHOD(PgCase, "rows outlive the statement and the connection that gave them", "[pg]") {
  std::optional<pg::Row> row;
  {
    pg::Connection connection = connect();
    row = connection.query("select 'still here'").one();
  }
  CHECK(row->get<std::string_view>(0) == "still here");
}
