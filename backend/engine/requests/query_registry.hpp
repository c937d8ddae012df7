#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/request.hpp"
#include "pg/transaction.hpp"
#include "wire/caller.hpp"
#include "wire/problem.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace engine::requests {

/// One HTTP request that only reads.
struct QueryRequest {
  const http::Request& http;
  const wire::Caller& caller;
  pg::Transaction& tx;  // REPEATABLE READ, read-only: all statements see one moment.
};

using ReplyQuery =
    std::function<base::Result<base::Json, wire::Problem>(const QueryRequest& request)>;

/// A look at an app's tables, served at once: `GET pattern`.
struct Query {
  std::string pattern;
  ReplyQuery reply;
};

/// What clients may read. Filled before the server listens, read-only after.
class QueryRegistry {
 public:
  void add(Query query) { queries_.push_back(std::move(query)); }
  [[nodiscard]] std::span<const Query> all() const noexcept { return queries_; }

 private:
  std::vector<Query> queries_;
};

}  // namespace engine::requests
