#pragma once

#include "base/clock.hpp"
#include "geo/cell.hpp"
#include "wire/head.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace engine::bridge {

struct HeadOptions {
  // Areas of five letters, of all connections, each of up to 700 bytes. An area is 24 km², so these
  // are more than all the towns of the world. Beyond, the longest silent are forgotten: what the
  // broker retains of them stays true until an event comes, and then their head says of all parts
  // that they may have changed up to the newest forgotten offset, which is too much but never too
  // little.
  std::size_t areas_max = 100'000;
  // A head is said at most once in this time.
  std::chrono::milliseconds period{1'000};
  // When all are said again, so far apart on each connection, so that events hardly notice.
  std::chrono::milliseconds repeat_gap{2};
};

/// The heads of the areas of one connection: what is known of each, and which is to be said when.
///
/// Pure: it knows no broker.
/// Threads: confined.
class Heads {
 public:
  using Time = base::Clock::Monotonic;

  /// `areas_max`: this connection's share.
  Heads(const HeadOptions& options, std::size_t areas_max)
      : options_{options}, areas_max_{areas_max} {}

  /// What the log has of `cell`, of six letters at least; it was said by somebody before.
  void remember(const geo::Cell& cell, std::int64_t offset);
  /// Of areas that are not remembered there may be events up to `offset`.
  void forget_up_to(std::int64_t offset);
  /// The broker has accepted this event: the head of its area is to be said.
  void note(const geo::Cell& cell, std::int64_t offset, Time now);
  /// All are to be said again, one after the other.
  void repeat_all(Time now);

  struct Saying {  // NOLINT(cppcoreguidelines-pro-type-member-init): there is no empty cell.
    geo::Cell area;
    wire::Head head{};
  };
  /// The head that is due, counted as said.
  [[nodiscard]] std::optional<Saying> next_to_say(Time now);
  /// The head was not accepted: it is due at `when`.
  void say_again(const geo::Cell& area, Time when);
  /// When the next one is due.
  [[nodiscard]] std::optional<Time> next_due() const;
  /// Whether each that was to be said again has been.
  [[nodiscard]] bool is_repeated() const { return unrepeated_ == 0; }

  [[nodiscard]] std::size_t size() const { return areas_.size(); }

 private:
  struct Area {
    wire::Head head;
    bool is_news = false;        // The broker may retain an older one.
    bool is_unrepeated = false;  // The broker may retain none.
    std::optional<Time> said_at;
    std::optional<Time> due_at;
  };
  using Entry = std::map<geo::Cell, Area>::iterator;

  Entry enter(const geo::Cell& cell, std::int64_t offset);
  void schedule(const geo::Cell& key, Area& area, Time when);
  void make_room();
  void drop_up_to(std::int64_t offset);

  HeadOptions options_;
  std::size_t areas_max_;
  std::int64_t forgotten_ = 0;
  std::map<geo::Cell, Area> areas_;
  std::size_t unrepeated_ = 0;
  std::set<std::pair<Time, geo::Cell>> due_;
};

}  // namespace engine::bridge
