#include "unit/http/attack.hpp"

#include <catch2/catch.hpp>

namespace http_test {

std::string thing(const std::string& method, const std::string& headers) {
  const std::string path = method == "POST" ? "/v1/things" : "/v1/things/7";
  return method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

std::string length_of(const std::string& body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n";
}

const std::string& smuggled() {
  static const std::string request = post("/v1/things", "{}");
  return request;
}

void AttackedServer::check_refused(const Attack& attack) const {
  CAPTURE(attack.what);
  RawClient client{port()};
  for (const std::string& segment : attack.segments) client.send(segment);
  const Answer answer = client.receive();
  CHECK_THAT(attack.expected, Catch::VectorContains(answer.status));
  CHECK(answer.header("content-type") == "application/problem+json");
  CHECK(answer.header("connection") == "close");
  CHECK_FALSE(answer.headers.contains("set-cookie"));
  CHECK(client.is_closed());
  CHECK(runs() == 0);
}

}  // namespace http_test
