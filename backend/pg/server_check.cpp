#include "pg/server_check.hpp"

#include "base/error.hpp"
#include "pg/error.hpp"

#include <string>

namespace pg {
namespace {

constexpr Statement kInForce{"server_check_in_force", R"(
  select pg_is_in_recovery() as is_standby,
         current_setting('fsync')::boolean as fsync,
         current_setting('full_page_writes')::boolean as full_page_writes,
         current_setting('zero_damaged_pages')::boolean as zero_damaged_pages,
         current_setting('synchronous_commit') = 'off' as commits_early)"};

void append(std::string& list, const std::string& entry) {
  if (!list.empty()) list += "; ";
  list += entry;
}

}  // namespace

void check_server(Connection& connection, const ServerRules& rules) {
  const Row server = connection.run(kInForce).one();
  std::string faults;
  if (server.get<bool>("is_standby")) {
    append(faults,
           "it is a standby and read-only: promote it, or name the primary in the database URL "
           "(with several hosts: target_session_attrs=read-write)");
  }
  if (server.get<bool>("commits_early")) {
    append(faults,
           "synchronous_commit is off although this program asks for on: a pooler drops the "
           "`options` of the connection, connect without it");
  }
  if (server.get<bool>("zero_damaged_pages")) {
    append(faults, "zero_damaged_pages is on and throws damaged rows away: set it to off");
  }
  if (!server.get<bool>("fsync") && !rules.is_throw_away) {
    append(faults, "fsync is off, so that a crash loses what was promised: set it to on");
  }
  if (!server.get<bool>("full_page_writes") && !rules.is_throw_away) {
    append(faults, "full_page_writes is off, so that a crash can damage it: set it to on");
  }
  if (!faults.empty()) throw base::Error{"the database server cannot be used: " + faults};
}

void check_statements(Connection& connection, std::span<const Statement> statements) {
  const auto faults = connection.try_to_prepare(statements);
  std::string refused;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (!faults[i]) continue;
    append(refused, std::string{statements[i].name} + " (" + faults[i]->message + ")");
  }
  if (!refused.empty()) {
    throw base::Error{"the database does not fit this program, which cannot use it for: " +
                      refused};
  }
}

}  // namespace pg
