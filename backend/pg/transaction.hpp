#pragma once

#include "pg/connection.hpp"
#include "pg/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

enum class Isolation { kReadCommitted, kRepeatableRead, kSerializable };
enum class Access { kReadWrite, kReadOnly };

/// All or nothing: what was run is stored by commit(), or not at all.
///
/// After any failed statement it is *poisoned*: every later call throws Poisoned, so that a
/// swallowed error cannot turn COMMIT into a silent ROLLBACK. BEGIN travels with the first
/// statement. Threads: confined, with its Connection, which must outlive it and has one Transaction
/// at a time.
class Transaction {
 public:
  explicit Transaction(Connection& connection,
                       Isolation isolation = Isolation::kReadCommitted,
                       Access access = Access::kReadWrite);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  /// Rolls back what was not committed.
  ~Transaction();

  /// Errors: TransientError, StatementError, UniqueViolation, and Poisoned after any of them.
  template <class... Values>
  Rows run(const Statement& statement, const Values&... values) {
    return run_step(statement, Parameters{values...});
  }

  /// Statements without parameters by the simple protocol; the last one's rows.
  ///
  /// Errors: as run(); the message begins with `origin`, say a file name, if there is one.
  Rows query(std::string_view sql, std::string_view origin = {});

  /// Errors: InDoubt when the connection broke: look before repeating. Any other: nothing is
  /// stored.
  void commit();

  /// The last statement and COMMIT in one network message, so that a lock it takes is never held
  /// while this process thinks, is stopped or dies.
  ///
  /// Errors: as run() and commit(); after a failed statement nothing is stored.
  template <class... Values>
  Rows run_and_commit(const Statement& statement, const Values&... values) {
    return run_last(statement, Parameters{values...});
  }

 private:
  Rows run_step(const Statement& statement, const Parameters& parameters);
  Rows run_last(const Statement& statement, const Parameters& parameters);
  void expect_open() const;
  std::vector<Step> take_begin();
  void throw_if_failed(const Reply& reply);
  void finish(const Reply& reply);

  Connection& connection_;
  std::string_view begin_;
  bool has_begun_{false};
  bool is_finished_{false};
  std::optional<std::string> poison_;  // The first error.
};

}  // namespace pg
