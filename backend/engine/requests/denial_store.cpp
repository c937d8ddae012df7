#include "engine/requests/denial_store.hpp"

#include "pg/statement.hpp"
#include "pg/transaction.hpp"

#include <array>

namespace engine::requests {
namespace {

// What is over goes with what is said anew.
constexpr pg::Statement kForget{"denial_forget", R"(
  delete from engine.denial
    where until < clock_timestamp()
       or (caller is not distinct from $1::text
           and alias is not distinct from $2::text
           and jti is not distinct from $3::text))"};

constexpr pg::Statement kInsert{"denial_insert", R"(
  insert into engine.denial (caller, alias, jti, until, reason)
    values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4), $5))"};

constexpr pg::Statement kAllow{"denial_allow", R"(
  delete from engine.denial
    where caller is not distinct from $1::text
      and alias is not distinct from $2::text
      and jti is not distinct from $3::text)"};

constexpr pg::Statement kList{"denial_list", R"(
  select coalesce(caller, alias || '/' || jti) as what, caller is not null as is_caller, reason,
         (extract(epoch from created_at) * 1000)::bigint as created_at_ms,
         (extract(epoch from until) * 1000)::bigint as until_ms
    from engine.denial
    where until > clock_timestamp()
    order by created_at)"};

constexpr std::array kStatements{kForget, kInsert, kAllow, kList};

struct Key {
  std::optional<std::string> caller;
  std::optional<std::string> alias;
  std::optional<std::string> jti;
};

Key key_of(const Denied& denied) {
  if (const auto* caller = std::get_if<wire::Caller>(&denied)) {
    return {.caller = caller->text(), .alias = std::nullopt, .jti = std::nullopt};
  }
  const auto& token = std::get<TokenName>(denied);
  return {.caller = std::nullopt, .alias = token.alias, .jti = token.jti};
}

std::chrono::system_clock::time_point time_of(std::int64_t ms) {
  return std::chrono::system_clock::time_point{std::chrono::milliseconds{ms}};
}

}  // namespace

void deny(pg::Connection& connection,
          const Denied& denied,
          std::chrono::seconds lasting,
          const std::string& reason) {
  const Key key = key_of(denied);
  pg::Transaction tx{connection};
  tx.run(kForget, key.caller, key.alias, key.jti);
  tx.run_and_commit(kInsert, key.caller, key.alias, key.jti, std::int64_t{lasting.count()}, reason);
}

bool allow(pg::Connection& connection, const Denied& denied) {
  const Key key = key_of(denied);
  return connection.run(kAllow, key.caller, key.alias, key.jti).affected() > 0;
}

std::vector<Denial> list_denials(pg::Connection& connection) {
  std::vector<Denial> denials;
  for (const pg::Row& row : connection.run(kList)) {
    denials.push_back({.what = row.get<std::string>("what"),
                       .reason = row.get<std::string>("reason"),
                       .created_at = time_of(row.get<std::int64_t>("created_at_ms")),
                       .until = time_of(row.get<std::int64_t>("until_ms"))});
  }
  return denials;
}

std::span<const pg::Statement> denial_store_statements() {
  return kStatements;
}

wire::DenyList read_deny_list(pg::Connection& connection) {
  wire::DenyList denied;
  for (const pg::Row& row : connection.run(kList)) {
    auto& names = row.get<bool>("is_caller") ? denied.callers : denied.tokens;
    names.insert(row.get<std::string>("what"));
  }
  return denied;
}

}  // namespace engine::requests
