#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace pg {

/// One SQL statement with `$1`-style parameters, prepared under its name on first use.
///
/// A constant of a `*_store.cpp`: `constexpr pg::Statement kClaim{"claim", R"(…)"};`, and an entry
/// of that file's `*_store_statements()`, so that the program can check it when it starts.
/// Limits: a name stands for one text on each connection; another text is a programming error.
struct Statement {
  std::string_view name;
  std::string_view sql;
};

/// The statements of several stores in one list.
[[nodiscard]] inline std::vector<Statement> joined(
    std::initializer_list<std::span<const Statement>> lists) {
  std::vector<Statement> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace pg
