#pragma once

#include "base/file_descriptor.hpp"
#include "base/guarded.hpp"

#include <string>
#include <thread>

namespace pg_test {

/// A wire between one client and the server that counts round trips, falls silent, or is cut.
///
/// Threads: any; it runs its own until it is destroyed.
class Relay {
 public:
  /// Stands in front of the server of `url`, for the next connection.
  explicit Relay(const std::string& url);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  /// `url` with the relay's address instead of the server's.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  /// How often the client wrote after it had been quiet or had read: its round trips.
  [[nodiscard]] int round_trips() const;
  /// What the client sends still arrives, but the answer ends the connection.
  void cut_at_answer();
  /// Nothing passes any more, as if the server were stopped.
  void fall_silent();
  /// What the server says is not taken from it any more, as if the client were stopped.
  void go_deaf();

 private:
  enum class Mode { kOpen, kCutAtAnswer, kDeaf, kSilent };
  struct State {
    Mode mode{Mode::kOpen};
    bool was_client_last{false};
    int round_trips{0};
  };
  void serve(const std::stop_token& stop);
  bool pass(int from, int to, bool is_client);

  std::string url_;
  int server_port_;
  base::FileDescriptor listener_;
  mutable base::Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace pg_test
