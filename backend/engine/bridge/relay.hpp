#pragma once

#include "engine/bridge/relay_term.hpp"

#include <memory>
#include <stop_token>
#include <thread>

namespace engine::bridge {

/// The thread that brings the event log to the broker, whenever this process leads.
///
/// Otherwise it stands by: it asks for the lease four times a second.
/// Threads: state() from any. Database or broker away is no error, it waits for them.
class Relay {
 public:
  Relay(pg::ConnectionOptions database,
        BridgeOptions options,
        base::WakeSignal& wake,
        const base::Clock& clock,
        const base::Log& log);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() = default;

  [[nodiscard]] BridgeState state() const;
  [[nodiscard]] const BridgeOptions& options() const { return options_; }

 private:
  void run(const std::stop_token& stop);
  void lead_if_possible(const std::stop_token& stop);

  pg::ConnectionOptions database_;
  BridgeOptions options_;
  base::WakeSignal& wake_;
  const base::Clock& clock_;
  const base::Log& log_;
  base::Guarded<BridgeState> state_;
  std::unique_ptr<pg::Connection> session_;  // Whose life is the lease's.
  std::jthread thread_;
};

}  // namespace engine::bridge
