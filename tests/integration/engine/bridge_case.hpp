#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "bridge_process.hpp"
#include "engine/bridge/bridge.hpp"
#include "pg/transaction.hpp"
#include "support/broker_fixture.hpp"
#include "support/pg_fixture.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bridge_test {

using Offsets = std::vector<std::int64_t>;
using Deliveries = std::vector<support::Subscriber::Delivery>;

inline constexpr auto kEvents = "earshot/v1/geo/#";

/// Twelve topics in five areas, so that several connections and several topics of one are used.
[[nodiscard]] const std::vector<std::string>& cells();
/// The number of the connection, out of `connections`, that publishes the events of `cell`.
[[nodiscard]] std::size_t place_of(const std::string& cell, std::size_t connections);
/// How many connections publish events of cells().
[[nodiscard]] std::size_t places_in_use(std::size_t connections);

/// An event at each of `where`, with `data_bytes` of data: a transaction, or a part of one.
void append_events(pg::Connection& connection,
                   const std::vector<std::string>& where,
                   std::size_t data_bytes = 16);
void append_events(pg::Transaction& tx, const std::vector<std::string>& where);

/// A database with the engine's tables, a broker, and the words to say what happens to them.
class BridgeCase : public support::PgFixture {
 public:
  BridgeCase();
  explicit BridgeCase(const std::string& server_url);

  /// Appends `count` events, each to a cell by chance, in transactions of a few.
  void append(int count);
  void append_to(const std::string& cell);

  /// `broker_url` may be a proxy's; otherwise it is the broker's own.
  [[nodiscard]] std::unique_ptr<engine::bridge::Bridge> start_bridge();
  [[nodiscard]] std::unique_ptr<engine::bridge::Bridge> start_bridge(const std::string& broker_url);
  [[nodiscard]] std::unique_ptr<engine::bridge::Bridge> start_bridge(
      const engine::bridge::BridgeOptions& bridge_options);

  /// The offsets in the log, and the position the relay has saved.
  [[nodiscard]] Offsets logged();
  [[nodiscard]] std::int64_t saved_position();
  [[nodiscard]] bool saves_position_of_all();
  [[nodiscard]] std::int64_t term();
  /// Ends the database session that the leader's lease is bound to.
  void cut_leader();
  /// Lets another candidate lead, as when the leader had not renewed its lease for long.
  void end_lease();

  support::BrokerFixture broker;
  base::SystemClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::WakeSignal appended;
};

/// Whoever listens to all events, also over the broker's end: it is back before the relay may be.
class Audience {
 public:
  explicit Audience(const support::BrokerFixture& broker) : broker_{broker} { come_back(); }

  /// Subscribes anew. What the one before has heard is kept.
  void come_back();

  [[nodiscard]] Deliveries heard() const;
  /// Waits until every event of `offsets` was heard.
  [[nodiscard]] bool hears(const Offsets& offsets) const;

 private:
  const support::BrokerFixture& broker_;
  Deliveries before_;
  std::unique_ptr<support::Subscriber> subscriber_;
};

/// The offsets in the order of their first delivery, of all topics.
[[nodiscard]] Offsets first_deliveries(const Deliveries& all);
/// True when each topic's first deliveries come in offset order, and each names the one before it.
[[nodiscard]] bool are_in_order(const Deliveries& all);
[[nodiscard]] Offsets sorted(Offsets offsets);

}  // namespace bridge_test
