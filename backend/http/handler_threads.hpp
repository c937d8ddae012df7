#pragma once

#include "http/dispatcher.hpp"
#include "http/limits.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace http {

/// A fixed number of threads that run handlers, behind a bounded queue of whole requests.
///
/// Nobody here waits for a client, and nobody waits for room: a full queue says so.
/// Threads: any may add.
class HandlerThreads {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Work {
    Admission admission;
    Reply reply;
    Time since;  // In line since then.
  };

  HandlerThreads(const Dispatcher& dispatcher, const HandlerLimits& limits);
  HandlerThreads(const HandlerThreads&) = delete;
  HandlerThreads& operator=(const HandlerThreads&) = delete;
  /// Runs the handlers of everything that was added, then ends the threads.
  ~HandlerThreads() = default;

  /// False when the queue is full; `work` is then untouched.
  [[nodiscard]] bool add(Work& work);

  /// Refuses what has been in line for too long. For a thread that looks again and again: when all
  /// handlers are stuck, no thread of this pool would notice.
  void refuse_overdue(Time now);

  /// The answer to a request that no handler will see.
  [[nodiscard]] static Response busy(const Dispatcher& dispatcher, const Request& request);

 private:
  void run(const std::stop_token& stop);

  const Dispatcher& dispatcher_;
  HandlerLimits limits_;

  // Not base::Guarded: it wakes every waiter, and here 63 of 64 would wake for nothing.
  std::mutex mutex_;
  std::condition_variable_any has_work_;
  std::deque<Work> queue_;

  std::vector<std::jthread> threads_;
};

}  // namespace http
