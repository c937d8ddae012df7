#include "pg/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pg {
namespace {

// A row was on its way to the default partition when another one was attached for it: the next
// attempt finds that one. A violated check constraint has the same code, and a name.
bool has_missed_its_partition(const Fault& fault) {
  return fault.sqlstate == "23514" && fault.constraint.empty();
}

}  // namespace

TransientError::TransientError(Fault fault)
    : base::TransientError{fault.message}, sqlstate_{std::move(fault.sqlstate)} {}

StatementError::StatementError(Fault fault)
    : base::Error{fault.message},
      sqlstate_{std::move(fault.sqlstate)},
      constraint_{std::move(fault.constraint)},
      schema_{std::move(fault.schema)} {}

bool is_transient(std::string_view sqlstate) noexcept {
  // Source: PostgreSQL 15 manual, Appendix A "Error Codes".
  constexpr std::array<std::string_view, 10> kTransient{"08",      // connection exception
                                                        "53",      // insufficient resources
                                                        "57P01",   // admin shutdown
                                                        "57P02",   // crash shutdown
                                                        "57P03",   // cannot connect now
                                                        "40001",   // serialization failure
                                                        "40P01",   // deadlock detected
                                                        "55P03",   // lock not available
                                                        "57014",   // query cancelled
                                                        "25P03"};  // idle in transaction timeout
  return std::any_of(kTransient.begin(), kTransient.end(), [&](std::string_view code) {
    return sqlstate.starts_with(code);
  });
}

void throw_fault(Fault fault) {
  if (fault.is_stale || is_transient(fault.sqlstate) || has_missed_its_partition(fault)) {
    throw TransientError{std::move(fault)};
  }
  if (fault.sqlstate == "23505") throw UniqueViolation{std::move(fault)};
  throw StatementError{std::move(fault)};
}

}  // namespace pg
