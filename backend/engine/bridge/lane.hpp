#pragma once

#include "geo/cell.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace engine::bridge {

/// The events of one publisher connection, in offset order, from the log to the broker's yes.
///
/// Pure: it knows no broker. Every sending gets a ticket of its own, never used again, so that an
/// reply to a sending from before a rewind is recognised and ignored.
/// Threads: confined.
class Lane {
 public:
  using Ticket = std::uint64_t;

  struct Message {
    std::int64_t offset = 0;
    std::string topic;
    std::string payload;
    std::optional<geo::Cell> cell{};  // Where it happened; kept for take_accepted().
  };
  struct Accepted {
    std::int64_t offset;
    geo::Cell cell;
  };
  struct Sending {
    Ticket ticket;
    const Message& message;  // Valid until the next call that is not const.
  };

  /// `capacity`: messages held at most; whoever fills the lane stops when it is full.
  /// `window`: sendings without a reply at most.
  Lane(std::size_t capacity, std::size_t window) : capacity_{capacity}, window_{window} {}

  /// `message` follows all others: its offset is higher. The lane must have room.
  void push(Message message);

  /// The next message to publish, counted as sent; none while the window is full or all are sent.
  ///
  /// After a rewind the oldest message goes alone until it is acknowledged. What was refused once
  /// is likely to be refused again: one message then tries the broker, not a window full of them,
  /// and what follows on its topic cannot overtake it.
  [[nodiscard]] std::optional<Sending> next_to_send();

  /// The broker has taken it. False: the ticket is from before a rewind, and nothing changed.
  bool acknowledge(Ticket ticket);

  /// What was acknowledged since the last call, with everything before it: each message once, in
  /// order. Only those with a cell.
  [[nodiscard]] std::vector<Accepted> take_accepted() { return std::exchange(accepted_, {}); }

  /// Everything that is not acknowledged will be sent again, oldest first.
  void rewind();

  /// True between a sending and its reply or the next rewind.
  [[nodiscard]] bool is_in_flight(Ticket ticket) const;
  [[nodiscard]] bool has_in_flight() const { return sent_ > 0; }

  /// Offset of the oldest message that is not acknowledged; none when there is nothing to do.
  [[nodiscard]] std::optional<std::int64_t> oldest() const;
  [[nodiscard]] std::size_t room() const { return capacity_ - entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Message message;
    bool is_acknowledged = false;
  };

  [[nodiscard]] Ticket first_ticket() const { return next_ticket_ - sent_; }

  std::size_t capacity_;
  std::size_t window_;
  std::vector<Accepted> accepted_;
  std::deque<Entry> entries_;  // The first `sent_` of them are sent, with consecutive tickets.
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;
  Ticket next_ticket_ = 1;
  bool is_probing_ = false;
};

}  // namespace engine::bridge
