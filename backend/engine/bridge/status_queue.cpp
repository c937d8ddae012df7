#include "engine/bridge/status_queue.hpp"

#include <utility>

namespace engine::bridge {

std::size_t StatusQueue::add(std::vector<jobs::JobStatus> statuses) {
  for (jobs::JobStatus& status : statuses) {
    if (is_outdated(status)) continue;
    bytes_ += bytes_of(status);
    waiting_.push_back(std::move(status));
  }
  std::size_t dropped = 0;
  while (waiting_.size() > jobs_max_ || bytes_ > bytes_max_) {
    static_cast<void>(take());
    ++dropped;
  }
  return dropped;
}

bool StatusQueue::is_outdated(const jobs::JobStatus& status) {
  const auto [known, is_new] = newest_.try_emplace(status.id.value(), status.version);
  if (!is_new) {
    if (status.version < known->second) return true;
    known->second = status.version;
    return false;
  }
  told_of_.push_back(status.id.value());
  if (told_of_.size() > jobs_max_) {
    newest_.erase(told_of_.front());
    told_of_.pop_front();
  }
  return false;
}

std::optional<jobs::JobStatus> StatusQueue::take() {
  if (waiting_.empty()) return std::nullopt;
  jobs::JobStatus first = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= bytes_of(first);
  return first;
}

std::size_t StatusQueue::bytes_of(const jobs::JobStatus& status) {
  return status.result.value_or("").size() + status.problem.value_or("").size() +
         status.partial.size() + status.note.size();
}

}  // namespace engine::bridge
