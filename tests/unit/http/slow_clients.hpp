#pragma once

#include "base/file_descriptor.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace http_test {

/// How one hostile client behaves: it connects, says `begin`, then one byte every two seconds, and
/// never reads. When the server throws it out, it comes back.
struct SlowKind {
  std::size_t clients;
  std::string begin;
  bool drips;
};

/// Many slow clients on one thread of their own, from construction to destruction.
class SlowClients {
 public:
  SlowClients(int port, std::vector<SlowKind> kinds);

  /// How often any of them had to come back.
  [[nodiscard]] int thrown_out() const { return thrown_out_; }

 private:
  struct Client {
    const SlowKind* kind;
    base::FileDescriptor socket;
  };

  void run(const std::stop_token& stop);
  void connect(Client& client) const;
  [[nodiscard]] static bool is_thrown_out(const Client& client);

  int port_;
  std::vector<SlowKind> kinds_;
  std::vector<Client> clients_;
  std::atomic<int> thrown_out_{0};
  std::jthread thread_;
};

}  // namespace http_test
