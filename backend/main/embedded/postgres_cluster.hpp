#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedded {

/// The folder in which PostgreSQL keeps its data, and how it comes into being.
///
/// It is made under another name and then renamed, with its role, database and password inside:
/// there either is a whole one or none, wherever the process is killed.
///
/// Threads: confined. A value.
struct PostgresCluster {
  std::filesystem::path folder;
  std::filesystem::path binaries;  // Of PostgreSQL 15.
  std::filesystem::path log_file;

  [[nodiscard]] bool exists() const;

  /// Makes it where there is none; takes some seconds, once. Ends at once when `stop_descriptor`
  /// becomes readable: false.
  ///
  /// Errors: base::Error with the end of the log: disk full.
  [[nodiscard]] bool make(int stop_descriptor) const;

  /// Looks whether PostgreSQL 15 is installed, and a cluster that exists is whole and of it.
  ///
  /// Errors: base::Error, one line; nothing was changed.
  void check() const;

  /// Of the role `earshot`, which owns the database `earshot` and is no superuser.
  [[nodiscard]] std::string password() const;

  /// Writes postgresql.conf, pg_hba.conf and pg_ident.conf anew, so that a newer binary brings its
  /// settings. What an operator wants otherwise goes through ALTER SYSTEM, which overrides them.
  void write_settings() const;

  /// Removes a postmaster.pid whose number now belongs to a stranger: PostgreSQL would not start.
  /// Only to be called when nothing runs in the folder.
  void remove_stale_pid_file() const;
};

}  // namespace embedded
