#include "http/worker_threads.hpp"

#include <utility>

namespace http {

WorkerThreads::WorkerThreads(std::size_t threads, std::size_t queue_max) : queue_max_{queue_max} {
  for (std::size_t count = 0; count < threads; ++count) {
    threads_.emplace_back([this] { run(); });
  }
}

WorkerThreads::~WorkerThreads() {
  {
    const std::scoped_lock lock{mutex_};
    is_ending_ = true;
  }
  has_task_.notify_all();
}

void WorkerThreads::add(std::function<void()> task) {
  {
    std::unique_lock lock{mutex_};
    has_room_.wait(lock, [this] { return tasks_.size() < queue_max_; });
    tasks_.push_back(std::move(task));
  }
  has_task_.notify_one();
}

void WorkerThreads::run() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock{mutex_};
      has_task_.wait(lock, [this] { return is_ending_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    has_room_.notify_one();
    task();
  }
}

}  // namespace http
