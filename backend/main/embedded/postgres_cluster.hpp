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

  /// Makes the cluster where there is none; takes some seconds, once.
  ///
  /// Errors: base::Error: no PostgreSQL 15, made by another version, damaged, disk full.
  void open_or_make() const;

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
