#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "pg/connection.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace pg {

struct NotifierOptions {
  // Between two sendings: what is said meanwhile is said once. Short beside an fsync, and long
  // enough that a busy process spends a few per cent of its time on it.
  std::chrono::milliseconds gap{2};
  std::size_t due_max{64};  // Different notices that wait; more are dropped.
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{2'000};
};

/// Tells other processes that something happened, with NOTIFY on a connection of its own.
///
/// Never inside the transaction that did it: committing a NOTIFY takes a lock of the whole database
/// and would hold it through that transaction's fsync (21,000 → 5,000 accepts/s with 16 callers).
/// Its own transactions do not wait for the disk, because nobody may rely on a notice: polling is
/// the base.
/// Threads: any may notify; it owns one.
class Notifier {
 public:
  Notifier(ConnectionOptions connection, const base::Log& log, NotifierOptions options = {});
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// Soon, and once for all equal notices that come together; never waits. While the database is
  /// away it is kept.
  void notify(const std::string& channel, const std::string& payload = {});

  /// How many transactions with notices were committed.
  [[nodiscard]] std::uint64_t sendings() const;

 private:
  using Notices = std::set<std::pair<std::string, std::string>>;  // Channel and payload.
  struct State {
    Notices due;
    std::uint64_t sendings{0};
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] bool send(const std::stop_token& stop, const Notices& notices);

  const ConnectionOptions options_of_connection_;
  const base::Log& log_;
  const NotifierOptions options_;
  base::Guarded<State> state_;
  std::unique_ptr<Connection> connection_;  // The thread's own.
  bool is_trouble_said_{false};
  std::jthread thread_;
};

}  // namespace pg
