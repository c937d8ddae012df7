#pragma once

#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <string>
#include <vector>

namespace http_test {

/// One row of an attack table: what is sent, and what must come back.
struct Attack {
  const char* what;
  std::vector<std::string> segments;  // Each in a packet of its own, as far as the kernel allows.
  std::vector<int> expected;          // Any of these.
};

/// "METHOD path HTTP/1.1", a Host, `headers`: a request to a route that exists.
[[nodiscard]] std::string thing(const std::string& method, const std::string& headers);
[[nodiscard]] std::string length_of(const std::string& body);

/// What an attacker hides behind a first request. If it ran, `runs()` would say so.
[[nodiscard]] const std::string& smuggled();

class AttackedServer : public ServerFixture {
 protected:
  using ServerFixture::ServerFixture;

  /// Exactly one answer, a refusal that says so, the connection closed, no handler run.
  void check_refused(const Attack& attack) const;
};

}  // namespace http_test
