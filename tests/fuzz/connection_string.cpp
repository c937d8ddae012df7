#include "base/check.hpp"
#include "base/error.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "pg/options.hpp"
#include "pg/session.hpp"

#include <algorithm>
#include <string>

// The name of a database, then a connection string: refused, or nothing of it is lost.

const fuzz::Target fuzz::target{.name = "connection_string", .mutations = 10'000};

namespace {

using base::check;

std::string value_of(const std::string& connection, std::string_view key) {
  for (const auto& [name, value] : pg::parse_connection_string(connection)) {
    if (name == key) return value;
  }
  return {};
}

void check_string(const std::string& url, const std::string& database) {
  const std::string whole = pg::connection_string({.url = url});
  for (const char* key : {"host", "port", "user", "password", "dbname", "sslmode"}) {
    check(value_of(whole, key) == value_of(url, key), "where to connect is as it was given");
  }
  const std::string options = value_of(whole, "options");
  check(options.rfind(" -c synchronous_commit=on ") != std::string::npos &&
            options.rfind("synchronous_commit") == options.rfind("synchronous_commit=on "),
        "our own settings have the last word");
  check(value_of(pg::with_database(url, database), "dbname") == database,
        "another database is the one that was named");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = fuzz::text_of(bytes, size);
  // Neither an environment nor a file can hold it, and libpq takes it for the end.
  if (input.find('\0') != std::string_view::npos) return 0;
  fuzz::Words words{input};
  const std::string database{words.next()};
  const std::string url{words.rest()};
  try {
    check_string(url, database);
  } catch (const base::Error& error) {
    const std::string_view told = error.what();
    check(url.size() < 8 || told.find(url) == std::string_view::npos, "a password is not told");
  }
  return 0;
}
