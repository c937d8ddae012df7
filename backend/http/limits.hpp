#pragma once

#include <chrono>
#include <cstddef>

namespace http {

/// How long one connection may take for each of its steps. Looked at ten times a second.
struct ConnectionLimits {
  using Time = std::chrono::milliseconds;

  // A head fits into one packet or a few, so this is patience with networks, not with clients.
  // Over it: 408. A connection that never said a word is closed without one.
  Time head{8'000};
  // A full body of 64 KiB over 20 kbit/s. Over it: 408.
  Time body{30'000};
  // Who sends less than these bytes in this time is not slow but holding on. Below: 408.
  Time body_progress{4'000};
  std::size_t body_progress_bytes = 1'024;
  // For the whole answer, from its first byte on. Over it: cut off.
  Time sending{30'000};
  // Between two requests. Browsers come back within seconds; proxies have pools of their own.
  Time idle{30'000};
  // As long a client may still talk after an answer that ends the connection. Closed at once, its
  // bytes would meet a reset, and a reset takes the answer away.
  Time lingering{1'000};
  // Then `Connection: close`, so that a balancer's connections are spread again. Nginx has as many.
  std::size_t requests_max = 1'000;
};

/// What all connections together may hold.
struct SharedLimits {
  // 2,000 held requests, 2,000 attackers and everybody else; about 2 KiB each. When it is full, the
  // connection that has waited longest without a whole request makes room.
  std::size_t connections_max = 8'192;
  // Of one IPv4 address or IPv6 /64, behind which may be a school or a mobile network. Over it: 429
  // and closed. 0: no limit. Loopback has none, because a reverse proxy lives there.
  std::size_t connections_per_address_max = 256;
  bool is_loopback_exempt = true;
  // Heads and bodies that were received and are not answered. Over it: 503 for whoever sends more.
  std::size_t request_bytes_max = 64 * 1024 * 1024;
  // Answers that clients have not taken. Over it, whoever has not taken a byte for longest is cut
  // off.
  std::size_t answer_bytes_max = 64 * 1024 * 1024;
};

/// The threads that run handlers, and the requests that wait for one.
struct HandlerLimits {
  // Handlers wait for the database, up to 5 s, so there are more than processors.
  std::size_t threads = 64;
  // Whole requests in line. When it is full: 503 at once.
  std::size_t queue_max = 1'024;
  // The longest in line; after that 503, and the handler does not run: with its own 5 s the client
  // hears within 10 s whatever happens behind.
  std::chrono::milliseconds queue_time{2'000};
};

}  // namespace http
