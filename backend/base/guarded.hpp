#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace base {

/// Data that several threads share, reachable only while its lock is held.
///
/// Threads: any. Keep what runs under the lock short: no I/O, no call into a library.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_{std::move(value)} {}

  /// Runs `use(T&)` under the lock and returns what it returns.
  template <class Use>
  decltype(auto) with(Use&& use) {
    const std::scoped_lock lock{mutex_};
    return std::forward<Use>(use)(value_);
  }
  template <class Use>
  decltype(auto) with(Use&& use) const {
    const std::scoped_lock lock{mutex_};
    return std::forward<Use>(use)(value_);
  }

  /// Changes the data, then wakes every waiter, so that each looks at its own condition again.
  template <class Use>
  decltype(auto) update(Use&& use) {
    struct Wake {
      std::condition_variable_any& changed;
      ~Wake() { changed.notify_all(); }
    } wake{changed_};
    const std::scoped_lock lock{mutex_};
    return std::forward<Use>(use)(value_);
  }

  /// Waits until `ready(T&)` is true, `stop` is requested or `timeout` is over, then runs
  /// `use(T&, bool ready)` under the same lock.
  template <class Ready, class Use>
  decltype(auto) wait_for(const std::stop_token& stop,
                          std::chrono::nanoseconds timeout,
                          Ready&& ready,
                          Use&& use) {
    std::unique_lock lock{mutex_};
    const bool is_ready = changed_.wait_for(lock, stop, timeout, [&] { return ready(value_); });
    return std::forward<Use>(use)(value_, is_ready);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  T value_{};
};

}  // namespace base
