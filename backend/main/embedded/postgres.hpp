#pragma once

#include "base/log.hpp"
#include "main/embedded/data_directory.hpp"
#include "main/embedded/postgres_cluster.hpp"
#include "main/embedded/probe.hpp"
#include "main/embedded/supervised.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace embedded {

struct PostgresOptions {
  std::filesystem::path binaries = "/usr/lib/postgresql/15/bin";
};

/// A private PostgreSQL 15 inside the data directory.
///
/// It listens on 127.0.0.1, on a port of its own choice that it keeps while nobody else takes it,
/// and on a socket in the runtime directory for its owner (`psql -h <runtime> -U postgres`).
/// Lifetime: shorter than the data directory.
class Postgres final : public Supervised {
 public:
  /// Stops what a killed run left behind, and looks whether the cluster, where there is one, is
  /// whole and of this version.
  ///
  /// Errors: base::Error, one line.
  Postgres(const DataDirectory& data, const PostgresOptions& options, const base::Log& log);

  /// Kills what outlived a postmaster that did not end in time.
  ~Postgres() override;

  /// For the role `earshot` over TCP. It holds the password: never to be logged.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  [[nodiscard]] std::string_view name() const noexcept override { return "PostgreSQL"; }
  [[nodiscard]] const std::filesystem::path& log_file() const noexcept override {
    return cluster_.log_file;
  }
  /// Makes the cluster the first time, which takes some seconds.
  [[nodiscard]] bool prepare(int stop_descriptor) override;
  [[nodiscard]] std::unique_ptr<base::ChildProcess> spawn() override;
  [[nodiscard]] Health health() override;

 private:
  void remove_stale_sockets() const;

  const base::Log& log_;
  std::filesystem::path runtime_path_;
  PostgresCluster cluster_;
  std::uint16_t port_;
  Probe probe_;
};

/// How another process of the same user reaches the server of a data directory: Postgres::url(), or
/// nothing where there has been none. Whether it runs is another question.
[[nodiscard]] std::optional<std::string> postgres_url(const std::filesystem::path& data_dir);

}  // namespace embedded
