#pragma once

#include "base/file_descriptor.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace embedded {

/// Asks a server on 127.0.0.1 one question in its own protocol, as often as wanted.
///
/// A question stays open until it is answered, over any number of calls: a server that is only
/// slow is not taken for one that hangs.
/// Threads: confined.
class Probe {
 public:
  Probe(std::uint16_t port, std::string question, std::size_t answer_size);

  /// The first bytes of the answer, and the next call asks anew. None: none yet, or nobody listens.
  ///
  /// Shape:  `answer_size` bytes; or fewer: it hung up, as a server does that has no room left.
  /// Limits: waits at most `patience`.
  [[nodiscard]] std::optional<std::string> ask(std::chrono::milliseconds patience);

  /// Forgets an open question: the server that it was put to is gone.
  void reset();

 private:
  enum class Step { kMore, kHungUp, kNobody };

  [[nodiscard]] bool connect();
  [[nodiscard]] Step go_on();

  std::uint16_t port_;
  std::string question_;
  std::size_t answer_size_;
  base::FileDescriptor socket_;  // None: nothing is asked.
  bool is_asked_ = false;
  std::string answer_;
};

}  // namespace embedded
