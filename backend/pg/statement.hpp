#pragma once

#include <string_view>

namespace pg {

/// One SQL statement with `$1`-style parameters, prepared under its name on first use.
///
/// A constant of a `*_store.cpp`: `constexpr pg::Statement kClaim{"claim", R"(…)"};`
/// Limits: a name stands for one text on each connection; another text is a programming error.
struct Statement {
  std::string_view name;
  std::string_view sql;
};

}  // namespace pg
