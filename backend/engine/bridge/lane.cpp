#include "engine/bridge/lane.hpp"

#include "base/check.hpp"

#include <utility>

namespace engine::bridge {

void Lane::push(Message message) {
  base::check(room() > 0, "a full lane was pushed");
  base::check(entries_.empty() || entries_.back().message.offset < message.offset,
              "a lane got events out of order");
  bytes_ += message.topic.size() + message.payload.size();
  entries_.push_back({.message = std::move(message)});
}

std::optional<Lane::Sending> Lane::next_to_send() {
  const std::size_t window = is_probing_ ? 1 : window_;
  if (sent_ >= window || sent_ == entries_.size()) return std::nullopt;
  return Sending{.ticket = next_ticket_++, .message = entries_[sent_++].message};
}

bool Lane::acknowledge(Ticket ticket) {
  if (!is_in_flight(ticket)) return false;
  entries_[ticket - first_ticket()].is_acknowledged = true;
  while (!entries_.empty() && entries_.front().is_acknowledged) {
    const Message& message = entries_.front().message;
    bytes_ -= message.topic.size() + message.payload.size();
    if (message.cell) accepted_.push_back({.offset = message.offset, .cell = *message.cell});
    entries_.pop_front();
    --sent_;
    is_probing_ = false;
  }
  return true;
}

void Lane::rewind() {
  for (std::size_t i = 0; i < sent_; ++i) entries_[i].is_acknowledged = false;
  sent_ = 0;
  is_probing_ = true;
}

bool Lane::is_in_flight(Ticket ticket) const {
  return ticket >= first_ticket() && ticket < next_ticket_ &&
         !entries_[ticket - first_ticket()].is_acknowledged;
}

std::optional<std::int64_t> Lane::oldest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().message.offset;
}

}  // namespace engine::bridge
