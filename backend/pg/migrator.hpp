#pragma once

#include "base/embedded_file.hpp"
#include "pg/connection.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

/// The numbered SQL files of one owner: NNNN_noun.sql, each applied once, in order.
struct MigrationSet {
  std::string_view schema;  // The owner: "engine", "ask_around_me".
  std::span<const base::EmbeddedFile> files;
};

enum class MigrationState {
  kApplied,
  kPending,
  kChanged,  // Applied with another content than the file has.
  kUnknown,  // Applied by a newer program; this one has no such file.
};

struct MigrationStatus {
  std::string owner;
  int number{0};
  std::string name;  // "0001_batch"
  MigrationState state{MigrationState::kPending};
};

struct MigrationReport {
  std::vector<std::string> applied;  // "engine/0001_batch", in order; empty if nothing was to do.
};

/// Brings the database to what `sets` say: the sets in their order, each file in one transaction.
///
/// Two programs that start at once do not disturb each other: the bookkeeping row is inserted
/// first, and the second waits for the first on its key. Errors: base::Error for a changed or
/// unknown migration, a badly named file, or one that fails
///         (StatementError); whatever was applied before stays, the failing file leaves nothing.
/// Limits: 10 minutes for each statement.
MigrationReport migrate(Connection& connection, std::span<const MigrationSet> sets);

/// What migrate() would find, without changing anything; by set and number, unknown ones last.
[[nodiscard]] std::vector<MigrationStatus> migration_status(Connection& connection,
                                                            std::span<const MigrationSet> sets);

}  // namespace pg
