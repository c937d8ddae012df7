#pragma once

#include "engine/bridge/heads.hpp"
#include "engine/bridge/publisher_connection.hpp"
#include "pg/listener.hpp"

#include <chrono>
#include <cstddef>

namespace engine::bridge {

/// How the relay speaks to the broker. Every limit has its reason.
struct BridgeOptions {
  BrokerAddress broker;

  // In [1, 16]. Mosquitto reads one packet per connection and pass of its loop, so several
  // connections share a pass; an area always takes the same one, which keeps its order.
  std::size_t connections = 8;

  // Outstanding publishes per connection, in [1, 512]: below the broker's `max_inflight_messages
  // 1000`, which is the Receive Maximum it announces. What comes back in one go is what goes out in
  // one: 96 with 8 connections reach two thirds of what a bare broker takes (docs/benchmarks.md).
  std::size_t window = 96;

  // Events per connection held in memory, in [2 * window, 65536]; when one connection's are full,
  // reading stops: back-pressure, the log is the buffer.
  std::size_t lane_capacity = 1024;
  // Bytes of all held events beyond which reading stops as well.
  std::size_t held_bytes_max = std::size_t{32} * 1024 * 1024;
  // Events per reading of the log: large enough to be cheap, small enough for one round to stay
  // far below the lease.
  std::size_t read_max = 512;

  HeadOptions heads;

  // After a refusal or a lost connection, doubling, with jitter. At least 1 ms.
  std::chrono::milliseconds retry_first{200};
  std::chrono::milliseconds retry_most{5'000};
  // A broker that owes replies to a connection and gives none for this long is given up, and what
  // is under way is published again on a new connection. Mosquitto replies after 1 to 5 ms; with
  // 5,000 subscribers of one topic it takes 0.1 s for each of the 8 connections' turns.
  std::chrono::milliseconds reply_most{10'000};

  // The log is polled soon after activity and rarely when idle; a WakeSignal comes before that.
  std::chrono::milliseconds poll_least{5};
  std::chrono::milliseconds poll_most{100};
  // While `listener` tells of what other processes append: then a poll is only the safety net.
  std::chrono::milliseconds poll_heard{1'000};
  const pg::Listener* listener{nullptr};  // Null: nobody tells.
  // How often the position is saved: what a crash publishes again.
  std::chrono::milliseconds save_period{100};
  // How long a stop waits for the replies that are under way.
  std::chrono::milliseconds drain{500};
};

/// Errors: base::Error naming the option that is out of its limits.
[[nodiscard]] BridgeOptions checked(BridgeOptions options);

}  // namespace engine::bridge
