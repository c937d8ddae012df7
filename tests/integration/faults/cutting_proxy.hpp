#pragma once

#include "base/file_descriptor.hpp"
#include "base/guarded.hpp"

#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace jobs_test {

/// A wire between many clients and PostgreSQL that is cut where it hurts: as a commit is on its
/// way, or its answer. Half of those that it cuts arrive and are stored, half never do.
///
/// Threads: owns one and one for each connection.
class CuttingProxy {
 public:
  struct Options {
    unsigned seed{0};
    double cut_share{0};  // Of the messages that store or end jobs.
    // Called once, when the server has sent `bulk_bytes` in a row; from then on nothing is taken
    // from it on that connection.
    std::size_t bulk_bytes{0};
    std::function<void()> on_bulk{};
  };
  CuttingProxy(const std::string& server_url, Options options);
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy();

  /// The server's url with this address instead of its own.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] int cuts() const;

 private:
  enum class Cut { kNo, kBefore, kAfter };
  struct State {
    std::mt19937 chance;
    int cuts{0};
    bool is_bulk_told{false};
    std::vector<std::jthread> connections;
  };
  struct Wire;

  void accept_all(const std::stop_token& stop);
  void serve(const std::stop_token& stop, const Wire& wire);
  [[nodiscard]] bool to_server(const Wire& wire);
  [[nodiscard]] Cut decide(std::string_view message);
  [[nodiscard]] bool is_first_bulk(std::size_t bytes_in_a_row);

  std::string url_;
  int server_port_{0};
  const Options options_;
  base::FileDescriptor listener_;
  base::Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace jobs_test
