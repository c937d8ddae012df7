#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace http {

/// A fixed number of threads behind a bounded queue.
///
/// A full queue makes `add` wait: it may not drop, because each task owns a socket. New clients
/// then wait in the listening socket's backlog.
/// Threads: any may add.
class WorkerThreads {
 public:
  WorkerThreads(std::size_t threads, std::size_t queue_max);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  /// Runs everything that was added, then ends the threads.
  ~WorkerThreads();

  void add(std::function<void()> task);

 private:
  void run();

  // Not base::Guarded: it wakes every waiter, and here 63 of 64 would wake for nothing.
  std::mutex mutex_;
  std::condition_variable has_task_;
  std::condition_variable has_room_;
  std::deque<std::function<void()>> tasks_;
  bool is_ending_ = false;
  std::size_t queue_max_;

  std::vector<std::jthread> threads_;
};

}  // namespace http
