#pragma once

#include "base/file_descriptor.hpp"
#include "base/guarded.hpp"

#include <cstddef>
#include <string>
#include <thread>

namespace bridge_test {

/// A network between relay and broker that loses, delays and cuts what a test wants.
///
/// Threads: the test's. Its own thread moves the bytes; a change is in force within 10 ms.
class BrokerProxy {
 public:
  explicit BrokerProxy(int broker_port);
  BrokerProxy(const BrokerProxy&) = delete;
  BrokerProxy& operator=(const BrokerProxy&) = delete;
  ~BrokerProxy() = default;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;

  void pass();
  /// PUBACKs are lost on their way, everything else passes.
  void swallow_acks();
  /// Nothing is taken from clients any more, as by a server that is too slow; with a name, from
  /// those whose first packet holds it.
  void stall(const std::string& client_id = "");
  /// Accepts connections and closes them at once. Those that exist are cut.
  void refuse();
  /// Closes each connection after the first packet of the broker.
  void drop_after_greeting();
  /// Closes what is connected now, or only the connections of one client.
  void cut(const std::string& client_id = "");

  /// Of clients: connections accepted since the start, and connections that exist.
  [[nodiscard]] std::size_t accepted() const;
  [[nodiscard]] std::size_t open() const;
  /// PUBLISH packets that clients have sent through it.
  [[nodiscard]] std::size_t publishes() const;

 private:
  enum class Mode { kPass, kSwallowAcks, kStall, kRefuse, kDropAfterGreeting };
  struct Orders {
    Mode mode = Mode::kPass;
    std::string whom;
    bool cuts = false;
    std::string cut_whom;
    std::size_t given = 0;  // Orders so far, and how many of them the proxy has seen.
    std::size_t taken = 0;
    std::size_t accepted = 0;
    std::size_t open = 0;
    std::size_t publishes = 0;
  };
  class Link;

  void order(Mode mode, const std::string& whom = "", bool cuts = false);
  void run(const std::stop_token& stop);

  int broker_port_;
  base::FileDescriptor listener_;
  int port_;
  base::Guarded<Orders> orders_;
  std::jthread thread_;
};

}  // namespace bridge_test
