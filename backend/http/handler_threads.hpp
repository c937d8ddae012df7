#pragma once

#include "http/dispatcher.hpp"
#include "http/limits.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
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
  ~HandlerThreads();

  /// False when the queue is full; `work` is then untouched.
  [[nodiscard]] bool add(Work& work);

  /// Refuses what has been in line for too long. For a thread that looks again and again: when all
  /// handlers are stuck, no thread of this pool would notice.
  void refuse_overdue(Time now);

  /// The answer to a request that no handler will see.
  [[nodiscard]] static Response busy(const Dispatcher& dispatcher, const Request& request);

 private:
  void run();
  /// The next request in line. None: the threads end, and nothing is left to answer.
  [[nodiscard]] std::optional<Work> next();
  /// True when an idle thread is to be woken; for whoever holds the lock.
  [[nodiscard]] bool begin_waking();

  const Dispatcher& dispatcher_;
  HandlerLimits limits_;

  // Not base::Guarded: it wakes every waiter, and here 63 of 64 would wake for nothing.
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Work> queue_;
  std::size_t idle_{0};
  // One thread is woken at a time, and wakes the next while requests are left: most handlers are
  // over before a second thread has begun to run, and waking one costs as much as half a handler.
  bool is_waking_{false};
  bool is_stopping_{false};

  std::vector<std::jthread> threads_;
};

}  // namespace http
