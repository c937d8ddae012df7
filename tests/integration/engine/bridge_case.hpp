#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/bridge/bridge.hpp"
#include "support/broker_fixture.hpp"
#include "support/pg_fixture.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bridge_test {

using Offsets = std::vector<std::int64_t>;

inline constexpr std::string_view kRelayUser = "relay";

/// A database with the engine's tables, a broker, and the words to say what happens to them.
class BridgeCase : public support::PgFixture {
 public:
  BridgeCase();

  /// Appends `count` events, each to a cell by chance, in transactions of a few.
  void append(int count);
  void append_to(const std::string& cell);

  [[nodiscard]] engine::bridge::BridgeOptions bridge_options() const;
  [[nodiscard]] std::unique_ptr<engine::bridge::Bridge> start_bridge();

  /// The offsets in the log, and the position the relay has saved.
  [[nodiscard]] Offsets logged();
  [[nodiscard]] std::int64_t saved_position();
  [[nodiscard]] bool saves_position_of_all();
  /// Ends the database session that the leader's lease is bound to.
  void cut_leader();

  support::BrokerFixture broker;
  base::SystemClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::WakeSignal appended;
};

/// The offsets in the order of their first delivery, of all topics.
[[nodiscard]] Offsets first_deliveries(const std::vector<support::Subscriber::Delivery>& all);
/// True when each topic's first deliveries come in offset order.
[[nodiscard]] bool are_in_order(const std::vector<support::Subscriber::Delivery>& all);
[[nodiscard]] Offsets sorted(Offsets offsets);

}  // namespace bridge_test
